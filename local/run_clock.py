"""The clock that all parts of a run share."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RunClock:
    """The clock of all parts of a run: at real time `anchor_ms` it showed `start_ms`, and it goes at `speed`.

    An anchor of 0 means real time.
    """

    speed: float = 1.0
    anchor_ms: int = 0
    start_ms: int = 0

    def wall_ms(self, now_ms: int) -> int:
        """What this clock shows at the real time `now_ms`."""
        if not self.anchor_ms:
            return now_ms
        return int(self.start_ms + (now_ms - self.anchor_ms) * self.speed)

    def env(self) -> dict[str, str]:
        """The variables from which a part makes this clock."""
        return {
            "CLOCK_SPEED": f"{self.speed:g}",
            "CLOCK_ANCHOR_MS": str(self.anchor_ms),
            "CLOCK_START_MS": str(self.start_ms),
        }


def next_clock(previous: RunClock | None, speed: float, now_ms: int) -> RunClock:
    """The clock of a run that starts at `now_ms`, given that of the run before it on the same state.

    It never goes back behind what the previous run may have written: the feed's event time must not.
    """
    start_ms = max(now_ms, previous.wall_ms(now_ms) if previous else 0)
    if speed == 1.0 and start_ms == now_ms:
        return RunClock()
    return RunClock(speed=speed, anchor_ms=now_ms, start_ms=start_ms)
