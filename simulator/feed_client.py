"""One reader of market data, whatever protocol it speaks: its bounded queue, and what is to go wrong for it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Collection, Sequence

from simulator.market_model import Market, MarketEvent


class FeedClient(ABC):
    """Frames are queued and sent by a task of the connection's own, so that a slow reader delays nobody.

    The queue holds texts, bytes for the wire as they are, and at its end None.
    `cut` ends the connection at once; it is called when the queue is full.
    """

    protocol: str

    def __init__(self, number: int, most_queued: int, cut: Callable[[], None]) -> None:
        self.number = number
        self.cut = cut
        self.is_muted = False
        self.is_out_of_step = False
        self.was_too_slow = False
        self.queue: asyncio.Queue[str | bytes | None] = asyncio.Queue(most_queued)
        self._spoil_next: deque[str] = deque()

    @property
    @abstractmethod
    def symbols(self) -> Collection[str]:
        """What it follows."""

    @abstractmethod
    def tell(self, market: Market, events: Sequence[MarketEvent]) -> None:
        """Something happened in a market that it follows."""

    @abstractmethod
    def pass_time(self, now_ms: int) -> None:
        """Send what is due now whatever happens: heartbeats, what was collected."""

    @abstractmethod
    def cross(self) -> None:
        """Tell the lie that a bid stands above the best ask."""

    def hear(self, text: str, now_ms: int) -> None:  # noqa: B027 - not every protocol has something to say
        """What the reader said; everything up to now was told before."""

    def spoil_next(self, fault: str) -> None:
        """The next update is lost (`gap`) or made wrong."""
        self._spoil_next.append(fault)

    def send_raw(self, data: bytes) -> None:
        """Queues bytes for the wire, not counted, after which nothing more can be sent."""
        self.put(data)
        self.is_muted = self.is_out_of_step = True

    def close(self) -> None:
        """Ends the connection properly once everything that is queued has been sent."""
        self.put(None)
        self.is_muted = self.is_out_of_step = True

    def put(self, item: str | bytes | None) -> None:
        """Queues it; a muted connection loses it."""
        if self.is_muted or self.was_too_slow:
            return
        try:
            self.queue.put_nowait(item)
        except asyncio.QueueFull:
            self.was_too_slow = True
            self.cut()

    def next_fault(self) -> str | None:
        """What is to go wrong with the update that is about to be sent."""
        return self._spoil_next.popleft() if self._spoil_next else None


class Heartbeats:
    """Each five seconds of the clock."""

    EVERY_MS = 5_000

    def __init__(self, now_ms: int) -> None:
        self._next_ms = now_ms + self.EVERY_MS

    def is_due(self, now_ms: int) -> bool:
        """Whether five seconds have passed since the last; asking counts as sending it."""
        if now_ms < self._next_ms:
            return False
        # After a pause one is enough.
        self._next_ms = max(self._next_ms + self.EVERY_MS, now_ms - self.EVERY_MS)
        return True
