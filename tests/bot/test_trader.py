"""The bot's course over whole minutes: what is journaled, what reaches the exchange, and what a crash leaves behind."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import execution
from bot.decide import Limits
from bot.entries import Author
from bot.errors import TakenOver, WrongKeys
from bot.exchange import Order
from bot.execution import Profile
from bot.logbook import Logbook
from bot.state import BotState
from bot.trader import Minute, Trader
from market.forecast import ForecastRow, ForecastTable, Side
from market.journal import (
    Balance,
    Command,
    CommandAction,
    Decision,
    Fill,
    JournalRecord,
    OrderIntent,
    OrderRecord,
    Score,
    StateChange,
    Ticker,
)
from pipeline.errors import TemporarilyUnavailable
from pipeline.log import Log
from pipeline.metrics import Metrics
from tests.bot.doubles import (
    FEE_BPS,
    MINUTE,
    START,
    Crash,
    Fault,
    HandClock,
    MemoryExchange,
    MemoryJournal,
    Shelf,
    lost_answer,
    lost_order,
    minute,
    refusal,
)

AUTHOR = Author("bot1", "simulator", "gemini", "BTCUSD")
R = TypeVar("R")


class Quiet(Log):
    """A log that nobody reads."""

    def _write(self, level: str, message: str, fields: dict[str, Any]) -> None:
        return


class Desk:
    """A bot with all that outlives it: the shelf of its journal, the exchange and the clock."""

    def __init__(self, sides: str = "") -> None:
        self.clock = HandClock()
        self.exchange = MemoryExchange(self.clock)
        self.shelf = Shelf()
        self.forecast: ForecastTable | str = forecast(sides) if sides else "there is no forecast"
        self.offset = -1
        self.commands = -1
        self.start()

    def start(self) -> None:
        """A new process: only what was journaled is known."""
        journal = MemoryJournal(self.shelf)
        self.state = BotState()
        for record in self.shelf.records:
            self.state.apply(record)
        profile = Profile(AUTHOR, Limits(), Decimal("0.9"), FEE_BPS, Decimal(0))
        self.trader = Trader(
            profile,
            self.exchange,
            Logbook(journal, self.state),
            lambda: self.forecast,
            self.clock,
            self.clock.wait,
            Quiet("bot"),
            Metrics(),
        )

    def live(self, number: int, value: str | None = "1.000000000000") -> None:
        """The minute `number` passes, and 3 s after its end its ratio comes."""
        self.clock.now_ms = max(self.clock.now_ms, START + (number + 1) * MINUTE + 3_000)
        self.offset += 1
        arrived = Minute(self.offset, minute(START + number * MINUTE, value))
        self.trader.tick()
        self.trader.take_minutes([arrived])

    def tell(self, action: CommandAction, bot: str = AUTHOR.bot) -> None:
        """An operator's command."""
        self.commands += 1
        command = Command(
            exchange="gemini", symbol="BTCUSD", event_time=self.clock.now_ms, bot=bot, id="c", action=action
        )
        self.trader.take_command(self.commands, command)

    def all(self, kind: type[R]) -> list[R]:
        """The journal's records of a kind."""
        return [record for record in self.shelf.records if isinstance(record, kind)]

    def reasons(self) -> list[str]:
        return [decision.reason for decision in self.all(Decision)]

    def assert_ledger_equals_account(self) -> None:
        assert self.state.baseline is not None
        expected = self.state.baseline.expected(self.state.ledger)
        assert (expected.base, expected.quote) == (self.exchange.base, self.exchange.quote)


def forecast(sides: str) -> ForecastTable:
    """One row a minute; the letter `number` (b or s) is what minute `number` of a test is decided by."""
    rows = [
        ForecastRow(ds=START + (number + 2) * MINUTE, side="buy" if letter == "b" else "sell")
        for number, letter in enumerate(sides)
    ]
    return ForecastTable(rows)


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


# ---- unclear outcomes, refusals


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


# ---- commands


def test_pause_sends_nothing_and_resume_goes_on_even_after_a_restart() -> None:
    desk = Desk("bbb")
    desk.tell("pause")
    desk.live(0)
    desk.start()
    desk.live(1)
    desk.tell("resume")
    desk.live(2)
    assert desk.reasons() == ["paused", "paused", "forecast_buy"]


def test_reduce_lets_out_and_not_in() -> None:
    desk = Desk("bsb")
    desk.live(0)
    desk.tell("reduce")
    desk.live(1)
    desk.live(2)
    assert desk.reasons() == ["forecast_buy", "forecast_sell", "reducing"]


def test_flatten_sells_all_that_was_bought_at_once_then_pauses() -> None:
    desk = Desk("bbb")
    desk.live(0)
    desk.exchange.depth = Decimal(500)
    desk.tell("flatten")
    for _ in range(4):
        desk.trader.tick()
        desk.clock.now_ms += 3_000
    desk.trader.tick()
    assert [(order.purpose, order.status) for order in desk.all(OrderRecord)][1:] == [
        ("flatten", "partly_filled"),
        ("flatten", "filled"),
    ]
    assert desk.state.operator == "paused"
    assert len({order.client_order_id for order in desk.exchange.sent}) == 3
    assert len(desk.all(Score)) == 1
    desk.assert_ledger_equals_account()


