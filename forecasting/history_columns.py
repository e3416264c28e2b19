"""The Kaggle minute layout: which columns, what each may hold, and where exactly a block of lines breaks the rules.

A block is first checked whole, in vectorised steps (`read_block`); only when that fails is it searched cell by cell
(`first_fault`), so that a sound file of millions of lines is read fast and a wrong one is named by line and column.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO

import numpy as np
import pandas as pd

from forecasting.history import MINUTE, History

COLUMNS = ("Timestamp", "Open", "High", "Low", "Close", "Volume_(BTC)", "Volume_(Currency)", "Weighted_Price")
PRICES = ("Open", "High", "Low", "Close", "Weighted_Price")
# An empty minute: Kaggle's files write NaN in every column but the first.
EMPTY = ("NaN", "nan", "")
# Bitcoin's first block, and a day that no history reaches: between them seconds and milliseconds cannot be confused.
EARLIEST, LATEST = 1_230_940_800, 4_102_444_800
PRICE_LIMIT = 1e10

# What a sound block is made of. pandas alone would also take True, quotes, spaces and infinities for numbers.
_SOUND_BYTES = b"0123456789.,-+eENan\r\n"
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]{1,3})?")
# Newer files of Kaggle write 1514764800.0.
_WHOLE = re.compile(r"([0-9]{1,20})(\.0*)?")


@dataclass(frozen=True)
class Fault:
    """The first thing wrong in a file; `line` and `column` count from 1."""

    line: int
    column: int
    reason: str


def header_fault(line: bytes) -> Fault | None:
    """What is wrong with the first line of the file, if anything."""
    found = _text(line).split(",")
    for column, name in enumerate(COLUMNS, start=1):
        if column > len(found):
            return Fault(1, column, f"the header ends before {name}; expected {','.join(COLUMNS)}")
        if found[column - 1] != name:
            return Fault(1, column, f"the header has {_shown(found[column - 1])} where {name} was expected")
    if len(found) > len(COLUMNS):
        return Fault(1, len(COLUMNS) + 1, f"the header has {len(found)} columns, expected {len(COLUMNS)}")
    return None


def read_block(lines: Sequence[bytes], previous: int) -> History | None:
    """The block's minutes, when every one is sound and comes after `previous` (epoch seconds); else None."""
    content = b"".join(lines)
    if content.translate(None, _SOUND_BYTES) or any(line.count(b",") != len(COLUMNS) - 1 for line in lines):
        return None
    try:
        frame = pd.read_csv(
            BytesIO(content),
            header=None,
            names=list(COLUMNS),
            dtype={name: "int64" if name == "Timestamp" else "float64" for name in COLUMNS},
            na_values=list(EMPTY),
            keep_default_na=False,
            skip_blank_lines=False,
        )
    except (ValueError, OverflowError):  # text in a number, bytes that are no text, a whole number beyond 64 bits
        return None
    starts = frame["Timestamp"].to_numpy()
    steps = np.diff(starts, prepend=previous)
    if ((starts < EARLIEST) | (starts > LATEST) | (starts % MINUTE != 0) | (steps <= 0)).any():
        return None
    for name in COLUMNS[1:]:
        values = frame[name].to_numpy()
        if ((values >= PRICE_LIMIT) | (values <= 0)).any() if name in PRICES else (values < 0).any():
            return None
        if np.isinf(values).any():
            return None
    return History(starts, frame["Weighted_Price"].to_numpy())


def first_fault(lines: Sequence[bytes], first_line: int, previous: int) -> Fault:
    """Search a block that `read_block` gave back, cell by cell; `first_line` is the number of its first line."""
    for number, line in enumerate(lines, start=first_line):
        cells = _text(line).split(",")
        if len(cells) != len(COLUMNS):
            return Fault(number, min(len(cells), len(COLUMNS) + 1), f"{len(cells)} fields, expected {len(COLUMNS)}")
        reason = timestamp_fault(cells[0], previous)
        if reason:
            return Fault(number, 1, f"Timestamp {reason}")
        for column, (name, cell) in enumerate(zip(COLUMNS[1:], cells[1:], strict=True), start=2):
            reason = number_fault(name, cell)
            if reason:
                return Fault(number, column, f"{name} {reason}")
        previous = int(float(cells[0]))
    return Fault(first_line, 1, "this line or one soon after it cannot be read as numbers")


def timestamp_fault(cell: str, previous: int) -> str | None:
    """Why a Timestamp is refused, if it is; `previous` is that of the line before."""
    match = _WHOLE.fullmatch(cell)
    if not match:
        return f"is {_shown(cell)}, expected whole seconds since 1970-01-01 UTC"
    value = int(match[1])
    if EARLIEST <= value // 1000 <= LATEST:
        return f"is {value}: these are milliseconds, expected seconds since 1970-01-01 UTC"
    if EARLIEST <= value * 1000 <= LATEST:
        return f"is {value}: this is a time divided by 1000, expected seconds since 1970-01-01 UTC"
    if not EARLIEST <= value <= LATEST:
        return f"is {value}, expected seconds since 1970-01-01 UTC between the years 2009 and 2100"
    if value % MINUTE:
        return f"is {value}, expected the start of a minute (a multiple of 60)"
    if value == previous:
        return f"is {value} ({utc(value)}) a second time"
    if value < previous:
        return f"is {value} ({utc(value)}) and goes back: the line before has {previous} ({utc(previous)})"
    return None


def number_fault(name: str, cell: str) -> str | None:
    """Why a price or volume is refused, if it is."""
    if cell in EMPTY:
        return None
    if not _NUMBER.fullmatch(cell):
        return f"is {_shown(cell)}, expected a number or NaN"
    value = float(cell)
    if name in PRICES and not 0 < value < PRICE_LIMIT:
        return f"is {_shown(cell)}, expected a price above 0 and below {PRICE_LIMIT:.0f}"
    if not 0 <= value < float("inf"):
        return f"is {_shown(cell)}, expected a volume of at least 0"
    return None


def utc(seconds: int) -> str:
    """Epoch seconds as a reader writes them."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="replace").rstrip("\r\n")


def _shown(cell: str) -> str:
    return repr(cell if len(cell) <= 40 else cell[:40] + "…")
