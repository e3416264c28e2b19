"""The queue between the connections' threads and the feed: bounded, and never silently lossy."""

from __future__ import annotations

import threading
from collections import deque

from producers.arrivals import Arrival, FrameArrived


class Inbox:
    """Holds at most `most_frames` frames and `most_bytes` of payload. Other arrivals are few and always let in."""

    def __init__(self, most_frames: int, most_bytes: int) -> None:
        self._most_frames = most_frames
        self._most_bytes = most_bytes
        self._waiting: deque[Arrival] = deque()
        self._frames = 0
        self._bytes = 0
        self._changed = threading.Condition()

    def put(self, arrival: Arrival) -> bool:
        """Queue an arrival. False: there is no room; the caller must give up its connection, for a frame is lost."""
        with self._changed:
            if isinstance(arrival, FrameArrived):
                if self._frames >= self._most_frames or self._bytes + len(arrival.payload) > self._most_bytes:
                    return False
                self._frames += 1
                self._bytes += len(arrival.payload)
            self._waiting.append(arrival)
            self._changed.notify()
            return True

    def take(self, most: int, timeout: float) -> list[Arrival]:
        """Up to `most` arrivals in order; waits up to `timeout` seconds for the first."""
        with self._changed:
            if not self._waiting:
                self._changed.wait(timeout)
            taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
            for arrival in taken:
                if isinstance(arrival, FrameArrived):
                    self._frames -= 1
                    self._bytes -= len(arrival.payload)
            return taken

    @property
    def waiting_bytes(self) -> int:
        """How many bytes of payload wait."""
        return self._bytes

    def __len__(self) -> int:
        with self._changed:
            return len(self._waiting)
