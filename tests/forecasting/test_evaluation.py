"""The honest measure: which minutes count, and what it says of a cycle and of noise."""

import numpy as np
import pytest

from forecasting.errors import TooLittleHistory
from forecasting.evaluation import held_out_seconds, known_changes, measure
from forecasting.history import MINUTE, History
from forecasting.model import FitSettings
from tests.forecasting.made_up import CYCLE, START, cycle_history


def history_of(places: list[int], prices: list[float]) -> History:
    return History(START + MINUTE * np.array(places, dtype=np.int64), np.array(prices))


def test_only_minutes_whose_change_is_known_count() -> None:
    nan = float("nan")
    history = history_of([0, 1, 2, 3, 5, 6, 7, 8], [100.0, 101.0, 101.0, 202.0, 303.0, nan, 303.0, 101.0])
    starts, changes = known_changes(history, START)
    # Left out: minute 2 (no change), 5 (the minute before is missing), 6 and 7 (no price).
    assert ((starts - START) // MINUTE).tolist() == [1, 3, 8]
    assert changes.tolist() == pytest.approx([0.01, 1.0, -2 / 3])


def test_first_held_out_minute_counts_with_the_last_seen_one_before_it() -> None:
    history = history_of([0, 1, 2], [100.0, 101.0, 102.0])
    starts, _ = known_changes(history, START + MINUTE)
    assert starts.tolist() == [START + 60, START + 120]


def test_learned_cycle_is_right_in_most_unseen_minutes() -> None:
    history = cycle_history(1600)
    measured = measure(history, FitSettings(60, CYCLE), 400 * MINUTE)
    assert measured is not None
    assert (measured.first, measured.last, measured.minutes) == (history.last - 399 * MINUTE, history.last, 400)
    assert measured.right_percent > 70
    assert 35 < measured.rising_percent < 65
    assert measured.standard_error == pytest.approx(2.5)


def test_noise_is_right_in_about_half_of_the_unseen_minutes() -> None:
    measured = measure(cycle_history(1600, amplitude=0.0), FitSettings(60), 400 * MINUTE)
    assert measured is not None
    assert 35 < measured.right_percent < 65


def test_held_out_stretch_without_a_known_change_is_not_measured() -> None:
    history = cycle_history(300)
    flat = History(history.starts, np.where(np.arange(300) < 250, history.prices, np.nan))
    assert measure(flat, FitSettings(60), 20 * MINUTE) is None


def test_what_is_left_must_be_enough_to_fit() -> None:
    with pytest.raises(TooLittleHistory):
        measure(cycle_history(150), FitSettings(60), 100 * MINUTE)


def test_at_most_a_quarter_of_the_history_is_held_out() -> None:
    history = cycle_history(400)
    assert held_out_seconds(history, 7) == 100 * MINUTE
    assert held_out_seconds(history, 0.01) == 864
    assert held_out_seconds(history, 0) == 0
