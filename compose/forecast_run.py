"""How the forecast of a run in containers is made: on the simulated market's past, or on Gemini's own candles."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from compose.settings import ComposeSettings
from local.forecast_kept import can_be_kept, forecast_folder, forget_origin, kept_origin, table_end, table_file
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
    """Whether the table that is there, by which the bot goes, reaches to now."""
    end = table_end(settings.state_dir)
    return end is not None and end >= now_ms


def is_of_another_market(settings: ComposeSettings) -> bool:
    """Whether the forecast that is there is of another symbol than the bot trades, or of the other kind of market."""
    origin = kept_origin(settings.state_dir)
    return origin is not None and (
        origin.symbol != settings.bot_symbol or (origin.cycle_seconds is not None) is not settings.is_simulated
    )


def forget_forecast(settings: ComposeSettings) -> None:
    """The bot must not go by it: until there is another one, it opens nothing."""
    table_file(settings.state_dir).unlink(missing_ok=True)
    forget_origin(settings.state_dir)


@contextmanager
def only_maker(settings: ComposeSettings, *, waits: bool) -> Iterator[bool]:
    """Yields whether nobody else makes this forecast within; with `waits`, as soon as that is so."""
    folder = forecast_folder(settings.state_dir)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".making").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def make_forecast(settings: ComposeSettings, run: Callable[[Step], int]) -> None:
    """Makes the forecast anew and tells the topic; `run` runs a step and returns its exit code.

    Raises `TemporarilyUnavailable` when a step says that trying again is the cure, `GaveUp` when one failed otherwise.
    """
    for step in steps(settings):
        before = kept_origin(settings.state_dir)
        code = run(step)
        if code == EXIT_OK:
            continue
        if kept_origin(settings.state_dir) != before:
            # A table that was written but could not be published would be taken for done.
            forget_origin(settings.state_dir)
        title = f"python -m {' '.join(step[:2])}"
        if code == EXIT_RESTART:
            raise TemporarilyUnavailable(f"{title} could not be done now; its reason is above")
        raise GaveUp(f"{title} failed (exit code {code}); its reason is above")
