"""The one clock: what it shows follows from real time, its anchor, start and speed alone."""

import pytest

from pipeline.clock import Clock


class RealTime:
    """Real time that stands until it is moved."""

    def __init__(self, ms: float) -> None:
        self.ms = ms

    def __call__(self) -> float:
        return self.ms


def test_real_clock_shows_real_time() -> None:
    real = RealTime(1_700_000_000_123.4)
    clock = Clock(real_ms=real, real_monotonic_ms=RealTime(5.0))
    assert clock.wall_ms() == 1_700_000_000_123
    assert clock.monotonic_ms() == 5.0
    assert clock.real_seconds(1500) == 1.5


def test_clock_at_speed_four_shows_four_minutes_after_one() -> None:
    real, monotonic = RealTime(1_000_000), RealTime(70)
    clock = Clock(1_000_000, 5_000, 4.0, real_ms=real, real_monotonic_ms=monotonic)
    assert clock.wall_ms() == 5_000
    before = clock.monotonic_ms()
    real.ms += 60_000
    monotonic.ms += 60_000
    assert clock.wall_ms() == 5_000 + 240_000
    assert clock.monotonic_ms() - before == 240_000
    assert clock.real_seconds(240_000) == 60


def test_two_clocks_of_the_same_settings_agree_whenever_they_were_made() -> None:
    real = RealTime(1_000)
    first = Clock(500, 0, 10.0, real_ms=real)
    real.ms = 7_777
    assert Clock(500, 0, 10.0, real_ms=real).wall_ms() == first.wall_ms() == 72_770


def test_time_that_has_passed_already_is_not_waited_for() -> None:
    assert Clock.real().real_seconds(-5) == 0


def test_speed_without_an_anchor_is_refused() -> None:
    with pytest.raises(ValueError, match="anchor"):
        Clock(speed=2.0)
