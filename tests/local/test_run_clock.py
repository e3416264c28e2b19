"""The clock that all parts of a run share."""

from local.run_clock import RunClock, next_clock

NOW = 1_767_268_800_000


def test_first_run_at_speed_one_uses_real_time() -> None:
    assert next_clock(None, 1.0, NOW) == RunClock()
    assert RunClock().wall_ms(NOW) == NOW


def test_fast_clock_starts_now() -> None:
    clock = next_clock(None, 4.0, NOW)
    assert clock.wall_ms(NOW) == NOW
    assert clock.wall_ms(NOW + 1_000) == NOW + 4_000


def test_clock_of_the_next_run_never_goes_back() -> None:
    first = next_clock(None, 4.0, NOW)
    later = NOW + 60_000
    for speed in (1.0, 2.0, 4.0):
        assert next_clock(first, speed, later).wall_ms(later) == first.wall_ms(later) == NOW + 240_000


def test_slow_clock_catches_up_with_real_time() -> None:
    first = RunClock(speed=0.5, anchor_ms=NOW, start_ms=NOW)
    assert next_clock(first, 1.0, NOW + 60_000) == RunClock()
