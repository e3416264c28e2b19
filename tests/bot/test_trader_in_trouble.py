"""Unclear outcomes, refusals and balances that differ: when the bot stops trading, and what lets it go on."""

from decimal import Decimal
from typing import Any

import pytest

from bot.errors import WrongKeys
from bot.exchange import Order
from market.journal import (
    Balance,
    Decision,
    OrderIntent,
    OrderRecord,
)
from tests.bot.desk import Desk
from tests.bot.doubles import (
    MINUTE,
    START,
    MemoryExchange,
    lost_answer,
    lost_order,
    refusal,
)


def test_refused_order_is_recorded_and_not_repeated() -> None:
    desk = Desk("b")
    desk.exchange.faults = [refusal]
    desk.live(0)
    desk.live(0)
    (order,) = desk.all(OrderRecord)
    assert (order.status, order.reason) == ("refused", "InsufficientFunds: due to insufficient funds")
    assert len(desk.exchange.sent) == 1


def test_lost_answer_is_looked_up_and_the_order_adopted() -> None:
    desk = Desk("bs")
    desk.exchange.faults = [lost_answer]
    desk.live(0)
    assert [order.status for order in desk.all(OrderRecord)] == ["filled"]
    desk.live(1)
    assert len(desk.exchange.orders) == 2
    desk.assert_ledger_equals_account()


def test_lost_order_is_not_sent_again_and_the_next_minute_decides_anew() -> None:
    desk = Desk("bb")
    desk.exchange.faults = [lost_order]
    desk.live(0)
    assert [order.status for order in desk.all(OrderRecord)] == ["not_placed"]
    desk.live(1)
    assert [order.client_order_id[-7:] for order in desk.exchange.sent] == ["T0000-b", "T0001-b"]


def test_unsettled_order_stops_trading_until_it_is_settled() -> None:
    desk = Desk("bss")
    desk.exchange.faults = [lost_answer]
    desk.exchange.look_ups_away = 1
    desk.live(0)
    assert desk.state.trouble == "order_unsettled"
    desk.exchange.look_ups_away = 1
    desk.live(1)
    assert desk.reasons() == ["forecast_buy", "trouble"]
    desk.live(2)
    assert desk.reasons()[-1] == "forecast_sell"
    assert desk.state.trouble is None
    assert len(desk.exchange.orders) == 2
    desk.assert_ledger_equals_account()


def test_foreign_order_under_our_id_stops_trading_until_an_operator_accepts() -> None:
    desk = Desk("bb")

    def taken_by_another(exchange: MemoryExchange, order: Order) -> None:
        exchange.take(Order(order.client_order_id, order.symbol, "buy", Decimal(1), Decimal(50)))
        lost_order(exchange, order)

    desk.exchange.faults = [taken_by_another]
    desk.live(0)
    assert desk.state.trouble == "order_disputed"
    desk.tell("accept")
    assert desk.state.trouble is None
    assert [order.status for order in desk.all(OrderRecord)] == ["not_placed"]
    desk.live(1)
    assert desk.reasons()[-1] == "forecast_buy"
    desk.assert_ledger_equals_account()


def test_wrong_keys_in_the_middle_end_the_bot_and_leave_the_intent_open() -> None:
    desk = Desk("b")

    def revoked(exchange: MemoryExchange, order: Order) -> None:
        raise WrongKeys("the exchange does not accept the keys here")

    desk.exchange.faults = [revoked]
    with pytest.raises(WrongKeys):
        desk.live(0)
    assert len(desk.state.open_intents) == 1


def test_order_held_up_by_the_journal_is_not_sent() -> None:
    desk = Desk("b")
    journal = desk.trader._logbook._journal
    write = journal.write

    def slowly(records: Any) -> None:
        write(records)
        if any(isinstance(record, OrderIntent) for record in records):
            desk.clock.now_ms += 5_001

    journal.write = slowly  # type: ignore[method-assign]
    desk.live(0)
    assert [order.status for order in desk.all(OrderRecord)] == ["not_placed"]
    assert desk.exchange.sent == []


# ---- balances


def test_balances_that_differ_stop_trading_until_an_operator_accepts() -> None:
    desk = Desk("bbb")
    desk.trader.tick()
    desk.exchange.quote -= Decimal("0.00000001")
    desk.live(0)
    assert desk.all(Decision)[0].detail.endswith("balances_differ")
    assert not desk.all(Balance)[-1].agrees
    desk.tell("accept")
    desk.live(1)
    assert desk.reasons() == ["trouble", "forecast_buy"]
    desk.assert_ledger_equals_account()


def test_balances_that_agree_again_end_the_trouble() -> None:
    desk = Desk("bb")
    desk.trader.tick()
    desk.exchange.base += 1
    desk.live(0)
    desk.exchange.base -= 1
    desk.live(1)
    assert desk.reasons() == ["trouble", "forecast_buy"]


def test_coins_taken_out_of_the_account_are_written_off_when_accepted() -> None:
    desk = Desk("bs")
    desk.exchange.base = Decimal(0)
    desk.live(0)
    desk.exchange.base = Decimal(100)
    desk.clock.now_ms += MINUTE
    desk.trader.tick()
    desk.tell("accept")
    desk.live(1)
    assert desk.exchange.sent[-1].amount == Decimal(100)
    desk.assert_ledger_equals_account()


def test_account_that_shows_less_than_nothing_is_taken_as_it_is_and_outlives_a_restart() -> None:
    desk = Desk("b")
    desk.exchange.base = Decimal("-1e-10")
    desk.live(0)
    assert desk.reasons() == ["forecast_buy"]
    desk.start()
    assert desk.state.trouble is None
    desk.assert_ledger_equals_account()


def test_exchange_away_at_the_start_is_waited_for_and_nothing_is_traded_meanwhile() -> None:
    desk = Desk("bb")
    desk.exchange.away = True
    desk.live(0)
    assert desk.reasons() == ["trouble"]
    desk.exchange.away = False
    desk.live(1)
    assert desk.reasons() == ["trouble", "forecast_buy"]


def test_exchange_away_later_gives_no_price_and_no_balance() -> None:
    desk = Desk("bb")
    desk.trader.tick()
    desk.exchange.away = True
    desk.live(0)
    assert desk.reasons() == ["no_price"]
    assert desk.all(Balance)[-1].event_time < START + MINUTE
