"""What the model is fitted on: means, and the times that stand for them."""

import numpy as np
import pandas as pd
import pytest

from forecasting.history import MINUTE, History
from forecasting.points import training_points
from tests.forecasting.made_up import START


def history_of(prices: list[float], skip: frozenset[int] = frozenset()) -> History:
    places = np.array([place for place in range(len(prices)) if place not in skip], dtype=np.int64)
    return History(START + MINUTE * places, np.array(prices)[places])


def test_mean_of_fifteen_minutes_is_labelled_by_the_mean_of_their_times() -> None:
    points = training_points(history_of([100.0] * 30), 900)
    assert points["ds"].tolist() == [pd.Timestamp("2018-01-01 00:07:00"), pd.Timestamp("2018-01-01 00:22:00")]


def test_label_follows_the_minutes_that_are_there() -> None:
    # Of the first quarter of an hour only the minutes 0, 1 and 5 traded: their mean is minute 2.
    history = history_of([100.0] * 15, skip=frozenset(range(2, 15)) - {5})
    assert training_points(history, 900)["ds"].tolist() == [pd.Timestamp("2018-01-01 00:02:00")]


def test_minutes_without_a_price_count_neither_in_the_mean_nor_in_the_label() -> None:
    points = training_points(history_of([100.0, float("nan"), 100.0, float("nan")]), 900)
    assert points["ds"].tolist() == [pd.Timestamp("2018-01-01 00:01:00")]
    assert points["y"].tolist() == pytest.approx([np.log(100.0)])


def test_value_is_the_mean_of_the_log_prices() -> None:
    points = training_points(history_of([100.0, 400.0]), 900)
    assert points["y"].tolist() == pytest.approx([np.log(200.0)])


def test_line_through_the_means_is_the_line_of_the_minutes() -> None:
    # With labels at the left edge the line would come out 7 minutes late.
    log_prices = 9 + 0.001 * np.arange(60)
    history = History(START + MINUTE * np.arange(60, dtype=np.int64), np.exp(log_prices))
    points = training_points(history, 900)
    minutes = (points["ds"] - pd.Timestamp("2018-01-01")) / pd.Timedelta(minutes=1)
    assert points["y"].to_numpy() == pytest.approx(9 + 0.001 * minutes.to_numpy())


def test_single_minutes_keep_their_own_times() -> None:
    points = training_points(history_of([100.0, 101.0]), 60)
    assert points["ds"].tolist() == [pd.Timestamp("2018-01-01 00:00:00"), pd.Timestamp("2018-01-01 00:01:00")]


def test_history_without_any_price_has_no_points() -> None:
    assert training_points(history_of([float("nan")] * 3), 900).empty
