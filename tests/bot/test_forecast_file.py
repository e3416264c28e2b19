"""The forecast's file: read again when it changes, and never trusted when it is wrong."""

from pathlib import Path

import pytest

from bot.forecast_file import ForecastFile
from market.forecast import ForecastTable

GOOD = "ds,yhat,delta,side\n2026-01-01 00:01:00,100.5,0.5,buy\n"
BOOK = "ds,side\n2026-01-01 00:01:00,sell\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "forecast.csv"


def test_missing_file_says_how_to_make_one(path: Path) -> None:
    assert "make forecast" in str(ForecastFile(path)())


def test_both_forms_are_read(path: Path) -> None:
    for text, side in ((GOOD, "buy"), (BOOK, "sell")):
        path.write_text(text)
        table = ForecastFile(path)()
        assert isinstance(table, ForecastTable)
        assert table.rows[0].side == side


def test_file_that_appears_changes_or_goes_is_noticed(path: Path) -> None:
    forecast = ForecastFile(path)
    assert isinstance(forecast(), str)
    path.write_text(GOOD)
    first = forecast()
    assert isinstance(first, ForecastTable)
    assert forecast() is first
    other = path.with_suffix(".other")
    other.write_text(BOOK)
    other.replace(path)
    assert forecast() != first
    path.unlink()
    assert "there is no forecast" in str(forecast())


WRONG = [
    (b"", "line 1, column 1: the file is empty"),
    (b"ds,yhat,delta,side\n", "line 2, column 1: no row"),
    (GOOD.replace("0.5,buy", "-0.5,buy").encode(), "line 2, column 4: side is buy"),
    (b"ds,side\n1514764800,buy\n", "line 2, column 1"),
    (b"\xff\xfe", "no text"),
]


@pytest.mark.parametrize(("content", "said"), WRONG)
def test_wrong_file_is_no_forecast_and_the_reason_says_where(path: Path, content: bytes, said: str) -> None:
    path.write_bytes(content)
    answer = ForecastFile(path)()
    assert isinstance(answer, str)
    assert said in answer


def test_folder_in_its_place_is_no_forecast(path: Path) -> None:
    path.mkdir()
    assert "cannot be read" in str(ForecastFile(path)())
