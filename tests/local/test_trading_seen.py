"""What is remembered of the bot's journal."""

from dataclasses import replace
from decimal import Decimal

from local.trading_seen import Rounds, TradingSeen
from tests.local.made_up_trading import balance, decision, fill, order, score, traded
from tests.local.test_demo_screen import ROW


def test_decision_is_found_by_its_minute() -> None:
    seen = TradingSeen()
    assert seen.take(decision(0)) == decision(0)
    assert seen.of(ROW) == decision(0)
    assert seen.of(replace(ROW, symbol="ETHUSD")) is None
    assert seen.last_decision == decision(0)


def test_record_that_is_read_twice_is_news_once_and_counts_once() -> None:
    seen = TradingSeen()
    for record in (decision(0), order("o1"), score("o2")):
        assert seen.take(record) is record
        assert seen.take(record) is None
    assert (seen.filled["buy"], seen.rounds.closed) == (1, 1)


def test_round_that_has_its_orders_id_is_told_beside_it() -> None:
    seen = TradingSeen()
    seen.take(order("o1", "sell"))
    assert seen.take(score("o1")) == score("o1")
    assert (seen.filled["sell"], seen.rounds.closed) == (1, 1)


def test_order_that_did_not_trade_is_no_trade_and_one_that_did_in_part_is_told_as_such() -> None:
    seen = TradingSeen()
    for record in (order("o1", executed="0"), order("o2", executed="1"), order("o3"), order("o4", "sell")):
        seen.take(record)
    assert dict(seen.filled) == {"buy": 2, "sell": 1}
    assert seen.partly == 1


def test_fill_changes_position_and_fees_before_the_next_balance() -> None:
    seen = TradingSeen()
    seen.take(balance("1", "30"))
    assert seen.take(fill("t1", "buy", "2", "60")) is None
    assert seen.money is not None
    assert (seen.money.position, seen.money.fees) == (Decimal(3), Decimal(90))
    seen.take(fill("t2", "sell", "2.5", "70"))
    assert (seen.money.position, seen.money.fees) == (Decimal("0.5"), Decimal(160))
    seen.take(balance("0.5", "160", "-161"))
    assert seen.money.profit == Decimal(-161)


def test_holding_is_compared_by_what_it_would_have_earned() -> None:
    money = traded().money
    assert money is not None
    assert money.buy_and_hold == Decimal("-418.66")


def test_profit_is_not_known_without_a_price() -> None:
    seen = TradingSeen()
    seen.take(balance(profit=None))
    assert seen.money is not None
    assert (seen.money.profit, seen.money.buy_and_hold) == (None, None)


def test_rounds_are_summed_net_of_fees() -> None:
    seen = TradingSeen()
    seen.take(score("o1", "-121"))
    seen.take(score("o2", "11"))
    assert seen.rounds == Rounds(closed=2, won=1, fees=Decimal(240), net=Decimal(-110))
