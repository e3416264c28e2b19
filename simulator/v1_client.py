"""A reader of v1 market data: one symbol, and the sequence of its connection."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from simulator.faulty_frames import spoiled
from simulator.feed_client import FeedClient, Heartbeats
from simulator.market_model import Market, MarketEvent
from simulator.v1_frames import HEARTBEAT, FeedFlags, Frame, update_frame


class V1Client(FeedClient):
    """`sequence` is the number of its next frame; `beats`: whether heartbeats are ours to send."""

    protocol = "v1"

    def __init__(
        self, number: int, symbol: str, flags: FeedFlags, now_ms: int, most_queued: int, cut: Callable[[], None]
    ) -> None:
        super().__init__(number, most_queued, cut)
        self.symbol = symbol
        self.flags = flags
        self.sequence = 0
        self.beats = True
        self.crossing: Callable[[], Frame | None] = lambda: None
        self._heartbeats = Heartbeats(now_ms)

    @property
    def symbols(self) -> Collection[str]:
        """The one that its address named."""
        return (self.symbol,)

    def tell(self, market: Market, events: Sequence[MarketEvent]) -> None:
        """One frame an event, unless its flags leave nothing of it."""
        for event in events:
            frame = update_frame(market.units, event, self.flags)
            if frame is not None:
                self.send_spoiled(frame.text(self.sequence))

    def pass_time(self, now_ms: int) -> None:
        """The heartbeat, when it is due and wanted."""
        if self.flags.heartbeat and self.beats and self._heartbeats.is_due(now_ms):
            self.send(HEARTBEAT)

    def cross(self) -> None:
        """As its source does it, if it can."""
        frame = self.crossing()
        if frame is not None:
            self.send(frame)

    def send(self, frame: Frame) -> None:
        """Gives the frame its number and queues it; a muted connection loses it."""
        self.send_text(frame.text(self.sequence))

    def send_spoiled(self, text: str) -> None:
        """As `send_text`, but what is to go wrong with the next update goes wrong with this one."""
        fault = self.next_fault()
        if fault == "gap":
            self.sequence += 1
            return
        self.send_text(spoiled(text, fault))

    def send_text(self, text: str) -> None:
        """Queues a whole frame and counts it."""
        self.sequence += 1
        self.put(text)
