"""Reading a history: what is accepted, what is counted, and where exactly a wrong file is wrong."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from forecasting.errors import HistoryRefused
from forecasting.history import MINUTE, History, summary_of
from forecasting.history_file import read_history
from tests.forecasting.made_up import HEADER, START, line_of, rising_lines, written


def nowhere(done: int, whole: int) -> None:
    """Progress that nobody watches."""


def read(path: Path, block_bytes: int = 1 << 20) -> History:
    return read_history(path, nowhere, block_bytes).history


@pytest.mark.parametrize("name", ["history.csv", "history.csv.gz", "history.zip"])
def test_history_is_read_plain_and_packed(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, [HEADER, *rising_lines(3)], name)
    source = read_history(path, nowhere)
    assert source.history.starts.tolist() == [START, START + 60, START + 120]
    assert source.history.prices.tolist() == [100.0, 100.01, 100.02]
    assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_blocks_of_any_size_give_the_same_minutes(tmp_path: Path) -> None:
    path = written(tmp_path, [HEADER, *rising_lines(50)])
    whole, pieces = read(path), read(path, block_bytes=100)
    assert np.array_equal(whole.starts, pieces.starts)
    assert np.array_equal(whole.prices, pieces.prices)


def test_progress_ends_at_the_size_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, [HEADER, *rising_lines(50)])
    seen: list[tuple[int, int]] = []
    read_history(path, lambda done, whole: seen.append((done, whole)), 500)
    assert len(seen) > 1
    assert seen == sorted(seen)
    assert seen[-1] == (path.stat().st_size, path.stat().st_size)


def test_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_bytes("\r\n".join([HEADER, *rising_lines(2), ""]).encode())
    assert read(path).prices.tolist() == [100.0, 100.01]


def test_whole_seconds_written_with_a_point_are_read(tmp_path: Path) -> None:
    lines = [HEADER, line_of(START).replace(str(START), f"{START}.0"), line_of(START + 60)]
    assert read(written(tmp_path, lines)).starts.tolist() == [START, START + 60]


def test_empty_minutes_and_gaps_are_counted_not_refused(tmp_path: Path) -> None:
    lines = [
        HEADER,
        line_of(START),
        f"{START + 60},NaN,NaN,NaN,NaN,NaN,NaN,NaN",
        line_of(START + 300),
        line_of(START + 420),
    ]
    found = summary_of(read(written(tmp_path, lines)))
    assert (found.rows, found.empty, found.gaps, found.missing) == (4, 1, 2, 4)
    assert (found.longest_gap, found.longest_gap_start) == (3, START + 120)
    assert (found.first, found.last) == (START, START + 420)


def test_history_of_one_minute_has_no_gap(tmp_path: Path) -> None:
    assert summary_of(read(written(tmp_path, [HEADER, line_of(START)]))).gaps == 0


GOOD = line_of(START)
NEXT = START + MINUTE


def with_cell(column: int, text: str) -> str:
    """A sound second row but for one cell (counted from 1)."""
    cells = line_of(NEXT).split(",")
    cells[column - 1] = text
    return ",".join(cells)


@pytest.mark.parametrize(
    ("row", "column", "told"),
    [
        (with_cell(1, str(NEXT * 1000)), 1, "milliseconds, expected seconds"),
        (with_cell(1, str(NEXT // 1000)), 1, "divided by 1000, expected seconds"),
        (with_cell(1, "99999999999999999999"), 1, "between the years 2009 and 2100"),
        (with_cell(1, "0"), 1, "between the years 2009 and 2100"),
        (with_cell(1, "-60"), 1, "whole seconds"),
        (with_cell(1, f"{NEXT}.5"), 1, "whole seconds"),
        (with_cell(1, ""), 1, "whole seconds"),
        (with_cell(1, "2018-01-01"), 1, "whole seconds"),
        (with_cell(1, str(NEXT + 1)), 1, "start of a minute"),
        (with_cell(1, str(START)), 1, "a second time"),
        (with_cell(1, str(START - 60)), 1, "goes back"),
        (with_cell(3, "high"), 3, "High is 'high', expected a number"),
        (with_cell(8, "1,000"), 9, "9 fields, expected 8"),
        (with_cell(8, "1_000"), 8, "expected a number"),
        (with_cell(8, '"100.5"'), 8, "expected a number"),
        (with_cell(8, "inf"), 8, "expected a number"),
        (with_cell(8, "True"), 8, "expected a number"),
        (with_cell(8, "0"), 8, "above 0"),
        (with_cell(2, "-1.5"), 2, "Open is '-1.5', expected a price above 0"),
        (with_cell(5, "1e300"), 5, "below 10000000000"),
        (with_cell(6, "-0.1"), 6, "a volume of at least 0"),
        (with_cell(7, "1e999"), 7, "a volume of at least 0"),
        (f"{NEXT},1,1", 3, "3 fields, expected 8"),
        ("", 1, "1 fields, expected 8"),
        ("\x00\xff", 1, "1 fields, expected 8"),
    ],
)
@pytest.mark.parametrize("block_bytes", [50, 1 << 20])
def test_wrong_row_is_refused_with_line_and_column(
    tmp_path: Path, row: str, column: int, told: str, block_bytes: int
) -> None:
    path = written(tmp_path, [HEADER, GOOD, row, line_of(NEXT + 600)])
    with pytest.raises(HistoryRefused) as refused:
        read(path, block_bytes)
    assert (refused.value.line, refused.value.column) == (3, column)
    assert told in refused.value.reason
    assert str(refused.value).startswith(f"{path}, line 3, column {column}: ")


@pytest.mark.parametrize(
    ("header", "column", "told"),
    [
        (HEADER.replace("Weighted_Price", "VWAP"), 8, "'VWAP' where Weighted_Price"),
        (HEADER.replace("Timestamp", "\ufeffTimestamp"), 1, "where Timestamp"),
        (HEADER.removesuffix(",Weighted_Price"), 8, "ends before Weighted_Price"),
        (HEADER + ",More", 9, "9 columns, expected 8"),
        ("", 1, "where Timestamp"),
    ],
)
def test_wrong_header_is_refused(tmp_path: Path, header: str, column: int, told: str) -> None:
    with pytest.raises(HistoryRefused) as refused:
        read(written(tmp_path, [header, GOOD]))
    assert (refused.value.line, refused.value.column) == (1, column)
    assert told in refused.value.reason


@pytest.mark.parametrize("name", ["history.csv", "history.csv.gz", "history.zip"])
def test_history_without_rows_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(HistoryRefused, match="no row follows the header"):
        read(written(tmp_path, [HEADER], name))


def test_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HistoryRefused, match="No such file"):
        read(tmp_path / "nothing.csv")


@pytest.mark.parametrize("name", ["history.csv.gz", "history.zip"])
def test_archive_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"no archive at all, but long enough to look at")
    with pytest.raises(HistoryRefused):
        read(tmp_path / name)


def test_archive_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, [HEADER, *rising_lines(500)], "history.csv.gz")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(HistoryRefused, match="cut off"):
        read(path)
