"""Settling: what came of an order is looked up, never guessed, and nothing is ever sent again."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.errors import Disputed, Unsettled
from bot.exchange import Order, OrderReport
from bot.settle import outcome_by_look_up, outcome_of_answer
from tests.bot.doubles import START, HandClock, MemoryExchange

ORDER = Order("bot1-btcusd-20260101T0000-b", "BTCUSD", "buy", Decimal("0.5"), Decimal("100.01"))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def exchange(clock: HandClock) -> MemoryExchange:
    return MemoryExchange(clock)


def test_order_lost_in_transit_is_found_by_client_id(exchange: MemoryExchange, clock: HandClock) -> None:
    exchange.take(ORDER)
    outcome = outcome_by_look_up(exchange, ORDER, clock.wait)
    assert outcome.status == "filled"
    assert outcome.report is not None
    assert outcome.report.executed == Decimal("0.5")


def test_order_unknown_at_every_look_was_not_placed(exchange: MemoryExchange, clock: HandClock) -> None:
    assert outcome_by_look_up(exchange, ORDER, clock.wait).status == "not_placed"
    assert clock.now_ms - START == 7_000


def test_order_that_shows_up_at_the_third_look_is_adopted(exchange: MemoryExchange, clock: HandClock) -> None:
    def wait(seconds: float) -> bool:
        clock.wait(seconds)
        if clock.now_ms - START >= 3_000 and not exchange.orders:
            exchange.take(ORDER)
        return False

    assert outcome_by_look_up(exchange, ORDER, wait).status == "filled"


def test_look_up_without_answer_leaves_the_order_open(exchange: MemoryExchange, clock: HandClock) -> None:
    exchange.look_ups_away = 1
    with pytest.raises(Unsettled, match="HTTP 503"):
        outcome_by_look_up(exchange, ORDER, clock.wait)


DIFFERENT = [
    replace(ORDER, amount=Decimal("0.6")),
    replace(ORDER, price=Decimal(100)),
    replace(ORDER, side="sell"),
    replace(ORDER, symbol="ETHUSD"),
]


@pytest.mark.parametrize("other", DIFFERENT)
def test_old_order_under_the_same_id_is_not_taken_for_ours(
    exchange: MemoryExchange, clock: HandClock, other: Order
) -> None:
    exchange.take(other)
    with pytest.raises(Disputed, match="another order under the id"):
        outcome_by_look_up(exchange, ORDER, clock.wait)


def test_status_with_two_rows_picks_the_one_that_matches(exchange: MemoryExchange, clock: HandClock) -> None:
    exchange.take(replace(ORDER, price=Decimal(100)))
    mine = exchange.take(ORDER)
    assert outcome_by_look_up(exchange, ORDER, clock.wait).report == mine


def test_two_orders_that_both_match_are_disputed(exchange: MemoryExchange, clock: HandClock) -> None:
    exchange.take(ORDER)
    exchange.take(ORDER)
    with pytest.raises(Disputed, match="2 orders"):
        outcome_by_look_up(exchange, ORDER, clock.wait)


def answer(exchange: MemoryExchange, **changes: object) -> OrderReport:
    report = replace(exchange.take(ORDER), **changes)  # type: ignore[arg-type]
    exchange.orders[-1] = report
    return replace(report, trades=None)


def test_amounts_decide_a_full_order_with_the_cancelled_flag_is_filled(
    exchange: MemoryExchange, clock: HandClock
) -> None:
    outcome = outcome_of_answer(exchange, ORDER, answer(exchange, cancelled=True), clock.wait)
    assert outcome.status == "filled"


def test_partly_filled_order_has_its_trades_and_fees(exchange: MemoryExchange, clock: HandClock) -> None:
    exchange.depth = Decimal("0.2")
    outcome = outcome_of_answer(exchange, ORDER, answer(exchange), clock.wait)
    assert outcome.status == "partly_filled"
    assert outcome.report is not None
    assert sum(trade.amount for trade in outcome.report.trades or ()) == Decimal("0.2")


def test_order_that_did_not_trade_is_unfilled_and_needs_no_look_up(exchange: MemoryExchange, clock: HandClock) -> None:
    exchange.depth = Decimal(0)
    report = answer(exchange)
    exchange.away = True
    assert outcome_of_answer(exchange, ORDER, report, clock.wait).status == "unfilled"


def test_trades_that_become_visible_later_are_waited_for(exchange: MemoryExchange, clock: HandClock) -> None:
    exchange.trades_hidden = 3
    outcome = outcome_of_answer(exchange, ORDER, answer(exchange), clock.wait)
    assert outcome.status == "filled"
    assert clock.now_ms - START == 3_500


def test_trades_that_never_add_up_leave_the_order_open(exchange: MemoryExchange, clock: HandClock) -> None:
    exchange.trades_hidden = 100
    with pytest.raises(Unsettled, match=r"0\.5 of 0\.5 executed"):
        outcome_of_answer(exchange, ORDER, answer(exchange), clock.wait)


def test_order_that_lives_on_is_cancelled_and_read_again(exchange: MemoryExchange, clock: HandClock) -> None:
    exchange.depth = Decimal("0.2")
    outcome = outcome_of_answer(exchange, ORDER, answer(exchange, live=True, cancelled=False), clock.wait)
    assert outcome.status == "partly_filled"


def test_order_neither_live_nor_cancelled_nor_full_stays_open(exchange: MemoryExchange, clock: HandClock) -> None:
    exchange.depth = Decimal("0.2")
    with pytest.raises(Unsettled):
        outcome_of_answer(exchange, ORDER, answer(exchange, cancelled=False), clock.wait)


def test_answer_about_another_order_is_disputed(exchange: MemoryExchange, clock: HandClock) -> None:
    report = answer(exchange, amount=Decimal("0.6"))
    with pytest.raises(Disputed):
        outcome_of_answer(exchange, ORDER, report, clock.wait)


def test_being_asked_to_stop_leaves_the_order_open(exchange: MemoryExchange) -> None:
    with pytest.raises(Unsettled, match="asked to stop"):
        outcome_by_look_up(exchange, ORDER, lambda _: True)
