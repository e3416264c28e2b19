"""The one-shot that trains the forecast of a run in containers."""

from pathlib import Path

import msgspec
import pytest

from compose.forecast_run import Step, run_forecast, steps
from compose.settings import ComposeSettings
from forecasting.arguments import parser
from local.forecast_kept import forecast_folder, table_file
from pipeline.errors import GaveUp, TemporarilyUnavailable
from pipeline.log import get_log
from pipeline.settings import load
from tests.local.test_forecast_kept import leave_forecast
from tests.local.test_trading_screen import ORIGIN

LOG = get_log("compose")
HOUR_MS = 3_600_000


def settings(state: Path, profile: str = "simulator") -> ComposeSettings:
    return load(ComposeSettings, {"STATE_DIR": str(state), "COMPOSE_PROFILES": profile})


class Runner:
    """Takes steps and answers with an exit code."""

    def __init__(self, code: int = 0) -> None:
        self.ran: list[Step] = []
        self.code = code

    def __call__(self, step: Step) -> int:
        self.ran.append(step)
        return self.code


def test_simulated_market_is_taught_its_cycle(tmp_path: Path) -> None:
    history, train = steps(settings(tmp_path))
    assert history[:2] == ("simulator", "history")
    known = parser().parse_args(train[1:])
    assert known.cycle == 720
    assert str(known.history) == history[history.index("--out") + 1]
    assert known.out == forecast_folder(tmp_path)
    assert known.publish


@pytest.mark.parametrize("profile", ["", "simulator"])
def test_every_step_runs_once_in_order(tmp_path: Path, profile: str) -> None:
    runner = Runner()
    run_forecast(settings(tmp_path, profile), runner, LOG, again=False)
    assert tuple(runner.ran) == steps(settings(tmp_path, profile))


@pytest.mark.parametrize(("code", "error"), [(75, TemporarilyUnavailable), (1, GaveUp), (78, GaveUp), (-9, GaveUp)])
def test_a_step_that_fails_ends_the_run_with_its_kind(tmp_path: Path, code: int, error: type[Exception]) -> None:
    runner = Runner(code)
    with pytest.raises(error):
        run_forecast(settings(tmp_path), runner, LOG, again=False)
    assert len(runner.ran) == 1


def kept(state: Path, cycle: int | None) -> None:
    """Leaves a forecast that covers the next two days."""
    now = settings(state).clock().wall_ms()
    forecast_folder(state).mkdir(exist_ok=True)
    origin = msgspec.structs.replace(ORIGIN, cycle_seconds=cycle, first=now - HOUR_MS, last=now + 48 * HOUR_MS)
    leave_forecast(state, origin)


def trained(state: Path, profile: str, *, again: bool = False) -> bool:
    runner = Runner()
    run_forecast(settings(state, profile), runner, LOG, again=again)
    return bool(runner.ran)


def test_forecast_that_still_serves_is_kept_unless_a_new_one_is_asked_for(tmp_path: Path) -> None:
    kept(tmp_path, 720)
    assert not trained(tmp_path, "simulator")
    assert trained(tmp_path, "simulator", again=True)


def test_forecast_that_could_not_be_published_is_made_and_published_again(tmp_path: Path) -> None:
    kept(tmp_path, 720)
    with pytest.raises(TemporarilyUnavailable):
        run_forecast(settings(tmp_path), Runner(75), LOG, again=True)
    assert table_file(tmp_path).exists()
    assert trained(tmp_path, "simulator")


@pytest.mark.parametrize("profile", ["", "simulator"])
def test_forecast_is_of_the_symbol_that_the_bot_trades(tmp_path: Path, profile: str) -> None:
    environ = {"STATE_DIR": str(tmp_path), "COMPOSE_PROFILES": profile, "BOT_SYMBOL": "ETHUSD"}
    for step in steps(load(ComposeSettings, environ)):
        assert step[step.index("--symbol") + 1] == "ETHUSD"
    kept(tmp_path, 720 if profile else None)
    runner = Runner()
    run_forecast(load(ComposeSettings, environ), runner, LOG, again=False)
    assert runner.ran


def test_forecast_of_the_other_kind_of_market_does_not_serve(tmp_path: Path) -> None:
    kept(tmp_path, 720)
    assert trained(tmp_path, "")
    kept(tmp_path, None)
    assert trained(tmp_path, "simulator")
    assert not trained(tmp_path, "")
