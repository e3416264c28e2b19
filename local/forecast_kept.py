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


def can_be_kept(run_dir: Path, cycle_seconds: int, now_ms: int) -> bool:
    """Whether there is a forecast that knows this cycle and covers the next hours from `now_ms` on."""
    try:
        origin = decode_forecast((forecast_folder(run_dir) / "origin.json").read_bytes())
    except (OSError, MalformedForecast):
        return False
    return (
        isinstance(origin, ForecastOrigin)
        and origin.cycle_seconds == cycle_seconds
        and origin.first <= now_ms
        and origin.last >= now_ms + STILL_COVERS_MS
        and table_file(run_dir).is_file()
    )
