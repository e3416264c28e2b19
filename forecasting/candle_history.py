"""The history that candles are kept in: a file in the Kaggle layout that only ever grows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forecasting.atomic_file import write_whole
from forecasting.candles import Candle
from forecasting.errors import CannotWrite, TooLittleHistory
from forecasting.history_columns import COLUMNS
from forecasting.history_file import read_history

HEADER = (",".join(COLUMNS) + "\n").encode()
_PACKED = (".gz", ".zip")


@dataclass(frozen=True)
class Kept:
    """How many minutes the file holds now, and how many of them are new."""

    minutes: int
    added: int


def keep_candles(path: Path, candles: Sequence[Candle]) -> Kept:
    """Adds candles (oldest first) to the file, or makes it. A minute that is there already is replaced.

    The file is written whole or not at all. Raises `HistoryRefused` for one that is no history,
    `TooLittleHistory` when there is nothing to write, and `CannotWrite`.
    """
    if path.suffix in _PACKED:
        raise CannotWrite(f"{path}: candles are added to a plain file; name one that ends in .csv")
    lines = _lines_of(path)
    new = {candle.start: candle.line().encode() for candle in candles}
    merged = lines | new
    if not merged:
        raise TooLittleHistory("the exchange has no finished candle yet, and there is no history to add one to")
    try:
        write_whole(path, lambda file: file.writelines([HEADER, *(merged[start] for start in sorted(merged))]))
    except OSError as error:
        raise CannotWrite(f"{path} cannot be written: {error.strerror or error}") from error
    return Kept(len(merged), len(merged) - len(lines))


def _lines_of(path: Path) -> dict[int, bytes]:
    """The rows of the file by their start; none when there is no file."""
    if not path.exists():
        return {}
    # Checked whole first: what is added to a broken file would be lost with it.
    read_history(path, lambda _done, _whole: None)
    with path.open("rb") as file:
        next(file)
        rows = (line if line.endswith(b"\n") else line + b"\n" for line in file)
        return {int(float(row.split(b",", 1)[0])): row for row in rows}
