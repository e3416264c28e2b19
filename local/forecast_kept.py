"""Whether the forecast that an earlier run has left can be used again."""

import hashlib
from pathlib import Path

from market.forecast import ForecastOrigin, MalformedForecast, decode_forecast, parse_table

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


def can_be_kept(run_dir: Path, cycle_seconds: int | None, now_ms: int, symbol: str | None = None) -> bool:
    """Whether there is a forecast that knows this cycle (None: of a real market) and covers the next hours.

    With a `symbol`, only one that was made for it.
    """
    origin = kept_origin(run_dir)
    return (
        origin is not None
        and symbol in (None, origin.symbol)
        and origin.cycle_seconds == cycle_seconds
        and origin.first <= now_ms
        and origin.last >= now_ms + STILL_COVERS_MS
        and _is_table_of(origin, run_dir)
    )


def _is_table_of(origin: ForecastOrigin, run_dir: Path) -> bool:
    """The table is written after its origin: one that could not be is an older one."""
    try:
        return hashlib.sha256(table_file(run_dir).read_bytes()).hexdigest() == origin.table_sha256
    except OSError:
        return False


def table_end(run_dir: Path) -> int | None:
    """The last minute (epoch ms) of the table that is there, whatever made it; None where the bot takes none."""
    try:
        return parse_table(table_file(run_dir).read_text(encoding="utf-8")).last
    except (OSError, UnicodeDecodeError, MalformedForecast):
        return None


def forget_origin(run_dir: Path) -> None:
    """The next run makes the forecast anew; until then the bot trades by the table that is there."""
    (forecast_folder(run_dir) / "origin.json").unlink(missing_ok=True)
