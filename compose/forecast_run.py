"""How the forecast of a run in containers is made: on the simulated market's past, or on Gemini's own candles."""

from collections.abc import Callable

from compose.settings import ComposeSettings
from local.forecast_kept import can_be_kept, forecast_folder, forget_origin, kept_origin
from local.part_plans import FORECAST_SPAN, HOLDOUT_DAYS
from pipeline.errors import EXIT_OK, EXIT_RESTART, GaveUp, TemporarilyUnavailable

# The arguments of one `python -m ...`.
Step = tuple[str, ...]
# Gemini gives about a day of candles at first.
LIVE_SPAN, LIVE_HOLDOUT_DAYS = "7d", "0.2"
HOUR_MS = 3_600_000


def steps(settings: ComposeSettings) -> tuple[Step, ...]:
    """What is run, one after the other, to make the forecast."""
    folder = forecast_folder(settings.state_dir)
    of_symbol, out = ("--symbol", settings.bot_symbol), ("--out", str(folder), "--publish")
    if settings.is_simulated:
        history = str(folder / "simulated.csv")
        cycle = ("--cycle", str(settings.simulator_cycle_seconds), "--periods", FORECAST_SPAN)
        return (
            ("simulator", "history", *of_symbol, "--out", history, "--days", f"{settings.demo_history_days:g}"),
            ("forecasting", "train", *of_symbol, "--history", history, *cycle, "--holdout-days", HOLDOUT_DAYS, *out),
        )
    candles = "--history", str(folder / f"candles-{settings.bot_symbol}.csv")
    span = ("--periods", LIVE_SPAN, "--holdout-days", LIVE_HOLDOUT_DAYS)
    return (("forecasting", "live", "--once", *of_symbol, *candles, *span, *out),)


def is_due(settings: ComposeSettings, now_ms: int) -> bool:
    """Whether a forecast is to be made: there is none, or it ends soon, or much has happened since it was made.

    A simulated market goes on as before.
    """
    cycle = settings.simulator_cycle_seconds if settings.is_simulated else None
    origin = kept_origin(settings.state_dir)
    if origin is None or not can_be_kept(settings.state_dir, cycle, now_ms, settings.bot_symbol):
        return True
    return not settings.is_simulated and now_ms - origin.event_time >= settings.forecast_renew_hours * HOUR_MS


def serves(settings: ComposeSettings, now_ms: int) -> bool:
    """Whether the bot can go by the forecast that is there."""
    origin = kept_origin(settings.state_dir)
    return origin is not None and origin.symbol == settings.bot_symbol and origin.last >= now_ms


def make_forecast(settings: ComposeSettings, run: Callable[[Step], int]) -> None:
    """Makes the forecast anew and tells the topic; `run` runs a step and returns its exit code.

    Raises `TemporarilyUnavailable` when a step says that trying again is the cure, `GaveUp` when one failed otherwise.
    """
    for step in steps(settings):
        before = kept_origin(settings.state_dir)
        code = run(step)
        title = f"python -m {' '.join(step[:2])}"
        if code == EXIT_RESTART:
            if kept_origin(settings.state_dir) != before:
                # A table that was written but could not be published would be taken for done.
                forget_origin(settings.state_dir)
            raise TemporarilyUnavailable(f"{title} could not be done now; its reason is above")
        if code != EXIT_OK:
            raise GaveUp(f"{title} failed (exit code {code}); its reason is above")
