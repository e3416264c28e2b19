"""Whether an earlier run's forecast is used again."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from local.forecast_kept import STILL_COVERS_MS, can_be_kept, forecast_folder, kept_origin, table_end, table_file
from market.forecast import DS_FORMAT, MINUTE_MS, ForecastOrigin, encode_forecast
from tests.local.made_up_trading import NOON
from tests.local.test_trading_screen import ORIGIN


def leave_forecast(run_dir: Path, origin: ForecastOrigin) -> None:
    """A table, and the origin that vouches for it."""
    last = datetime.fromtimestamp(origin.last // MINUTE_MS * 60, UTC).strftime(DS_FORMAT)
    table = f"ds,side\n{last},buy\n".encode()
    vouching = msgspec.structs.replace(origin, table_sha256=hashlib.sha256(table).hexdigest())
    (forecast_folder(run_dir) / "origin.json").write_bytes(encode_forecast(vouching))
    table_file(run_dir).write_bytes(table)


def kept(run_dir: Path) -> Path:
    forecast_folder(run_dir).mkdir(parents=True)
    leave_forecast(run_dir, ORIGIN)
    return run_dir


def test_forecast_that_covers_the_next_hours_is_kept(tmp_path: Path) -> None:
    kept(tmp_path)
    origin = kept_origin(tmp_path)
    assert origin is not None
    assert origin.id == ORIGIN.id
    assert can_be_kept(tmp_path, 720, NOON)
    assert can_be_kept(tmp_path, 720, ORIGIN.last - STILL_COVERS_MS)


def test_forecast_that_ends_soon_or_has_not_begun_is_made_anew(tmp_path: Path) -> None:
    kept(tmp_path)
    assert not can_be_kept(tmp_path, 720, ORIGIN.last - STILL_COVERS_MS + 1)
    assert not can_be_kept(tmp_path, 720, NOON - 1)


def test_forecast_of_another_cycle_is_made_anew(tmp_path: Path) -> None:
    assert not can_be_kept(kept(tmp_path), 240, NOON)


def test_forecast_without_its_table_is_made_anew(tmp_path: Path) -> None:
    table_file(kept(tmp_path)).unlink()
    assert not can_be_kept(tmp_path, 720, NOON)


def test_table_of_an_older_training_is_made_anew(tmp_path: Path) -> None:
    table_file(kept(tmp_path)).write_bytes(b"an older one")
    assert not can_be_kept(tmp_path, 720, NOON)


def test_forecast_of_another_symbol_is_made_anew_where_a_symbol_is_asked_for(tmp_path: Path) -> None:
    kept(tmp_path)
    assert can_be_kept(tmp_path, 720, NOON, "BTCUSD")
    assert not can_be_kept(tmp_path, 720, NOON, "ETHUSD")


def test_missing_or_malformed_origin_is_no_forecast(tmp_path: Path) -> None:
    assert not can_be_kept(tmp_path, 720, NOON)
    origin = forecast_folder(kept(tmp_path)) / "origin.json"
    origin.write_text("{")
    assert kept_origin(tmp_path) is None
    origin.write_bytes(msgspec.json.encode({"type": "forecast_day"}))
    assert not can_be_kept(tmp_path, 720, NOON)


def test_end_is_that_of_the_table_whatever_made_it(tmp_path: Path) -> None:
    assert table_end(tmp_path) is None
    kept(tmp_path)
    assert table_end(tmp_path) == ORIGIN.last // 60_000 * 60_000
    table_file(tmp_path).write_text("ds,side\n2026-01-01 00:01:00,buy\n2026-01-01 00:02:00,sell\n")
    assert table_end(tmp_path) == 1_767_225_720_000
    for text in ("", "ds,side\n", "nonsense", "ds,side\n2026-01-01 00:02:00,hold\n"):
        table_file(tmp_path).write_text(text)
        assert table_end(tmp_path) is None
