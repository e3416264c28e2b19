"""The history that the exchange's price had."""

import csv
import math
from pathlib import Path

import pytest

from forecasting.history_file import read_history
from simulator.__main__ import main
from simulator.minute_history import minute_bars
from tests.simulator.made_up import START, both_sides, market, process

COLUMNS = ["Timestamp", "Open", "High", "Low", "Close", "Volume_(BTC)", "Volume_(Currency)", "Weighted_Price"]


def history(folder: Path, *arguments: str) -> Path:
    path = folder / "history.csv"
    assert main(["history", "--out", str(path), *arguments]) == 0
    return path


def test_history_has_kaggle_columns_and_every_minute(tmp_path: Path) -> None:
    path = history(tmp_path, "--days", "1", "--until", "2026-01-01T00:00")
    with path.open(encoding="ascii", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert list(rows[0]) == COLUMNS
    assert [int(row["Timestamp"]) for row in rows] == list(range(START // 1000 - 86_400, START // 1000, 60))
    for row in rows:
        assert float(row["Low"]) <= float(row["Weighted_Price"]) <= float(row["High"])
        assert float(row["Low"]) <= min(float(row["Open"]), float(row["Close"]))
        turnover = float(row["Volume_(BTC)"]) * float(row["Weighted_Price"])
        assert float(row["Volume_(Currency)"]) == pytest.approx(turnover)


def test_forecast_reads_the_history(tmp_path: Path) -> None:
    path = history(tmp_path, "--days", "0.5", "--until", str(START // 1000))
    assert read_history(path, lambda done, size: None).path == path


def test_history_shows_the_cycle_with_its_phase_from_the_epoch() -> None:
    bars = list(minute_bars(process(noise=0), START, START + 720_000 * 5))
    for bar in bars:
        middle = math.log(bar.weighted_price / 7659.1)
        assert middle == pytest.approx(0.003 * math.sin(math.tau * (bar.start + 30) / 720), abs=0.00005)


def test_history_ends_where_the_market_of_the_same_seed_goes_on() -> None:
    (*_, last) = minute_bars(process(seed=5), START - 600_000, START)
    simulated = market(5)
    simulated.run_until(START + 1000, both_sides)
    middle = float(simulated.units.price(simulated.bids.best + simulated.asks.best)) / 2
    assert last.close == pytest.approx(middle, rel=0.001)


def test_same_settings_write_the_same_history(tmp_path: Path) -> None:
    first = history(tmp_path, "--days", "0.1", "--until", "1767225600").read_bytes()
    assert history(tmp_path, "--days", "0.1", "--until", "1767225600").read_bytes() == first


def test_history_that_cannot_be_written_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "--out", str(tmp_path / "no" / "where.csv"), "--days", "1"]) == 78
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--days", "0"], ["--days", "1", "--until", "yesterday"]])
def test_wrong_arguments_are_refused(tmp_path: Path, arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(["history", "--out", str(tmp_path / "x.csv"), *arguments])
