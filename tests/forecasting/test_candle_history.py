"""The history that candles are kept in: it grows, keeps what it has, and is never half written."""

from decimal import Decimal
from pathlib import Path

import pytest

from forecasting.candle_history import Kept, keep_candles
from forecasting.candles import Candle
from forecasting.errors import CannotWrite, HistoryRefused, TooLittleHistory
from forecasting.history_file import read_history
from tests.forecasting.made_up import HEADER, START, line_of, written


def candle(minute: int, price: str = "100") -> Candle:
    number = Decimal(price)
    return Candle(START + 60 * minute, number, number, number, number, Decimal(1))


def prices(path: Path) -> dict[int, float]:
    history = read_history(path, lambda _done, _whole: None).history
    return dict(zip(((history.starts - START) // 60).tolist(), history.prices.tolist(), strict=True))


def test_file_is_made_with_the_folder_it_lies_in(tmp_path: Path) -> None:
    path = tmp_path / "candles" / "BTCUSD.csv"
    assert keep_candles(path, [candle(0), candle(1)]) == Kept(2, 2)
    assert prices(path) == {0: 100.0, 1: 100.0}


def test_window_that_moved_on_is_added_and_a_revised_minute_replaced(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    keep_candles(path, [candle(0), candle(1), candle(2)])
    assert keep_candles(path, [candle(2, "101"), candle(3), candle(9)]) == Kept(5, 2)
    assert prices(path) == {0: 100.0, 1: 100.0, 2: 101.0, 3: 100.0, 9: 100.0}


def test_older_minutes_find_their_place(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    keep_candles(path, [candle(5)])
    keep_candles(path, [candle(1)])
    assert list(prices(path)) == [1, 5]


def test_rows_of_kaggles_own_file_stay_as_they_are(tmp_path: Path) -> None:
    path = written(tmp_path, [HEADER, line_of(START, "7.50")])
    path.write_text(path.read_text().rstrip("\n"))
    keep_candles(path, [candle(1)])
    assert path.read_text().splitlines()[1] == line_of(START, "7.50")
    assert len(prices(path)) == 2


def test_broken_history_is_named_and_left_alone(tmp_path: Path) -> None:
    path = written(tmp_path, [HEADER, line_of(START), "broken"])
    before = path.read_bytes()
    with pytest.raises(HistoryRefused, match="line 3"):
        keep_candles(path, [candle(1)])
    assert path.read_bytes() == before


def test_nothing_to_write_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(TooLittleHistory, match="no finished candle yet"):
        keep_candles(tmp_path / "history.csv", [])
    assert list(tmp_path.iterdir()) == []


def test_packed_file_cannot_be_added_to(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match=r"ends in \.csv"):
        keep_candles(tmp_path / "history.csv.gz", [candle(0)])
