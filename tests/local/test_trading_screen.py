"""How trading looks, as lines of text."""

from dataclasses import replace

import msgspec
import pytest

from local.trading_screen import (
    TradingView,
    account_text,
    documents_text,
    event_line,
    honest_texts,
    rounds_text,
    trading_texts,
)
from local.trading_seen import TradingSeen
from market.forecast import ForecastOrigin
from tests.local.made_up_trading import NOON, balance, decision, order, score, traded

ORIGIN = ForecastOrigin(
    id="BTCUSD-1-a",
    exchange="gemini",
    symbol="BTCUSD",
    event_time=NOON,
    label="SIMULATED market: Prophet on single minutes with the simulator's cycle of 720 s",
    history="history.csv",
    history_sha256="a" * 64,
    history_rows=2_880,
    history_first=NOON,
    history_last=NOON,
    rows_used=2_880,
    resample_seconds=60,
    cycle_seconds=720,
    first=NOON,
    last=NOON + 86_400_000,
    rows=1_440,
    buys=720,
    table_sha256="b" * 64,
    holdout_minutes=None,
    holdout_right=None,
)
TRADING = TradingView(
    seen=traded(),
    forecast=ORIGIN,
    documents={"crypto-decisions": 2, "crypto-trades": 1_200},
    elasticsearch="http://127.0.0.1:19200 (user reader, password in the-file)",
)


def test_decision_line_holds_forecast_decision_and_reason() -> None:
    assert event_line(decision()) == (
        "decision 12:00–12:01 BTCUSD: none (forecast: sell): the forecast says sell, and nothing is held"
    )


def test_decision_without_a_forecast_says_so() -> None:
    assert "(forecast: none)" in event_line(decision(forecast=None))


@pytest.mark.parametrize(
    ("executed", "line"),
    [
        ("2", "order buy 2 BTCUSD: filled, 2 at 7,500.02"),
        ("0.5", "order buy 2 BTCUSD: partly filled, 0.5 at 7,500.02: ImmediateOrCancelWouldPost"),
        ("0", "order buy 2 BTCUSD: unfilled, 0: ImmediateOrCancelWouldPost"),
    ],
)
def test_order_line_says_how_much_of_it_traded(executed: str, line: str) -> None:
    assert event_line(order("o1", executed=executed)) == line


def test_round_line_holds_gross_fees_and_net() -> None:
    assert event_line(score("o2")) == (
        "round 12:00:00–12:01:00 BTCUSD: gross -1.00, fees 120.00, net -121.00 (-0.80 %)"
    )


def test_account_shows_position_trades_fees_and_profit() -> None:
    assert account_text(traded()) == (
        "holds 0 BTC · 1 bought, 1 sold · fees 120.00 USD · profit -121.00 USD net of fees · buy and hold -418.66"
    )


def test_account_without_balances_or_price_does_not_pretend() -> None:
    seen = TradingSeen()
    assert account_text(seen) == "no balances yet"
    seen.take(balance("100", profit=None))
    assert account_text(seen) == (
        "holds 100 BTC · 0 bought, 0 sold · fees 0.00 USD · profit – USD net of fees · buy and hold –"
    )


def test_rounds_tell_what_was_lost_to_fees() -> None:
    assert (
        rounds_text(traded().rounds) == "1 finished, 0 of them with a profit · gross -1.00 · fees 120.00 · net -121.00"
    )


def test_documents_are_counted_by_index_or_it_is_said_why_not() -> None:
    assert documents_text(TRADING.documents) == "Elasticsearch: 1,202 documents (1,200 trades · 2 decisions)"
    assert documents_text({}) == "Elasticsearch: no documents yet"
    assert documents_text("does not answer") == "Elasticsearch: does not answer"


def test_forecast_of_a_simulated_market_is_called_simulated_and_losses_are_announced() -> None:
    forecast, expectation = honest_texts(ORIGIN)
    assert "SIMULATED market" in forecast
    assert "2026-01-02 12:00 UTC" in forecast
    assert "Expect losses" in expectation
    assert "0.8 %" in expectation


def test_forecast_of_real_minutes_is_not_called_simulated() -> None:
    real = msgspec.structs.replace(ORIGIN, label="Prophet on 15-minute means", cycle_seconds=None)
    assert not any("simulated" in text.lower() for text in honest_texts(real))


def test_short_history_of_a_real_market_is_called_so() -> None:
    day = msgspec.structs.replace(
        ORIGIN, label="Prophet on 5-minute means", cycle_seconds=None, history_first=NOON - 86_400_000
    )
    assert ", only 1.0 days of history; reaches to" in honest_texts(day)[0]
    month = msgspec.structs.replace(day, history_first=NOON - 30 * 86_400_000)
    assert "means, 30.0 days of history; reaches to" in honest_texts(month)[0]


def test_without_a_forecast_it_is_said_that_nothing_is_bought() -> None:
    assert honest_texts(None)[0] == "Forecast: none yet; until there is one the bot opens nothing"


def test_texts_begin_with_the_last_decision() -> None:
    first, *rest = trading_texts(TRADING)
    assert first.startswith("Decision: 12:01–12:02 BTCUSD: sell")
    assert [text.split(":")[0] for text in rest] == ["Bot", "Rounds", "Elasticsearch"]
    assert [text.split(":")[0] for text in trading_texts(replace(TRADING, seen=TradingSeen()))] == [
        "Bot",
        "Elasticsearch",
    ]
