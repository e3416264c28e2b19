"""The bot's course over whole minutes: what it decides, what is journaled, and what reaches the exchange."""

from decimal import Decimal
from fractions import Fraction

from bot.exchange import Order
from bot.trader import Minute
from market.journal import (
    Balance,
    Decision,
    JournalRecord,
    OrderIntent,
    OrderRecord,
    Score,
    StateChange,
    Ticker,
)
from tests.bot.desk import Desk, forecast
from tests.bot.doubles import (
    MINUTE,
    START,
    MemoryExchange,
    minute,
)


def test_first_start_records_the_opening_balances_and_never_sells_them() -> None:
    desk = Desk("ss")
    desk.live(0)
    desk.live(1)
    opening = desk.all(StateChange)[0]
    assert (opening.baseline_base, opening.baseline_quote) == ("1000", "100000")
    assert desk.reasons() == ["nothing_to_sell", "nothing_to_sell"]
    assert desk.exchange.sent == []


def test_buy_then_hold_then_sell_is_one_score_and_the_ledger_equals_the_account() -> None:
    desk = Desk("bbs")
    for number in range(3):
        desk.live(number)
    assert desk.reasons() == ["forecast_buy", "already_held", "forecast_sell"]
    assert [(order.side, order.price) for order in desk.exchange.sent] == [
        ("buy", Decimal("100.01")),
        ("sell", Decimal("99.99")),
    ]
    assert desk.exchange.sent[0].amount == desk.exchange.sent[1].amount == Decimal("899.91000899")
    (score,) = desk.all(Score)
    assert Decimal(score.net) == desk.exchange.quote - 100_000
    assert Decimal(score.net) < 0
    desk.assert_ledger_equals_account()


def test_intent_is_journaled_with_its_decision_before_the_order_is_sent() -> None:
    desk = Desk("b")
    seen: list[list[JournalRecord]] = []

    def look(exchange: MemoryExchange, order: Order) -> None:
        seen.append(list(desk.shelf.records))

    desk.exchange.faults = [look]
    desk.live(0)
    decision, intent = seen[0][-2:]
    assert isinstance(decision, Decision)
    assert isinstance(intent, OrderIntent)
    assert decision.client_order_id == intent.client_order_id == desk.exchange.sent[0].client_order_id


def test_minute_that_comes_twice_is_decided_once() -> None:
    desk = Desk("bb")
    desk.live(0)
    desk.live(0)
    desk.trader.take_minutes([Minute(9, minute(START)), Minute(10, minute(START))])
    assert len(desk.all(Decision)) == 1
    assert len(desk.exchange.sent) == 1


def test_minutes_of_another_symbol_or_exchange_are_not_decided() -> None:
    desk = Desk("b")
    desk.live(5, None)
    other = minute(START)
    fields = {name: getattr(other, name) for name in other.__struct_fields__}
    for changed in ({"symbol": "ETHUSD"}, {"exchange": "upbit"}):
        desk.trader.take_minutes([Minute(1, type(other)(**(fields | changed)))])
    assert len(desk.all(Decision)) == 1


def test_backlog_is_decided_as_stale_or_superseded_and_only_the_newest_is_traded() -> None:
    desk = Desk("bbbb")
    desk.clock.now_ms = START + 4 * MINUTE + 3_000
    desk.trader.tick()
    desk.trader.take_minutes([Minute(number, minute(START + number * MINUTE)) for number in (2, 0, 1, 3)])
    assert desk.reasons() == ["stale_ratio", "stale_ratio", "stale_ratio", "forecast_buy"]
    assert len(desk.exchange.sent) == 1


def test_part_of_a_backlog_waits_for_the_rest_and_is_then_passed_over() -> None:
    desk = Desk("bsbb")
    desk.live(0)
    desk.clock.now_ms = START + 4 * MINUTE + 3_000
    desk.trader.tick()
    older, newest = [Minute(number, minute(START + number * MINUTE)) for number in (1, 2)], minute(START + 3 * MINUTE)
    desk.trader.take_minutes(older, caught_up=False)
    assert desk.reasons() == ["forecast_buy"]
    desk.trader.take_minutes([Minute(3, newest)], caught_up=True)
    assert desk.reasons() == ["forecast_buy", "stale_ratio", "stale_ratio", "already_held"]
    assert [order.side for order in desk.exchange.sent] == ["buy"]


