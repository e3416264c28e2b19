"""One line that shows how far a long command is: rewritten on a terminal, logged now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from pipeline.log import get_log

TERMINAL_SECONDS = 0.5
LOG_SECONDS = 30.0


class ProgressLine:
    """Use it as a context manager; `show` is cheap and may be called all the time."""

    def __init__(self, text: Callable[[], str]) -> None:
        """`text` is only asked when the line is due."""
        self._text = text
        self._on_terminal = sys.stderr.isatty()
        self._every = TERMINAL_SECONDS if self._on_terminal else LOG_SECONDS
        self._due = time.monotonic() + self._every
        self._shown = 0

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stderr.write("\r" + " " * self._shown + "\r")
            sys.stderr.flush()

    def show(self) -> None:
        """Bring the line up to date when it is time to."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + self._every
        text = self._text()
        if not self._on_terminal:
            get_log("producer").info(text)
            return
        sys.stderr.write("\r" + text.ljust(self._shown))
        sys.stderr.flush()
        self._shown = len(text)
