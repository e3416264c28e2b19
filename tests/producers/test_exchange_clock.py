"""The exchange's clock: which times it believes, and what it says between them."""

from __future__ import annotations

import pytest

from producers.arrivals import Instant
from producers.exchange_clock import ExchangeClock, Reading, TimeSource

NOON = 1_767_225_600_000


def at(ms: float, *, wall_off: int = 0) -> Instant:
    """So many ms after the start on both clocks; the wall clock may be wrong by `wall_off`."""
    return Instant(wall_ms=NOON + round(ms) + wall_off, monotonic_ms=5_000 + ms)


def accepted(time: int) -> Reading:
    return Reading(time, TimeSource.EXCHANGE)


def started(behind_ms: int = 40) -> ExchangeClock:
    clock = ExchangeClock()
    assert clock.read(NOON - behind_ms, at(0)) == accepted(NOON - behind_ms)
    return clock


def test_clock_does_not_run_before_the_first_time() -> None:
    clock = ExchangeClock()
    assert clock.now(0) is None
    assert clock.read(None, at(0)) == Reading(NOON, TimeSource.ABSENT, "receipt")
    assert not clock.runs


@pytest.mark.parametrize("off", [-60_000, 60_000])
def test_first_time_within_a_minute_of_its_receipt_starts_the_clock(off: int) -> None:
    clock = ExchangeClock()
    assert clock.read(NOON + off, at(0)) == accepted(NOON + off)
    assert clock.now(at(1_500).monotonic_ms) == NOON + off + 1_500


@pytest.mark.parametrize("off", [-60_001, 60_001, -(10**12), 10**15])
def test_first_time_farther_off_is_replaced_by_the_time_of_receipt(off: int) -> None:
    clock = ExchangeClock()
    assert clock.read(NOON + off, at(0)) == Reading(NOON, TimeSource.REFUSED, "receipt")
    assert not clock.runs


def test_clock_runs_on_without_messages() -> None:
    assert started().now(at(30_000).monotonic_ms) == NOON - 40 + 30_000


def test_message_that_came_slowly_does_not_set_the_clock_back() -> None:
    clock = started()
    assert clock.read(NOON + 500, at(1_000)) == accepted(NOON + 500)
    assert clock.now(at(1_000).monotonic_ms) == NOON + 960


def test_message_up_to_two_seconds_ahead_sets_the_clock_on() -> None:
    clock = started()
    assert clock.read(NOON + 960 + 2_000, at(1_000)) == accepted(NOON + 2_960)
    assert clock.now(at(1_000).monotonic_ms) == NOON + 2_960


def test_message_farther_ahead_is_replaced_by_the_clocks_time() -> None:
    clock = started()
    assert clock.read(NOON + 960 + 2_001, at(1_000)) == Reading(NOON + 960, TimeSource.REFUSED, "clock")
    assert clock.now(at(1_000).monotonic_ms) == NOON + 960


def test_message_more_than_a_minute_old_is_replaced_by_the_clocks_time() -> None:
    clock = started()
    assert clock.read(NOON - 60_000, at(1_000)) == Reading(NOON + 960, TimeSource.REFUSED, "clock")


def test_absent_time_is_replaced_by_the_clocks_time() -> None:
    assert started().read(None, at(700)) == Reading(NOON + 660, TimeSource.ABSENT, "clock")


def test_backlog_read_at_once_after_a_pause_is_believed() -> None:
    clock = started()
    for second in (1, 6, 19):
        assert clock.read(NOON + 1_000 * second, at(20_000)) == accepted(NOON + 1_000 * second)
    assert clock.now(at(20_000).monotonic_ms) == NOON - 40 + 20_000


def test_drift_between_the_clocks_is_followed() -> None:
    clock = started(behind_ms=0)
    for second in range(1, 3_600):  # the exchange's clock is slow by one per mille: 3.6 s in an hour
        clock.read(NOON + second * 999, at(second * 1_000))
    now = clock.now(at(3_599_000).monotonic_ms)
    assert now is not None
    assert abs(now - (NOON + 3_599 * 999)) <= 150


def test_clock_starts_anew_when_every_time_was_refused_for_five_seconds() -> None:
    clock = started()
    jumped = 30_000
    for ms in (1_000, 3_000, 5_999):
        assert clock.read(NOON + ms + jumped, at(ms)) == Reading(NOON - 40 + ms, TimeSource.REFUSED, "clock")
    assert clock.read(NOON + 6_000 + jumped, at(6_000)) == Reading(NOON + 36_000, TimeSource.EXCHANGE, restarted=True)
    assert clock.now(at(7_000).monotonic_ms) == NOON + 37_000


def test_one_accepted_time_ends_the_count_of_refusals() -> None:
    clock = started()
    clock.read(NOON + 40_000, at(1_000))
    assert clock.read(NOON + 2_900, at(3_000)).source is TimeSource.EXCHANGE
    assert not clock.read(NOON + 40_000, at(7_000)).restarted


def test_absent_times_do_not_count_as_refused() -> None:
    clock = started()
    for ms in range(0, 20_000, 500):
        assert not clock.read(None, at(ms)).restarted


def test_clock_that_starts_anew_with_a_time_far_off_its_receipt_waits_for_a_better_one() -> None:
    clock = started()
    for ms in (1_000, 61_000):
        last = clock.read(NOON + ms, at(ms, wall_off=120_000))
    assert last == Reading(NOON + 181_000, TimeSource.REFUSED, "receipt", restarted=True)
    assert not clock.runs
    assert clock.read(NOON + 62_000, at(62_000)) == accepted(NOON + 62_000)


def test_machines_clock_that_is_wrong_for_less_than_a_minute_moves_nothing() -> None:
    clock = started()
    for ms in range(1_000, 60_000, 1_000):
        reading = clock.read(NOON - 40 + ms, at(ms, wall_off=3_600_000))
        assert reading == Reading(NOON - 40 + ms, TimeSource.REFUSED, "clock")
    assert clock.read(NOON + 60_000, at(60_000)) == accepted(NOON + 60_000)


def test_clock_that_runs_by_receipt_follows_when_the_machines_clock_is_set() -> None:
    clock = ExchangeClock()
    clock.run_by_receipt(at(0))
    assert clock.read(None, at(1_000)) == Reading(NOON + 1_000, TimeSource.ABSENT, "receipt")
    moved = clock.read(None, at(2_000, wall_off=3_600_000))
    assert moved == Reading(NOON + 3_602_000, TimeSource.ABSENT, "receipt", restarted=True)
    assert not clock.read(None, at(3_000, wall_off=3_600_000)).restarted
    assert clock.now(at(4_000).monotonic_ms) == NOON + 3_604_000
