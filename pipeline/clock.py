"""The one clock (design §4.10): event and receipt times, ticks and ages follow it; time-outs and back-off stay real."""

import time
from collections.abc import Callable


def _real_ms() -> float:
    return time.time() * 1000


def _real_monotonic_ms() -> float:
    return time.monotonic() * 1000


class Clock:
    """Shows `start_ms` at the real time `anchor_ms` and goes at `speed`: processes with the same three agree.

    An anchor of 0 means real time from the epoch on, whatever the other two say about it is then ignored but `speed` 1.
    """

    def __init__(
        self,
        anchor_ms: int = 0,
        start_ms: int = 0,
        speed: float = 1.0,
        *,
        real_ms: Callable[[], float] = _real_ms,
        real_monotonic_ms: Callable[[], float] = _real_monotonic_ms,
    ) -> None:
        if not anchor_ms and speed != 1.0:
            raise ValueError(f"a clock of speed {speed:g} needs an anchor: the real time at which it shows start_ms")
        self.speed = speed
        self._anchor_ms = anchor_ms
        self._start_ms = start_ms if anchor_ms else 0
        self._real_ms = real_ms
        self._real_monotonic_ms = real_monotonic_ms

    @classmethod
    def real(cls) -> "Clock":
        """Real time."""
        return cls()

    def wall_ms(self) -> int:
        """The time of day, in epoch milliseconds UTC."""
        return int(self._start_ms + (self._real_ms() - self._anchor_ms) * self.speed)

    def monotonic_ms(self) -> float:
        """Milliseconds that only ever grow, at this clock's speed; their origin means nothing."""
        return self._real_monotonic_ms() * self.speed

    def real_seconds(self, clock_ms: float) -> float:
        """How long to wait in real seconds for so many milliseconds of this clock to pass."""
        return max(0.0, clock_ms / 1000 / self.speed)
