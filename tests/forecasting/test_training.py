"""A whole training: what it writes, and that it says the same everywhere."""

import hashlib
from pathlib import Path

import pytest
from rich.console import Console

from forecasting.history_file import HistoryFile, read_history
from forecasting.model import FitSettings
from forecasting.steps import Steps
from forecasting.training import Request, Trained, train, write_outputs
from market.forecast import ForecastOrigin, decode_forecast, parse_table
from tests.forecasting.made_up import CYCLE, cycle_history, lines_of, written

NOW_MS = 1_700_000_000_123
QUIET = Steps(Console(quiet=True), lambda: 0.0)


def asked(cycle: int | None = CYCLE, holdout_days: float = 0.1) -> Request:
    return Request("gemini", "BTCUSD", FitSettings(60, cycle), minutes=90, holdout_days=holdout_days)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> HistoryFile:
    path = written(tmp_path_factory.mktemp("history"), lines_of(cycle_history(1000)), "simulated.csv.gz")
    return read_history(path, lambda done, whole: None)


@pytest.fixture(scope="module")
def trained(source: HistoryFile) -> Trained:
    return train(source, asked(), NOW_MS, QUIET)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, trained: Trained) -> Path:
    folder = tmp_path_factory.mktemp("out") / "made" / "when" / "needed"
    write_outputs(folder, trained)
    return folder


def test_folder_holds_the_four_files_and_nothing_half_written(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [
        "components.png", "forecast.csv", "model.json", "origin.json",
    ]  # fmt: skip


def test_table_in_the_file_is_the_one_that_was_trained(folder: Path, trained: Trained) -> None:
    assert parse_table((folder / "forecast.csv").read_text()) == trained.table
    assert len(trained.table) == 90


def test_plot_is_a_png(folder: Path) -> None:
    assert (folder / "components.png").read_bytes().startswith(b"\x89PNG")


def test_origin_names_history_table_and_settings(folder: Path, source: HistoryFile) -> None:
    origin = decode_forecast((folder / "origin.json").read_bytes())
    assert isinstance(origin, ForecastOrigin)
    assert (origin.history, origin.history_sha256, origin.history_rows) == ("simulated.csv.gz", source.sha256, 1000)
    assert origin.table_sha256 == hashlib.sha256((folder / "forecast.csv").read_bytes()).hexdigest()
    assert (origin.event_time, origin.rows, origin.cycle_seconds, origin.rows_used) == (NOW_MS, 90, CYCLE, 1000)
    assert origin.first == origin.history_last + 60_000
    assert "SIMULATED" in origin.label


def test_held_out_share_goes_into_the_origin(trained: Trained) -> None:
    assert trained.measure is not None
    assert trained.origin.holdout_minutes == trained.measure.minutes == 144
    assert trained.origin.holdout_right == trained.measure.right


def test_nothing_held_out_is_nothing_measured(source: HistoryFile) -> None:
    trained = train(source, asked(holdout_days=0), NOW_MS, QUIET)
    assert trained.measure is None
    assert (trained.origin.holdout_minutes, trained.origin.holdout_right) == (None, None)


def test_same_history_trained_again_gives_the_same_table_but_another_id(source: HistoryFile, trained: Trained) -> None:
    again = train(source, asked(holdout_days=0), NOW_MS + 1, QUIET)
    assert again.table == trained.table
    assert again.origin.id != trained.origin.id


def test_second_training_takes_the_place_of_the_first(tmp_path: Path, source: HistoryFile, trained: Trained) -> None:
    write_outputs(tmp_path, trained)
    later = train(source, Request("gemini", "BTCUSD", FitSettings(60), 10, 0), NOW_MS, QUIET)
    write_outputs(tmp_path, later)
    assert parse_table((tmp_path / "forecast.csv").read_text()) == later.table
    assert len(list(tmp_path.iterdir())) == 4
