"""Upbit's feed over real sockets, through what a connection may meet."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from market.records import L2, Tick, Trade
from pipeline.errors import WrongSettings
from producers.feed_rules import FeedRules
from producers.protocol import Protocol
from producers.upbit import UPBIT_DEFAULT, UPBIT_SIMPLE
from tests.producers.live_feed import LiveFeed, impatient
from tests.producers.replay_server import Frame, Script, close, plays, repeated, send_giant, with_garbage, without
from tests.producers.scripted_exchange import BINARY, Client, ScriptedExchange
from tests.producers.upbit_frames import BOOK, Unit, orderbook, trade

BTC, ETC = "KRW-BTC", "USDT-ETC"
UP = b'{"status":"UP"}'
HOUR_MS = 3_600_000


def book(*units: Unit, code: str = BTC, simple: bool = False, off_ms: int = 0) -> Frame:
    """A whole book of now, or of so much later."""
    return lambda now: orderbook(units or BOOK, code=code, time=now + off_ms, simple=simple)


def sold(number: int, *, simple: bool = False) -> Frame:
    return lambda now: trade(number, "100.0", "0.1", ask_bid="ASK", timestamp=now, simple=simple)


def day(*, simple: bool = False) -> list[Frame]:
    """A book, its best ask taken in two steps, a bid that goes."""
    return [
        book(simple=simple),
        sold(1, simple=simple),
        book(("101.0", "100.0", "1.5", "1.0"), BOOK[1], simple=simple),
        sold(2, simple=simple),
        book(("102.0", "99.0", "0.5", "3.0"), ("103.0", "98.0", "7.0", "4.0"), simple=simple),
    ]


AFTER_DAY = {("ask", "102.0"): "0.5", ("ask", "103.0"): "7.0", ("bid", "99.0"): "3.0", ("bid", "98.0"): "4.0"}


def binary(frames: Sequence[Frame], then: Script | None = None) -> Script:
    return plays(frames, greetings=1, opcode=BINARY, then=then)


def live(exchange: ScriptedExchange, protocol: Protocol = UPBIT_DEFAULT, symbols: Sequence[str] = (BTC,)) -> LiveFeed:
    return LiveFeed(impatient(protocol), exchange.url, symbols)


@pytest.mark.parametrize("protocol", [UPBIT_DEFAULT, UPBIT_SIMPLE], ids=lambda protocol: protocol.name)
def test_binary_frames_become_changes_and_trades(protocol: Protocol) -> None:
    with ScriptedExchange(binary(day(simple=protocol is UPBIT_SIMPLE))) as exchange, live(exchange, protocol) as feed:
        feed.until(lambda: feed.book() == AFTER_DAY)
        assert feed.trades() == ["1", "2"]
        assert {record.maker_side for record in feed.records if isinstance(record, Trade)} == {"bid"}
        assert feed.gaps() == ["start"]
        assert exchange.paths == ["/websocket/v1"]
    changes = [record.changes for record in feed.records if isinstance(record, L2)]
    assert [len(each) for each in changes] == [4, 1, 4]
    assert {change.reason for change in changes[2]} == {None, "initial"}


def test_what_is_wanted_is_said_in_one_text_and_no_origin_is_named() -> None:
    met: list[Client] = []

    def script(client: Client) -> None:
        met.append(client)
        binary([book()])(client)

    with ScriptedExchange(script) as exchange, live(exchange, symbols=(BTC, ETC)) as feed:
        feed.until(lambda: bool(feed.changes()))
    assert "origin" not in met[0].headers
    (greeting,) = met[0].greetings
    assert json.loads(greeting)[1:] == [
        {"type": "orderbook", "codes": [BTC, ETC]},
        {"type": "trade", "codes": [BTC, ETC]},
        {"format": "DEFAULT"},
    ]


def test_quiet_connection_is_asked_for_life_and_lives_by_the_answer() -> None:
    def script(client: Client) -> None:
        binary([book()], then=lambda client: client.answer(lambda _: UP))(client)

    protocol = impatient(UPBIT_DEFAULT)
    with (
        ScriptedExchange(script) as exchange,
        LiveFeed(protocol, exchange.url, (BTC,), feed_silence_seconds=1.5) as feed,
    ):
        feed.until(lambda: sum(isinstance(record, Tick) for record in feed.records) >= 3)
        assert exchange.connections == 1
        assert feed.dead == []


def test_lost_book_leaves_no_trace_once_the_next_one_came() -> None:
    with ScriptedExchange(binary(without(day(), 2))) as exchange, live(exchange) as feed:
        feed.until(lambda: feed.book() == AFTER_DAY)
        assert feed.gaps() == ["start"]


@pytest.mark.parametrize("index", range(5))
def test_repeated_frame_is_not_counted_twice(index: int) -> None:
    with ScriptedExchange(binary(repeated(day(), index))) as exchange, live(exchange) as feed:
        feed.until(lambda: feed.book() == AFTER_DAY)
        assert feed.trades() == ["1", "2"]
    assert [len(record.changes) for record in feed.records if isinstance(record, L2)] == [4, 1, 4]


def test_frame_out_of_order_does_not_take_event_time_back() -> None:
    frames = [book(), book(("101.0", "100.0", "1.5", "1.0"), off_ms=-30_000), *day()[2:]]
    with ScriptedExchange(binary(frames)) as exchange, live(exchange) as feed:
        feed.until(lambda: feed.book() == AFTER_DAY)
    times = [record.event_time for record in feed.records]
    assert times == sorted(times)
    late = next(record for record in feed.records if isinstance(record, L2) and record.late)
    assert late.exchange_time is not None
    assert late.event_time - late.exchange_time >= 29_000


@pytest.mark.parametrize("garbage", [b"\x00{garbage", b"", b'{"type":"orderbook"', b"[]"])
def test_garbage_is_put_aside_and_the_next_book_makes_the_feed_whole_again(garbage: bytes) -> None:
    with ScriptedExchange(binary(with_garbage(day(), 2, garbage))) as exchange, live(exchange) as feed:
        feed.until(lambda: feed.book() == AFTER_DAY)
        assert exchange.connections == 1
    assert feed.gaps() == ["start", "malformed_frame"]
    assert [letter.length for letter in feed.dead] == [len(garbage)]


def test_book_that_cannot_be_read_puts_only_its_own_symbol_in_doubt() -> None:
    wrong = orderbook([("-1.0", "100.0", "1.0", "1.0")], code=ETC)
    frames = [book(), book(code=ETC), wrong, *day()[2:]]
    with ScriptedExchange(binary(frames)) as exchange, live(exchange, symbols=(BTC, ETC)) as feed:
        feed.until(lambda: "2" in feed.trades())
        assert feed.feed.symbols[BTC].is_trusted
        assert not feed.feed.symbols[ETC].is_trusted
        assert exchange.connections == 1
    assert [(letter.symbol, "-1.0" in letter.reason) for letter in feed.dead] == [(ETC, True)]


def test_trade_that_cannot_be_read_is_put_aside_and_nothing_else_is_lost() -> None:
    with ScriptedExchange(binary([*day()[:2], trade(3, "-1"), *day()[2:]])) as exchange, live(exchange) as feed:
        feed.until(lambda: feed.book() == AFTER_DAY)
    assert feed.gaps() == ["start"]
    assert len(feed.dead) == 1


def test_giant_frame_is_refused_unread_and_the_connection_made_anew() -> None:
    with (
        ScriptedExchange(binary([book()], then=send_giant(2 << 20)), binary(day())) as exchange,
        live(exchange) as feed,
    ):
        feed.until(lambda: feed.book() == AFTER_DAY)
    assert feed.gaps() == ["start", "too_large"]
    assert [letter.length for letter in feed.dead] == [2 << 20]


STAGES: dict[str, Script] = {
    "at once": close,
    "after the question": plays([], greetings=1, then=close),
    "after a trade": binary([sold(1)], then=close),
    "after the first book": binary(day()[:1], then=close),
    "after all": binary(day(), then=close),
}


@pytest.mark.parametrize("stage", STAGES)
def test_closed_connection_is_made_anew_and_nothing_of_its_book_stays(stage: str) -> None:
    units: tuple[Unit, ...] = (("201.0", "200.0", "1.0", "2.0"),)
    with ScriptedExchange(STAGES[stage], STAGES[stage], binary([book(*units)])) as exchange, live(exchange) as feed:
        feed.until(lambda: feed.book() == {("ask", "201.0"): "1.0", ("bid", "200.0"): "2.0"})
        assert exchange.connections == 3
        assert len(feed.feed.symbols[BTC].book) == 2
    assert feed.gaps()[0] == "start"
    assert set(feed.gaps()[1:]) <= {"disconnected"}


def test_silent_connection_is_given_up() -> None:
    def mute(client: Client) -> None:
        binary(day()[:1])(client)

    protocol = impatient(UPBIT_DEFAULT)
    with (
        ScriptedExchange(mute, binary(day())) as exchange,
        LiveFeed(protocol, exchange.url, (BTC,), feed_silence_seconds=0.7) as feed,
    ):
        feed.until(lambda: feed.book() == AFTER_DAY)
    assert feed.gaps()[:2] == ["start", "silence"]


def test_subscription_that_is_never_answered_is_given_up_although_pings_are() -> None:
    def deaf(client: Client) -> None:
        binary([], then=lambda client: client.answer(lambda _: UP))(client)

    with (
        ScriptedExchange(deaf, binary(day())) as exchange,
        LiveFeed(impatient(UPBIT_DEFAULT), exchange.url, (BTC,), rules=FeedRules(first_book_ms=700)) as feed,
    ):
        feed.until(lambda: feed.book() == AFTER_DAY)
    assert feed.cuts[0].reason == "no_first_book"


@pytest.mark.parametrize("off_ms", [HOUR_MS, -HOUR_MS, -1_760_000_000_000], ids=["ahead", "behind", "epoch"])
def test_wrong_clock_of_the_exchange_does_not_move_event_time(off_ms: int) -> None:
    frames = [book(), *(book((f"{101 + n}.0", "100.0", "1.0", "1.0"), off_ms=off_ms) for n in range(3)), *day()[2:]]
    with ScriptedExchange(binary(frames)) as exchange, live(exchange) as feed:
        feed.until(lambda: feed.book() == AFTER_DAY)
    times = [record.event_time for record in feed.records]
    assert times == sorted(times)
    assert times[-1] - times[0] < 60_000
    assert [record.time_from for record in feed.records if isinstance(record, L2)] == [None, *["clock"] * 3, None, None]


def test_microseconds_of_a_usdt_market_count_as_the_exchanges_own_time() -> None:
    def micro(now: int) -> bytes:
        return orderbook(code=ETC, time=now * 1000 + 17)

    with ScriptedExchange(binary([micro])) as exchange, live(exchange, symbols=(ETC,)) as feed:
        feed.until(lambda: bool(feed.changes()))
    (first,) = [record for record in feed.records if isinstance(record, L2)]
    assert first.time_from is None
    assert abs(first.event_time - first.received_time) < 60_000


def test_refusal_for_good_is_an_error_that_names_it() -> None:
    refused = b'{"error":{"name":"NO_CODES","message":"code is missing"}}'
    with (
        ScriptedExchange(binary([refused])) as exchange,
        live(exchange) as feed,
        pytest.raises(WrongSettings, match="NO_CODES: code is missing"),
    ):
        feed.until(lambda: False)


def test_error_in_passing_is_asked_again() -> None:
    busy = b'{"error":{"name":"TOO_MANY_REQUEST","message":"slow down"}}'
    with ScriptedExchange(binary([busy]), binary(day())) as exchange, live(exchange) as feed:
        feed.until(lambda: feed.book() == AFTER_DAY)
        assert exchange.connections == 2
