"""The commands as a person runs them: exit code, what stands on stdout and stderr, files."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from forecasting.__main__ import main
from market.forecast import parse_table
from tests.forecasting.made_up import HEADER, START, cycle_history, line_of, lines_of, written

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return written(tmp_path, lines_of(cycle_history(600)))


def run_apart(folder: Path, *words: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """The command in a process of its own: without terminal, input or anything in HOME, state below `folder`."""
    home = folder / "home"
    home.mkdir()
    return subprocess.run(
        [sys.executable, "-m", "forecasting", *words],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "STATE_DIR": str(folder / "state"), **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_train_runs_without_terminal_home_or_input(tmp_path: Path, history: Path) -> None:
    ran = run_apart(tmp_path, "train", "--history", str(history), "--cycle", "720", "--periods", "30")
    assert ran.returncode == 0, ran.stderr
    assert "SIMULATED" in ran.stdout
    assert "50.0 %" in ran.stdout
    assert "Fitting" in ran.stderr
    assert "cmdstanpy" not in ran.stderr
    assert "plotly" not in ran.stderr
    assert len(parse_table((tmp_path / "state" / "forecast" / "forecast.csv").read_text())) == 30


def test_broker_away_leaves_the_table_written_and_asks_to_be_run_again(
    tmp_path: Path, history: Path, free_ports: Callable[[int], tuple[int, ...]]
) -> None:
    (port,) = free_ports(1)
    words = ("train", "--history", str(history), "--resample", "1min", "--periods", "30", "--holdout-days", "0")
    ran = run_apart(tmp_path, *words, "--publish", KAFKA_BOOTSTRAP=f"127.0.0.1:{port}")
    assert ran.returncode == 75
    assert ran.stderr.splitlines()[-1].startswith(f"forecasting: Kafka at 127.0.0.1:{port} does not answer")
    assert len(parse_table((tmp_path / "state" / "forecast" / "forecast.csv").read_text())) == 30


def test_train_writes_where_it_is_told(tmp_path: Path, history: Path) -> None:
    words = ["train", "--history", str(history), "--resample", "1min", "--periods", "1h", "--holdout-days", "0"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    assert len(parse_table((tmp_path / "out" / "forecast.csv").read_text())) == 60


def test_evaluate_measures_and_writes_nothing(
    tmp_path: Path, history: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "--history", str(history), "--resample", "1min", "--holdout-days", "0.05"]) == 0
    told = capsys.readouterr().out
    assert "of 72 unseen minutes" in told
    assert list(tmp_path.iterdir()) == [history]


def test_check_tells_what_the_history_holds(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--history", str(history)]) == 0
    assert "600 minutes from 2018-01-01 00:00 UTC" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["check", "train", "evaluate"])
def test_wrong_history_is_one_line_with_the_place_and_exit_code_78(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, [HEADER, line_of(START), line_of(START * 1000)])
    assert main([command, "--history", str(path)]) == 78
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(
        f"forecasting: {path}, line 3, column 1: Timestamp is {START * 1000}: these are milliseconds"
    )


def test_short_history_is_told_and_nothing_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, lines_of(cycle_history(90)))
    assert main(["train", "--history", str(path), "--out", str(tmp_path / "out")]) == 78
    assert "90 points of 1 min are too few" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_span_that_was_asked_for_is_kept_however_short_the_history(
    tmp_path: Path, history: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--history", str(history), "--resample", "15min", "--out", str(tmp_path / "out")]) == 78
    assert "40 points of 15 min are too few" in capsys.readouterr().err


def test_short_history_is_fitted_on_shorter_means_and_called_short(
    history: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "--history", str(history), "--holdout-days", "0.05"]) == 0
    told = capsys.readouterr()
    assert "a SHORT history, 10.0 h" in told.out
    assert "Fitting" not in told.err or "single minutes" in told.err


def test_output_folder_that_is_a_file_is_told(
    tmp_path: Path, history: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("a file")
    words = ["train", "--history", str(history), "--resample", "1min", "--holdout-days", "0"]
    assert main([*words, "--out", str(tmp_path / "taken")]) == 78
    assert "cannot be written to" in capsys.readouterr().err


def test_means_too_coarse_for_the_cycle_are_a_usage_error(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["train", "--history", str(history), "--cycle", "720", "--resample", "15min"])
    assert refused.value.code == 2
    assert "a third of --cycle" in capsys.readouterr().err
