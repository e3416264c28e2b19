"""What changes with every frame, counted in plain numbers and handed over to the metrics now and then."""

from __future__ import annotations

from pipeline.metrics import Metrics


class Tally:
    """Counts since the last handing over."""

    __slots__ = ("absent_times", "bytes", "delays", "frames", "ignored_events", "late_frames", "refused_times")

    def __init__(self) -> None:
        self._clear()
        # How much later than the exchange's time each frame came, in ms.
        self.delays: list[int] = []

    def hand_over(self, metrics: Metrics) -> None:
        """Bring the metrics up to date."""
        if self.frames:
            metrics.count("frames", self.frames)
            metrics.count("bytes", self.bytes)
        if self.ignored_events:
            metrics.count("ignored_events", self.ignored_events)
        if self.late_frames:
            metrics.count("late_frames", self.late_frames)
        if self.absent_times:
            metrics.count("times", self.absent_times, why="absent")
        if self.refused_times:
            metrics.count("times", self.refused_times, why="refused")
        if self.delays:
            metrics.observe("delay_ms", self.delays)
            self.delays.clear()
        self._clear()

    def _clear(self) -> None:
        self.frames = self.bytes = self.ignored_events = self.late_frames = 0
        self.absent_times = self.refused_times = 0
