"""The state is the sum of the journal: the same records give the same state, and repeats change nothing."""

from decimal import Decimal

import pytest

from bot import state as state_module
from bot.entries import Author
from bot.ledger import Baseline
from bot.state import BotState
from market.journal import Decision, Fill
from tests.bot.doubles import MINUTE, START

AUTHOR = Author("bot1", "paper", "gemini", "BTCUSD")


def decision(number: int) -> Decision:
    start = START + number * MINUTE
    return Decision(
        exchange="gemini",
        symbol="BTCUSD",
        event_time=start,
        bot=AUTHOR.bot,
        id=str(start),
        window_start=start,
        window_end=start + MINUTE,
        forecast_ds=start + 2 * MINUTE,
        forecast_side=None,
        action="none",
        reason="no_forecast",
        detail="",
        ratio=None,
        complete=True,
        bid=None,
        ask=f"{100 + number}.00",
        position="0",
        state="active",
        source_offset=number,
    )


def fill(trade_id: str) -> Fill:
    return Fill(
        exchange="gemini",
        symbol="BTCUSD",
        event_time=START,
        bot=AUTHOR.bot,
        id=trade_id,
        trade_id=trade_id,
        client_order_id="c",
        order_id="o",
        side="buy",
        price="100.00",
        amount="1",
        fee="0.4",
        fee_currency="USD",
    )


def test_fill_that_is_told_twice_counts_once() -> None:
    state = BotState()
    for trade_id in ("1", "2", "1"):
        state.apply(fill(trade_id))
    assert state.ledger.position == 2
    assert state.ledger_with([fill("2"), fill("3")]).position == 3


def test_first_decision_with_an_ask_is_where_buy_and_hold_begins() -> None:
    state = BotState()
    for number in (3, 4):
        state.apply(decision(number))
    assert state.first_ask == Decimal("103.00")
    assert (state.last_decided, state.last_minute_offset) == (START + 4 * MINUTE, 4)


def test_opening_quote_stays_when_a_later_baseline_is_accepted() -> None:
    state = BotState()
    for quote in (1000, 400):
        baseline = Baseline(Decimal(5), Decimal(quote))
        state.apply(AUTHOR.state_change(START, "x", operator="active", trouble=None, baseline=baseline))
    assert (state.opening_quote, state.baseline) == (Decimal(1000), Baseline(Decimal(5), Decimal(400)))


def test_minutes_too_old_to_remember_count_as_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_module, "REMEMBERED_MINUTES", 10)
    state = BotState()
    for number in range(1, 40):
        state.apply(decision(number))
    assert all(state.is_decided(START + number * MINUTE) for number in range(40))
    assert not state.is_decided(START + 40 * MINUTE)
