"""When a part that ended is started again."""

import pytest

from local.restarts import SUDDEN_ENDS, Ended, end_text, may_restart, sudden_ends


def test_part_that_asks_for_it_is_always_restarted() -> None:
    assert may_restart(75, sudden=1000)
    assert sudden_ends(3, Ended(code=75, lived_seconds=1)) == 3


@pytest.mark.parametrize("code", [0, 78])
def test_part_that_stopped_on_purpose_or_has_wrong_settings_stays_down(code: int) -> None:
    assert not may_restart(code, sudden=1)


@pytest.mark.parametrize("code", [-9, 70, 1])
def test_killed_or_broken_part_is_restarted_until_it_ends_too_often(code: int) -> None:
    sudden = 0
    for _ in range(SUDDEN_ENDS - 1):
        sudden = sudden_ends(sudden, Ended(code, lived_seconds=2))
        assert may_restart(code, sudden)
    assert not may_restart(code, sudden_ends(sudden, Ended(code, lived_seconds=2)))


def test_part_that_lived_for_long_is_counted_anew() -> None:
    assert sudden_ends(4, Ended(-9, lived_seconds=3600)) == 1


def test_end_is_told_in_words() -> None:
    assert end_text(-9) == "was killed by signal 9"
    assert end_text(75) == "asked to be restarted"
    assert end_text(70) == "ended with exit code 70"
