"""Delays between tries: capped, so that a try comes at last, and jittered, so that many do not come at once."""

import random
from collections.abc import Callable


class BackOff:
    """Each `next()` is drawn from the upper half of a span that doubles from `first` up to `cap` (seconds)."""

    def __init__(self, first: float = 0.5, cap: float = 30.0, draw: Callable[[], float] = random.random) -> None:
        self._first = first
        self._cap = cap
        self._draw = draw
        self._span = first

    def next(self) -> float:
        """The next delay in seconds."""
        delay = self._span * (0.5 + 0.5 * self._draw())
        self._span = min(self._cap, self._span * 2)
        return delay

    def reset(self) -> None:
        """Begin again from the first delay, after a success that lasted."""
        self._span = self._first
