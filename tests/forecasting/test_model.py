"""Prophet fitted on small histories: the simulated cycle is learned, what cannot be fitted is told."""

import logging
from dataclasses import replace
from math import cos, pi

import pytest

from forecasting.errors import TooLittleHistory
from forecasting.history import History
from forecasting.minutes import forecast_table
from forecasting.model import CYCLE_NAME, FitSettings, FittedModel, expected, fit, minute_grid, suited_span
from forecasting.quiet_prophet import model_from_json, quiet_libraries
from tests.forecasting.made_up import CYCLE, cycle_history

SIMULATED = FitSettings(resample_seconds=60, cycle_seconds=CYCLE)


@pytest.fixture(scope="module")
def history() -> History:
    return cycle_history(1500)


@pytest.fixture(scope="module")
def model(history: History) -> FittedModel:
    return fit(history, SIMULATED)


def test_cycle_is_learned_with_its_phase(history: History, model: FittedModel) -> None:
    table = forecast_table(model, history.last, 240)
    # The change from the minute before is steepest half a minute earlier.
    rising = [cos(2 * pi * (row.ds / 1000 - 30) / CYCLE) > 0 for row in table.rows]
    agreed = sum((row.side == "buy") == up for row, up in zip(table.rows, rising, strict=True))
    assert agreed >= 200
    assert 60 <= table.buys <= 180


def test_table_starts_in_the_minute_after_the_history(history: History, model: FittedModel) -> None:
    table = forecast_table(model, history.last, 3)
    assert [row.ds for row in table.rows] == [(history.last + 60 * ahead) * 1000 for ahead in (1, 2, 3)]


def test_first_row_changes_from_the_model_s_own_price_of_the_last_known_minute(
    history: History, model: FittedModel
) -> None:
    (first,) = forecast_table(model, history.last, 1).rows
    earlier = forecast_table(model, history.last - 60, 1).rows[0]
    assert first.yhat is not None
    assert earlier.yhat is not None
    assert first.delta == first.yhat - earlier.yhat


def test_model_read_from_its_json_expects_the_same(history: History, model: FittedModel) -> None:
    grid = minute_grid(history.last, 5)
    with quiet_libraries():
        again = replace(model, prophet=model_from_json(model.as_json()))
    assert expected(again, grid)["yhat"].tolist() == pytest.approx(expected(model, grid)["yhat"].tolist())


def test_cycle_stands_in_the_model_under_a_name_that_says_simulated(model: FittedModel) -> None:
    assert CYCLE_NAME == "simulated_cycle"
    assert CYCLE_NAME in model.prophet.seasonalities


def test_real_market_has_no_cycle_and_is_not_called_simulated() -> None:
    model = fit(cycle_history(1800), FitSettings(resample_seconds=900))
    assert CYCLE_NAME not in model.prophet.seasonalities
    assert model.points == 120
    assert model.settings.label == "Prophet on 15-minute means"


def test_label_says_when_the_market_is_simulated() -> None:
    assert SIMULATED.label.startswith("SIMULATED")
    assert "720 s" in SIMULATED.label


def test_history_too_short_to_fit_is_told_with_what_is_needed() -> None:
    with pytest.raises(TooLittleHistory, match=r"99 points of 1 min .* at least 100"):
        fit(cycle_history(99), FitSettings(resample_seconds=60))


def test_fitting_reports_nothing_and_leaves_the_loggers_as_they_were(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    before = logging.getLogger("prophet").level
    fit(cycle_history(150), FitSettings(resample_seconds=60))
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    assert logging.getLogger("prophet").level == before


@pytest.mark.parametrize(("minutes", "span"), [(3000, 900), (2999, 300), (1000, 300), (999, 60), (10, 60)])
def test_shorter_means_are_taken_where_longer_ones_would_be_too_few(minutes: int, span: int) -> None:
    assert suited_span(cycle_history(minutes)) == span
