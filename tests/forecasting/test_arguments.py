"""What can be asked for on the command line, and what is refused."""

import argparse

import pytest

from forecasting.arguments import cycle_seconds, days, fit_settings, minutes, parser, resample_seconds
from forecasting.model import FitSettings


def fit_of(*words: str) -> FitSettings:
    return fit_settings(parser().parse_args(["train", "--history", "x.csv", *words]))


@pytest.mark.parametrize(
    ("text", "expected"), [("30d", 43_200), ("12h", 720), ("90min", 90), ("150000", 150_000), ("1", 1)]
)
def test_span_is_read_as_minutes(text: str, expected: int) -> None:
    assert minutes(text) == expected


@pytest.mark.parametrize("text", ["0", "-5", "5 days", "731d", "1.5h", "", "99999999"])
def test_span_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="such as 30d"):
        minutes(text)


@pytest.mark.parametrize("text", ["15", "0min", "2000min", "quarter"])
def test_resampling_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="15min"):
        resample_seconds(text)


@pytest.mark.parametrize("text", ["0", "60", "12min", "100000"])
def test_cycle_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="such as 720"):
        cycle_seconds(text)


@pytest.mark.parametrize("text", ["-1", "week", "nan"])
def test_days_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="number of days"):
        days(text)


def test_real_market_is_fitted_on_fifteen_minute_means() -> None:
    assert fit_of() == FitSettings(resample_seconds=900, cycle_seconds=None)


def test_simulated_cycle_is_fitted_on_single_minutes() -> None:
    assert fit_of("--cycle", "720") == FitSettings(resample_seconds=60, cycle_seconds=720)


def test_resampling_can_be_set() -> None:
    assert fit_of("--resample", "5min").resample_seconds == 300


def test_means_too_coarse_for_the_cycle_are_refused() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="a third of --cycle"):
        fit_of("--cycle", "720", "--resample", "15min")
