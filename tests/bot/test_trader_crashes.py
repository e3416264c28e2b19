"""Crashes and takeovers at every step: no order is sent twice and none is forgotten."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import execution
from bot.errors import TakenOver
from market.forecast import Side
from market.journal import (
    Fill,
    OrderIntent,
    OrderRecord,
)
from pipeline.errors import TemporarilyUnavailable
from tests.bot.desk import Desk
from tests.bot.doubles import (
    Crash,
    Fault,
    MemoryJournal,
    lost_answer,
    lost_order,
    refusal,
)


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
