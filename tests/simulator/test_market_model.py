"""The market as a state machine."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.ladder import Side
from simulator.market_model import MOST_LEVELS, MarketEvent, total_of
from simulator.real_events import first_book, real_events
from tests.simulator.made_up import START, UNITS, both_sides, market

HOUR_MS = 3_600_000
ORDERS = st.lists(
    st.tuples(st.integers(0, 40_000), st.sampled_from(["bid", "ask"]), st.integers(1, 50 * 10**8)), max_size=8
)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), rate=st.floats(0.5, 80), orders=ORDERS)
def test_book_is_never_crossed_nor_empty_nor_unbounded(
    seed: int, rate: float, orders: list[tuple[int, Side, int]]
) -> None:
    simulated = market(seed, rate=rate)
    now = START
    for wait, side, size in orders or [(60_000, "ask", 10**8)]:
        now += wait
        simulated.run_until(now, both_sides, 60_000)
        limit = 1 if side == "bid" else 10**9
        simulated.take(side, limit, size, now)
        assert 0 < simulated.bids.best < simulated.asks.best
        assert 0 < len(simulated.bids) <= MOST_LEVELS
        assert 0 < len(simulated.asks) <= MOST_LEVELS


def test_book_stays_whole_over_hours() -> None:
    simulated = market(rate=8)
    for minute in range(2 * 60):
        simulated.run_until(START + minute * 60_000, both_sides, 60_000)
        assert simulated.bids.best < simulated.asks.best
        assert min(len(simulated.bids), len(simulated.asks)) >= 30
        assert max(len(simulated.bids), len(simulated.asks)) <= MOST_LEVELS
        middle = float(UNITS.price(simulated.bids.best + simulated.asks.best)) / 2
        assert middle == pytest.approx(simulated.process.fair(simulated.time_ms), rel=0.002)


def test_same_seed_gives_the_same_events_however_often_it_is_asked() -> None:
    at_once, in_steps = market(7), market(7)
    whole = at_once.run_until(START + 60_000, both_sides, 60_000)
    parts = [event for time in range(START, START + 60_001, 37) for event in in_steps.run_until(time, both_sides)]
    parts += in_steps.run_until(START + 60_000, both_sides)
    assert parts == whole
    assert whole != market(8).run_until(START + 60_000, both_sides, 60_000)


def test_events_carry_the_book_from_its_first_state_to_its_last() -> None:
    simulated = market()
    book = {
        (ladder.side, price): size for ladder in (simulated.bids, simulated.asks) for price, size in ladder.levels()
    }
    events = simulated.run_until(START + 120_000, both_sides, 120_000)
    events += simulated.take("ask", 10**9, 10**10, START + 120_000)
    for event in events:
        key = (event.change.side, event.change.price)
        assert book.get(key, 0) + event.change.delta == event.change.remaining
        book[key] = event.change.remaining
    now = {(ladder.side, price): size for ladder in (simulated.bids, simulated.asks) for price, size in ladder.levels()}
    assert {key: size for key, size in book.items() if size} == now


def test_ids_and_times_of_events_never_go_back_and_rate_is_kept() -> None:
    events = market(rate=20).run_until(START + HOUR_MS // 6, both_sides, HOUR_MS)
    ids, times = [event.event_id for event in events], [event.time_ms for event in events]
    assert ids == sorted(set(ids))
    assert times == sorted(times)
    assert len(events) == pytest.approx(20 * 600, rel=0.1)
    assert times[0] > START
    assert times[-1] <= START + HOUR_MS // 6


def test_events_place_cancel_and_trade() -> None:
    events = market().run_until(START + 60_000, both_sides, 60_000)
    reasons = {event.change.reason for event in events}
    assert reasons == {"place", "cancel", "trade"}
    for event in events:
        assert (event.change.delta > 0) == (event.change.reason == "place")
        assert (event.trade is not None) == (event.change.reason == "trade")
        if event.trade is not None:
            assert (event.trade.price, event.trade.size) == (event.change.price, -event.change.delta)
            assert event.trade.maker_side == event.change.side


def test_a_side_that_may_not_change_stays_as_it_is() -> None:
    simulated = market()
    asks = list(simulated.asks.levels())
    events = simulated.run_until(START + 60_000, lambda time_ms: ("bid",), 60_000)
    assert {event.change.side for event in events} == {"bid"}
    assert list(simulated.asks.levels()) == asks


def test_nothing_happens_while_no_side_may_change() -> None:
    simulated = market()
    until = START + 30_000
    events = simulated.run_until(START + 60_000, lambda time_ms: () if time_ms < until else ("bid", "ask"), 60_000)
    assert min(event.time_ms for event in events) >= until


def test_what_a_pause_swallowed_does_not_happen() -> None:
    events = market().run_until(START + HOUR_MS, both_sides, 2000)
    assert min(event.time_ms for event in events) >= START + HOUR_MS - 2000


def traded(events: list[MarketEvent]) -> list[tuple[int, int]]:
    return [(event.trade.price, event.trade.size) for event in events if event.trade is not None]


def test_order_takes_levels_from_the_best_one_on_down_to_its_limit() -> None:
    simulated = market()
    (first, first_size), (second, second_size), (third, _) = list(simulated.asks.levels())[:3]
    events = simulated.take("ask", second, first_size + second_size + 1, START)
    assert traded(events) == [(first, first_size), (second, second_size)]
    assert simulated.asks.best == third
    assert total_of(events) == first_size + second_size


def test_order_smaller_than_the_best_level_leaves_the_rest_of_it() -> None:
    simulated = market()
    best, size = next(simulated.bids.levels())
    assert traded(simulated.take("bid", best, 1, START)) == [(best, 1)]
    assert simulated.bids.size(best) == size - 1


def test_order_beyond_the_best_price_takes_nothing() -> None:
    simulated = market()
    assert simulated.take("ask", simulated.asks.best - 1, 10**8, START) == []


def test_order_for_everything_leaves_the_last_level() -> None:
    simulated = market()
    simulated.take("ask", 10**9, 10**18, START)
    assert len(simulated.asks) == 1
    simulated.run_until(START + 60_000, both_sides, 60_000)
    assert len(simulated.asks) > 20


def test_first_book_has_the_real_far_levels_and_a_filled_middle() -> None:
    simulated = market()
    assert simulated.bids.size(1) == UNITS.steps(first_book()[0].remaining)
    assert simulated.bids.size(UNITS.ticks(6610.0)) == 52_75000000
    assert simulated.asks.size(UNITS.ticks(46000.0)) == 10_000_000
    near = [price for price, _ in simulated.bids.levels() if UNITS.price(price) > 7444]
    assert len(near) > 50


def test_real_events_are_the_whole_ones_of_the_document() -> None:
    assert len(real_events()) == 214
    assert len(first_book()) == 161


@pytest.mark.parametrize("reference", [245.0, 60_000.0])
def test_first_book_scales_with_the_price(reference: float) -> None:
    simulated = market(reference=reference)
    middle = float(UNITS.price(simulated.bids.best + simulated.asks.best)) / 2
    assert middle == pytest.approx(reference, rel=0.1)
    assert len(simulated.bids) > 100
