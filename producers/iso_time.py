"""Times in ISO 8601 as exchanges write them, fast: `2026-01-01T00:00:00.483587501Z` is 1767225600483 epoch ms. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from producers.errors import WrongTime

# UTC only, any number of digits after the point.
_TIME = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d{1,18}))?(?:Z|\+00:00)", re.ASCII)
_LONGEST = 64
# Texts that are remembered; then all are forgotten.
_MOST_REMEMBERED = 10_000
# What servers written in Go send for a time that was never set.
_NO_TIME = "0001-01-01T00:00:00"


class _EpochMs(dict[str, int | None]):
    """Text to whole ms, None for the time that stands for none. The levels of a message mostly share their times.

    Asking for a text that is no time raises `WrongTime`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seconds: dict[str, int] = {}

    def __missing__(self, text: str) -> int | None:
        found = _TIME.fullmatch(text) if isinstance(text, str) and len(text) <= _LONGEST else None
        if found is None:
            raise WrongTime(f"{_shown(text)} is not a UTC time such as 2026-01-01T00:00:00.483587Z")
        second, fraction = found.groups()
        time = None
        if second != _NO_TIME:
            time = self._second(second) + int((fraction or "0")[:3].ljust(3, "0"))
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        self[text] = time
        return time

    def _second(self, text: str) -> int:
        known = self._seconds.get(text)
        if known is not None:
            return known
        try:
            time = datetime.fromisoformat(text).replace(tzinfo=UTC)
        except ValueError as error:
            raise WrongTime(f"{_shown(text)} is not a time: {error}") from None
        if len(self._seconds) >= _MOST_REMEMBERED:
            self._seconds.clear()
        self._seconds[text] = ms = round(time.timestamp()) * 1000
        return ms


# EPOCH_MS["1970-01-01T00:00:01.5Z"] is 1500.
EPOCH_MS: Final = _EpochMs()


def _shown(text: object) -> str:
    shown = repr(text)
    return shown if len(shown) <= _LONGEST else shown[:_LONGEST] + "…"
