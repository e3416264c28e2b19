"""A sign of life for whoever watches a part from outside, such as a container's health check."""

import time
from collections.abc import Callable
from pathlib import Path

_EVERY_SECONDS = 1.0


class SignOfLife:
    """A file whose time of change says when the part last did its work. Without a file it does nothing."""

    def __init__(self, file: Path | None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._monotonic = monotonic
        self._touched: float | None = None

    def give(self) -> None:
        """Touches the file, at most once a second. To be called only where work was done, not where it waits."""
        now = self._monotonic()
        if self._file is None or (self._touched is not None and now - self._touched < _EVERY_SECONDS):
            return
        self._touched = now
        self._file.touch()
