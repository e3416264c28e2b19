"""Fetching candles over a real socket: what passes is told from what does not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from forecasting.candle_source import CandleSource, with_patience
from forecasting.errors import CandlesRefused, ExchangeAway, MalformedCandles
from pipeline.back_off import BackOff
from tests.bot.scripted_rest import Reply, ScriptedRest
from tests.forecasting.test_candles import FIRST, LAST, NEWEST
from tests.simulator.running_exchange import running_exchange
from tests.untrusted_https import needs_openssl, untrusted_https

ROWS = Reply([NEWEST, LAST, FIRST])
AWAY = Reply({"result": "error", "reason": "Maintenance", "message": "back soon"}, 503)


def fetch(url: str, symbol: str = "BTCUSD", seconds: float = 5.0) -> int:
    with CandleSource(url, seconds) as source:
        return len(source.candles(symbol))


def test_candles_of_the_simulated_exchange_are_understood() -> None:
    with running_exchange() as exchange:
        assert fetch(f"http://127.0.0.1:{exchange.port}") == 1439


def test_symbol_is_asked_for_in_lower_case() -> None:
    with ScriptedRest(ROWS) as rest:
        assert fetch(rest.url + "/") == 2
        assert rest.asked[0].path == "/v2/candles/btcusd/1m"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (AWAY, "HTTP 503: Maintenance: back soon"),
        (Reply("<html>bad gateway</html>", 502), "HTTP 502: <html>bad gateway"),
        (Reply("", 429), "HTTP 429: nothing"),
        (Reply(drops=True), "cannot be reached"),
        (Reply("<html>hello</html>"), "no list of candles"),
        (Reply("x" * (9 << 20)), "too long, or too slow"),
    ],
)
def test_what_passes_may_be_tried_again(reply: Reply, said: str) -> None:
    with ScriptedRest(reply) as rest, pytest.raises(ExchangeAway, match=said):
        fetch(rest.url)


@pytest.mark.parametrize(
    "reply",
    [
        Reply({"result": "error", "reason": "InvalidSymbol", "message": "no such symbol"}, 400),
        Reply("", 404),
        Reply("", 403),
        Reply("", 301, {"Location": "https://elsewhere"}),
    ],
)
def test_what_does_not_pass_is_refused(reply: Reply) -> None:
    with ScriptedRest(reply) as rest, pytest.raises(CandlesRefused, match="look at the symbol and at CANDLES_URL"):
        fetch(rest.url)


def test_answer_that_does_not_come_is_given_up() -> None:
    with ScriptedRest(Reply(holds=True)) as rest, pytest.raises(ExchangeAway, match="ReadTimeout"):
        fetch(rest.url, seconds=0.2)


def test_pause_that_the_exchange_asks_for_is_kept_within_bounds() -> None:
    with ScriptedRest(Reply("", 429, {"Retry-After": "7"}), Reply("", 429, {"Retry-After": "86400"})) as rest:
        for seconds in (7.0, 60.0):
            with pytest.raises(ExchangeAway) as caught:
                fetch(rest.url)
            assert caught.value.after == seconds


def test_tries_are_bounded_and_the_longer_pause_is_taken() -> None:
    pauses: list[float] = []
    with ScriptedRest(Reply("", 429, {"Retry-After": "7"}), AWAY, ROWS) as rest:
        found = with_patience(lambda: fetch(rest.url), BackOff(1.0, draw=lambda: 1.0), pauses.append)
    assert (found, pauses) == (2, [7.0, 2.0])
    with ScriptedRest(AWAY) as rest:
        with pytest.raises(ExchangeAway):
            with_patience(lambda: fetch(rest.url), BackOff(), lambda _: None, tries=3)
        assert len(rest.asked) == 3


def test_nobody_there_may_be_tried_again(free_ports: Callable[[int], tuple[int, ...]]) -> None:
    (port,) = free_ports(1)
    with pytest.raises(ExchangeAway, match=f"http://127.0.0.1:{port} cannot be reached") as caught:
        fetch(f"http://127.0.0.1:{port}")
    assert not isinstance(caught.value, MalformedCandles)


@needs_openssl
def test_certificate_of_no_known_authority_is_refused(tmp_path: Path) -> None:
    with untrusted_https(tmp_path) as url, pytest.raises(CandlesRefused, match=f"certificate of {url} is not to be"):
        fetch(url)
