"""A warning of what may happen thousands of times a second: told soon, and never in a flood."""

import time
from collections.abc import Callable
from typing import Any

from pipeline.log import Log

TOLD_EACH_SECONDS = 10.0


class SeldomWarning:
    """Tells the first time at once, and later ones each ten seconds at most, with how many others there were.

    Each subject has its own times. There must be few: they are kept for good.
    """

    def __init__(self, log: Log, message: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._message = message
        self._monotonic = monotonic
        self._told: dict[str, float] = {}
        self._others: dict[str, int] = {}

    def tell(self, subject: str, **fields: Any) -> None:
        """It happened once more; `fields` are those of the line."""
        now = self._monotonic()
        if now - self._told.get(subject, -TOLD_EACH_SECONDS) < TOLD_EACH_SECONDS:
            self._others[subject] = self._others.get(subject, 0) + 1
            return
        self._told[subject] = now
        if others := self._others.pop(subject, 0):
            fields["others"] = others
        self._log.warning(self._message, **fields)