def test_price_that_grew_old_while_the_balance_was_asked_for_is_not_bought_at() -> None:
    desk = Desk("bb")
    desk.trader.tick()
    desk.live(0, value=None)
    desk.clock.now_ms = START + 2 * MINUTE + 3_000
    desk.trader.tick()
    desk.exchange.holdings_take_ms = 9_000
    desk.trader.take_minutes([Minute(1, minute(START + MINUTE))])
    assert desk.reasons() == ["no_ratio", "stale_price"]
    assert desk.exchange.sent == []


def test_decision_is_counted_by_the_reason_that_it_ended_with() -> None:
    desk = Desk("b")
    desk.exchange.quote = Decimal("0.0001")
    desk.live(0)
    counted = desk.metrics.snapshot()
    assert counted["decisions_too_small"] == 1
    assert "decisions_forecast_buy" not in counted


def test_age_of_the_ratio_grows_while_no_minute_comes() -> None:
    desk = Desk("b")
    assert desk.metrics.snapshot()["ratio_age_ms"] is None
    desk.live(0)
    desk.clock.now_ms += 3_600_000
    assert desk.metrics.snapshot()["ratio_age_ms"] == 3_603_000


def test_minute_without_a_fresh_price_has_no_ticker_and_no_equity() -> None:
    desk = Desk("b")
    desk.live(0)
    desk.exchange.price_of_ms = desk.clock.wall_ms()
    desk.clock.now_ms += 6 * 3_600_000
    desk.trader.tick()
    assert len(desk.all(Ticker)) == 1
    assert [balance.equity is None for balance in desk.all(Balance)] == [False, True]


def test_minute_older_than_one_already_decided_is_not_traded() -> None:
    desk = Desk("bbbb")
    desk.live(3)
    desk.exchange.sent.clear()
    desk.trader.take_minutes([Minute(4, minute(START + 2 * MINUTE))])
    assert desk.reasons()[-1] == "stale_ratio"
    assert desk.exchange.sent == []


def test_restart_skips_minutes_already_decided() -> None:
    desk = Desk("bb")
    desk.live(0)
    desk.start()
    desk.live(0)
    assert len(desk.all(Decision)) == 1
    assert desk.state.last_minute_offset == 0


def test_partly_filled_exit_goes_on_in_each_minute_that_says_sell_and_scores_once() -> None:
    desk = Desk("bssbs")
    desk.live(0)
    desk.exchange.depth = Decimal(500)
    desk.live(1)
    assert desk.all(Score) == []
    desk.live(2)
    assert [order.status for order in desk.all(OrderRecord)] == ["filled", "partly_filled", "filled"]
    assert len(desk.all(Score)) == 1
    desk.assert_ledger_equals_account()


def test_partly_filled_entry_is_not_bought_on_top() -> None:
    desk = Desk("bb")
    desk.exchange.depth = Decimal("0.5")
    desk.live(0)
    desk.live(1)
    assert desk.reasons() == ["forecast_buy", "already_held"]
    assert desk.state.ledger.position == Decimal("0.5")


def test_missing_forecast_opens_no_position_and_says_why() -> None:
    desk = Desk()
    desk.live(0)
    assert desk.all(Decision)[0].detail == "there is no forecast"
    desk.forecast = forecast("bb")
    desk.live(1)
    assert desk.reasons() == ["no_forecast", "forecast_buy"]


def test_too_small_a_balance_is_said_and_nothing_is_sent() -> None:
    desk = Desk("b")
    desk.exchange.quote = Decimal("0.0001")
    desk.live(0)
    assert desk.reasons() == ["too_small"]
    assert desk.exchange.sent == []


def test_balances_and_ticker_are_journaled_once_a_minute() -> None:
    desk = Desk("bss")
    for number in range(3):
        desk.live(number)
        desk.trader.tick()
        desk.trader.tick()
    assert len(desk.all(Balance)) == len(desk.all(Ticker)) == 3
    assert len({record.id for record in desk.all(Balance)}) == 3
    held = desk.all(Balance)[1]
    assert held.agrees
    assert held.profit is not None
    assert Decimal(held.profit) < 0
    assert Fraction(held.equity or 0) == 100_000 + Fraction(held.profit)
    assert held.buy_and_hold is not None
    assert Decimal(held.position) > 0
