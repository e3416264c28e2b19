"""Reading a history from a file: plain CSV, gzip, or the zip that Kaggle hands out."""

import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np

from forecasting.errors import HistoryRefused
from forecasting.history import History
from forecasting.history_columns import first_fault, header_fault, read_block

BLOCK_BYTES = 16 * 1024 * 1024
# Bytes of the file read so far, and its size (the packed size when packed).
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class HistoryFile:
    """A history with the identity of the file that it came from."""

    path: Path
    sha256: str
    history: History


def read_history(path: Path, progress: Progress, block_bytes: int = BLOCK_BYTES) -> HistoryFile:
    """Read and check a whole history. Raises HistoryRefused with line and column at the first thing wrong."""
    try:
        with path.open("rb") as packed:
            sha256 = hashlib.file_digest(packed, "sha256").hexdigest()
            size = packed.seek(0, 2)
            packed.seek(0)
            with _unpacked(path, packed) as lines:
                history = _read(path, lines, block_bytes, lambda: progress(packed.tell(), size))
    except OSError as error:  # gzip.BadGzipFile is one too
        raise HistoryRefused(path, f"cannot be read: {error.strerror or error}") from error
    except (EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise HistoryRefused(path, f"the archive is damaged or cut off: {error}") from error
    return HistoryFile(path, sha256, history)


@contextmanager
def _unpacked(path: Path, packed: IO[bytes]) -> Iterator[IO[bytes]]:
    """The CSV itself, by the file's name."""
    if path.suffix == ".gz":
        with gzip.open(packed) as lines:
            yield cast(IO[bytes], lines)
    elif path.suffix == ".zip":
        with zipfile.ZipFile(packed) as archive:
            names = [name for name in archive.namelist() if name.endswith(".csv")]
            if len(names) != 1:
                raise HistoryRefused(path, f"the archive holds {len(names)} CSV files, expected one")
            with archive.open(names[0]) as lines:
                yield lines
    else:
        yield packed


def _read(path: Path, lines: IO[bytes], block_bytes: int, advanced: Callable[[], None]) -> History:
    fault = header_fault(lines.readline())
    if fault:
        raise HistoryRefused(path, fault.reason, fault.line, fault.column)
    blocks: list[History] = []
    previous, number = 0, 2
    while block := lines.readlines(block_bytes):
        minutes = read_block(block, previous)
        if minutes is None:
            fault = first_fault(block, number, previous)
            raise HistoryRefused(path, fault.reason, fault.line, fault.column)
        blocks.append(minutes)
        previous, number = minutes.last, number + len(block)
        advanced()
    if not blocks:
        raise HistoryRefused(path, "no row follows the header", 2, 1)
    return History(
        np.concatenate([block.starts for block in blocks]), np.concatenate([block.prices for block in blocks])
    )