def test_command_heard_before_or_meant_for_another_bot_changes_nothing() -> None:
    desk = Desk("b")
    desk.tell("pause", bot="bot2-simulator-btcusd")
    assert desk.state.operator == "active"
    desk.tell("pause")
    desk.tell("resume")
    desk.commands = -1
    desk.tell("pause")
    desk.tell("pause")
    assert desk.state.operator == "active"


def test_first_command_of_the_topic_is_not_done_again_after_a_restart() -> None:
    desk = Desk("b")
    desk.tell("pause")
    desk.tell("resume")
    desk.start()
    desk.commands = -1
    desk.tell("pause")
    assert desk.state.operator == "active"


# ---- crashes and takeovers


def test_second_bot_takes_over_and_the_first_halts_before_it_sends() -> None:
    first = Desk("b")
    first.trader.tick()
    MemoryJournal(first.shelf)
    with pytest.raises(TakenOver):
        first.live(0)
    assert first.exchange.sent == []


def crash_at(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next passing of that kill point ends the process."""
    monkeypatch.setattr(execution, "kill_point", _crash_once(wanted))


def _crash_once(wanted: str | None) -> Callable[[str], None]:
    armed = [wanted]

    def kill_point(name: str) -> None:
        if name == armed[0]:
            armed[0] = None
            raise Crash(name)

    return kill_point


def test_crash_after_the_intent_and_before_the_send_places_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk("bb")
    crash_at("bot.after_intent", monkeypatch)
    with pytest.raises(Crash):
        desk.live(0)
    desk.start()
    desk.live(1)
    assert [order.status for order in desk.all(OrderRecord)] == ["not_placed", "filled"]
    assert len(desk.exchange.orders) == 1
    desk.assert_ledger_equals_account()


def test_crash_after_the_send_and_before_the_answer_is_journaled_forgets_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk("bb")
    crash_at("bot.after_send", monkeypatch)
    with pytest.raises(Crash):
        desk.live(0)
    desk.start()
    desk.live(1)
    assert [order.status for order in desk.all(OrderRecord)] == ["filled"]
    assert len(desk.exchange.orders) == 1
    assert desk.reasons() == ["forecast_buy", "already_held"]
    desk.assert_ledger_equals_account()


def test_open_intents_are_settled_before_anything_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk("bb")
    crash_at("bot.after_send", monkeypatch)
    with pytest.raises(Crash):
        desk.live(0)
    desk.start()
    desk.exchange.look_ups_away = 1
    desk.live(1)
    assert desk.reasons()[-1] == "trouble"
    assert len(desk.exchange.sent) == 1


FAULTS: dict[str, Fault] = {"lost_answer": lost_answer, "lost_order": lost_order, "refusal": refusal}
EVENTS = st.tuples(
    st.sampled_from(["b", "s"]),
    st.sampled_from([None, "bot.after_intent", "bot.after_send", "lost", "stored", *FAULTS]),
    st.sampled_from(["0", "0.00000501", "0.3", "1000000"]),
    st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=8))
def test_whatever_is_lost_or_crashes_no_order_is_sent_twice_and_none_forgotten(
    events: list[tuple[Side, str | None, str, bool]],
) -> None:
    desk = Desk("".join(letter for letter, *_ in events) + "s")
    with pytest.MonkeyPatch.context() as monkeypatch:
        for number, (_, event, depth, restarts) in enumerate(events):
            desk.exchange.depth = Decimal(depth)
            desk.exchange.faults = [FAULTS[event]] if event in FAULTS else []
            monkeypatch.setattr(execution, "kill_point", _crash_once(event))
            desk.shelf.fails = "lost" if event == "lost" else "stored" if event == "stored" else None
            try:
                desk.live(number)
            except (Crash, TemporarilyUnavailable):
                desk.start()
            if restarts:
                desk.start()
        monkeypatch.setattr(execution, "kill_point", _crash_once(None))
        desk.exchange.faults, desk.shelf.fails = [], None
        desk.exchange.depth = Decimal(10**6)
        desk.live(len(events))
    ids = [order.client_order_id for order in desk.exchange.sent]
    assert len(ids) == len(set(ids))
    journaled = {order.client_order_id: Decimal(order.executed) for order in desk.all(OrderRecord)}
    assert len(journaled) == len(desk.all(OrderRecord)) == len(desk.all(OrderIntent))
    assert {order.client_order_id: order.executed for order in desk.exchange.orders} == {
        client_order_id: executed
        for client_order_id, executed in journaled.items()
        if client_order_id in {order.client_order_id for order in desk.exchange.orders}
    }
    assert sum(Decimal(fill.amount) for fill in desk.all(Fill)) == sum(o.executed for o in desk.exchange.orders)
    assert desk.state.trouble is None
    desk.assert_ledger_equals_account()
