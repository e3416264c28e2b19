"""`make forecast` without a history: the demo's forecast, trained when somebody asks for it."""

from pathlib import Path

import pytest

from local.forecast_kept import kept_origin, table_file
from local.forecast_now import TrainingFailed, train_now
from local.settings import LocalSettings
from pipeline.settings import load


def settings(state: Path, **given: object) -> LocalSettings:
    return load(LocalSettings, {}, state_dir=state, demo_history_days=0.25, **given)


def test_forecast_of_the_demos_market_is_where_the_demo_looks_for_it(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    said: list[str] = []
    train_now(chosen, said.append)
    origin = kept_origin(chosen.run_dir)
    assert origin is not None
    assert origin.cycle_seconds == chosen.simulator_cycle_seconds
    assert table_file(chosen.run_dir).read_text(encoding="utf-8").startswith("ds,yhat,delta,side\n")
    assert str(chosen.run_dir) in said[0]


def test_training_that_cannot_write_says_which_command_failed(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    chosen.run_dir.mkdir(parents=True)
    (chosen.run_dir / "history.csv").mkdir()
    with pytest.raises(TrainingFailed, match=r"simulator history .* exit code 78"):
        train_now(chosen, lambda _: None)
