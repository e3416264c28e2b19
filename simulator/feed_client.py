"""One reader of market data: its sequence, its bounded queue, and what is to go wrong with its next frames."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from simulator.faulty_frames import WAYS_TO_SPOIL
from simulator.v1_frames import FeedFlags, Frame

HEARTBEAT_MS = 5_000


class FeedClient:
    """Frames are queued and sent by a task of the connection's own, so that a slow reader delays nobody.

    The queue holds texts, bytes for the wire as they are, and at its end None.
    `cut` ends the connection at once; it is called when the queue is full.
    """

    def __init__(self, number: int, symbol: str, flags: FeedFlags, now_ms: int, most: int, cut: Callable[[], None]):
        self.number = number
        self.symbol = symbol
        self.flags = flags
        self.cut = cut
        self.sequence = 0
        self.is_muted = False
        self.is_out_of_step = False
        self.was_too_slow = False
        self.queue: asyncio.Queue[str | bytes | None] = asyncio.Queue(most)
        self._heartbeat_at = now_ms + HEARTBEAT_MS
        self._spoil_next: deque[str] = deque()

    def spoil_next(self, fault: str) -> None:
        """The next update is lost (`gap`) or made wrong."""
        self._spoil_next.append(fault)

    def send(self, frame: Frame) -> None:
        """Gives the frame its number and queues it; a muted connection loses it."""
        self.send_text(frame.text(self.sequence))

    def send_update(self, frame: Frame) -> None:
        """As `send`, but what is to go wrong with the next update goes wrong with this one."""
        self.send_spoiled(frame.text(self.sequence))

    def send_spoiled(self, text: str) -> None:
        """As `send_update`, for a frame that has its number already."""
        fault = self._spoil_next.popleft() if self._spoil_next else None
        if fault == "gap":
            self.sequence += 1
            return
        self.send_text(WAYS_TO_SPOIL[fault](text) if fault else text)

    def send_text(self, text: str) -> None:
        """Queues a whole frame and counts it."""
        self.sequence += 1
        self._put(text)

    def send_raw(self, data: bytes) -> None:
        """Queues bytes for the wire, not counted, after which nothing more can be sent."""
        self._put(data)
        self.is_muted = self.is_out_of_step = True

    def close(self) -> None:
        """Ends the connection properly once everything that is queued has been sent."""
        self._put(None)
        self.is_muted = self.is_out_of_step = True

    def heartbeat_is_due(self, now_ms: int) -> bool:
        """Whether five seconds have passed since the last; asking counts as sending it."""
        if not self.flags.heartbeat or now_ms < self._heartbeat_at:
            return False
        # After a pause one is enough.
        self._heartbeat_at = max(self._heartbeat_at + HEARTBEAT_MS, now_ms - HEARTBEAT_MS)
        return True

    def _put(self, item: str | bytes | None) -> None:
        if self.is_muted or self.was_too_slow:
            return
        try:
            self.queue.put_nowait(item)
        except asyncio.QueueFull:
            self.was_too_slow = True
            self.cut()
