"""Whether the forecast that an earlier run has left can be used again."""

from pathlib import Path

from market.forecast import ForecastOrigin, MalformedForecast, decode_forecast

# A forecast that ends sooner than this is made anew.
STILL_COVERS_MS = 12 * 3_600_000


def forecast_folder(run_dir: Path) -> Path:
    """Where a run keeps its forecast."""
    return run_dir / "forecast"


def table_file(run_dir: Path) -> Path:
    """The table that the bot trades by."""
    return forecast_folder(run_dir) / "forecast.csv"


def kept_origin(run_dir: Path) -> ForecastOrigin | None:
    """What made the run's forecast; None when there is none that can be read."""
    try:
        origin = decode_forecast((forecast_folder(run_dir) / "origin.json").read_bytes())
    except (OSError, MalformedForecast):
        return None
    return origin if isinstance(origin, ForecastOrigin) else None


def can_be_kept(run_dir: Path, cycle_seconds: int | None, now_ms: int) -> bool:
    """Whether there is a forecast that knows this cycle (None: of a real market) and covers the next hours."""
    origin = kept_origin(run_dir)
    return (
        origin is not None
        and origin.cycle_seconds == cycle_seconds
        and origin.first <= now_ms
        and origin.last >= now_ms + STILL_COVERS_MS
        and table_file(run_dir).is_file()
    )
