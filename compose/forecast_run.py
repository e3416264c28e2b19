"""The one-shot that trains a run's forecast: on the simulated market's past, or on Gemini's own candles."""

import subprocess
import sys
from collections.abc import Callable, Sequence

from compose.settings import ComposeSettings
from local.forecast_kept import can_be_kept, forecast_folder, forget_origin
from local.part_plans import FORECAST_SPAN, HOLDOUT_DAYS
from pipeline.errors import EXIT_OK, EXIT_RESTART, GaveUp, TemporarilyUnavailable
from pipeline.log import Log

# The arguments of one `python -m ...`.
Step = tuple[str, ...]
# Gemini gives about a day of candles at first.
LIVE_SPAN, LIVE_HOLDOUT_DAYS = "7d", "0.2"


def steps(settings: ComposeSettings) -> tuple[Step, ...]:
    """What is run, one after the other, to make the forecast."""
    state = settings.state_dir
    out = ("--out", str(forecast_folder(state)), "--publish")
    of_symbol = ("--symbol", settings.bot_symbol)
    if settings.is_simulated:
        history = str(forecast_folder(state) / "simulated.csv")
        cycle = ("--cycle", str(settings.simulator_cycle_seconds), "--periods", FORECAST_SPAN)
        return (
            ("simulator", "history", *of_symbol, "--out", history, "--days", f"{settings.demo_history_days:g}"),
            ("forecasting", "train", *of_symbol, "--history", history, *cycle, "--holdout-days", HOLDOUT_DAYS, *out),
        )
    history = str(forecast_folder(state) / f"candles-{settings.bot_symbol}.csv")
    return (
        ("forecasting", "candles", *of_symbol, "--out", history),
        (
            "forecasting",
            "train",
            *of_symbol,
            "--history",
            history,
            "--periods",
            LIVE_SPAN,
            "--holdout-days",
            LIVE_HOLDOUT_DAYS,
            *out,
        ),
    )


def run_forecast(settings: ComposeSettings, run: Callable[[Step], int], log: Log, *, again: bool) -> None:
    """Trains unless what is there still covers the next hours; `again`: in any case.

    Raises `TemporarilyUnavailable` when a step says that a restart is the cure, `GaveUp` when one failed otherwise.
    """
    cycle = settings.simulator_cycle_seconds if settings.is_simulated else None
    if not again and can_be_kept(settings.state_dir, cycle, settings.clock().wall_ms(), settings.bot_symbol):
        log.info("the forecast that is there still covers the next hours; make forecast trains it anew")
        return
    for step in steps(settings):
        code = run(step)
        if code == EXIT_RESTART:
            # A table that was written but could not be published would be taken for done.
            forget_origin(settings.state_dir)
            raise TemporarilyUnavailable(f"python -m {' '.join(step[:2])} could not be done now; its reason is above")
        if code != EXIT_OK:
            raise GaveUp(
                f"python -m {' '.join(step[:2])} failed (exit code {code}); its reason is above. The bot opens nothing "
                "without a forecast; make forecast tries again"
            )


def in_a_process(step: Sequence[str]) -> int:
    """Runs a step in a process of its own, whose output is ours; returns its exit code."""
    return subprocess.run([sys.executable, "-m", *step], check=False).returncode
