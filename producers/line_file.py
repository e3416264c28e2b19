"""A text file that lines are added to, each whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pipeline.errors import GaveUp, WrongSettings

# So far back is the beginning of a last line looked for that has no end.
LONGEST_LINE = 1 << 20


class LineFile:
    """Appends to a file, and makes it where there is none. Use it as a context manager.

    Each line goes to the system in one piece, so a reader never sees half a line that is still being written. Where a
    process was killed within that one call (or the disk was full), what it left is cut off: at once, or when the file
    is opened again. `is_ours` knows the beginning of our lines; what anything else left is not touched.
    """

    def __init__(self, path: Path, is_ours: Callable[[bytes], bool]) -> None:
        """Raises WrongSettings when the file cannot be opened or ends in the middle of a line that is not ours."""
        self.path = path
        self.cut_off = 0
        try:
            self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise WrongSettings(f"{path} cannot be written: {error.strerror}") from None
        try:
            self._mend(is_ours)
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> LineFile:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def add(self, line: bytes) -> None:
        """Append a line, given without its end. Raises GaveUp when it could not be written; then none of it is."""
        whole = line + b"\n"
        try:
            written = os.write(self._file, whole)
        except OSError as error:
            raise GaveUp(f"{self.path} cannot be written any more: {error.strerror}") from None
        if written < len(whole):
            os.ftruncate(self._file, os.fstat(self._file).st_size - written)
            raise GaveUp(f"{self.path} cannot be written any more: no room for a whole line")

    def _mend(self, is_ours: Callable[[bytes], bool]) -> None:
        try:
            size = os.fstat(self._file).st_size
            tail = os.pread(self._file, min(size, LONGEST_LINE), max(0, size - LONGEST_LINE))
        except OSError as error:
            raise WrongSettings(f"{self.path} cannot be read: {error.strerror}") from None
        torn = tail[tail.rfind(b"\n") + 1 :]
        if not torn:
            return
        if len(torn) == LONGEST_LINE or not is_ours(torn):
            raise WrongSettings(
                f"{self.path} ends in the middle of a line that was not written by this command: choose another file"
            )
        os.ftruncate(self._file, size - len(torn))
        self.cut_off = len(torn)
