"""Frames that are of no use: unreadable, too large, or out of sequence. No I/O."""

from __future__ import annotations

import msgspec

from market.records import DeadLetter
from pipeline.dead_letters import dead_letter
from pipeline.metrics import Metrics
from producers.arrivals import FrameArrived, FrameRefused
from producers.doubts import Doubts
from producers.errors import MalformedFrame
from producers.feed_outcome import Outcome
from producers.link import Link


class UnusableFrames:
    """Each unreadable frame becomes a dead letter; what it may have held decides what is in doubt."""

    def __init__(self, exchange: str, doubts: Doubts, metrics: Metrics) -> None:
        self._exchange = exchange
        self._doubts = doubts
        self._metrics = metrics

    def malformed(self, link: Link, frame: FrameArrived, malformed: MalformedFrame, out: Outcome) -> None:
        """A frame of the socket that cannot be read."""
        letter = self._dead_letter(link, frame, frame.payload, malformed.reason, malformed.symbol)
        out.dead_letters.append(letter)
        now_ms = frame.at.monotonic_ms
        named = link.find(malformed.symbol)
        if malformed.sequence is None and link.is_numbered:
            # Whether it was one of the exchange's frames, the next one's number will tell.
            link.suspect_unread(now_ms, "malformed_frame")
        elif malformed.sequence is not None and not link.follows(malformed.sequence):
            self.out_of_sequence(link, malformed.sequence, now_ms, out)
        elif malformed.hides_changes:
            for symbol in link.symbols.values() if named is None else (named,):
                self._doubts.doubt(link, symbol, "malformed_frame", now_ms, out)

    def malformed_answer(self, link: Link, frame: FrameArrived, malformed: MalformedFrame, out: Outcome) -> None:
        """An answer to a request that cannot be read: nothing is lost with it."""
        out.dead_letters.append(self._dead_letter(link, frame, frame.payload, malformed.reason))

    def too_large(self, link: Link, frame: FrameRefused, out: Outcome) -> None:
        """A frame that was refused by its header: the connection is closed for it."""
        letter = self._dead_letter(link, frame, b"", frame.reason)
        out.dead_letters.append(msgspec.structs.replace(letter, length=frame.length))
        self._doubts.lose(link, "too_large")

    def out_of_sequence(self, link: Link, sequence: int, now_ms: float, out: Outcome) -> None:
        """A frame whose number is not the next one."""
        if not link.is_repeated(sequence):
            self._doubts.cut(link, "sequence_gap", out)
            return
        # It was handled when it came first. If nothing but repetitions comes, the connection is given up.
        self._metrics.count("repeated_frames")
        link.suspect_unread(now_ms, "repeated_frames")

    def _dead_letter(
        self, link: Link, frame: FrameArrived | FrameRefused, payload: bytes, reason: str, symbol: str = ""
    ) -> DeadLetter:
        self._metrics.count("malformed_frames")
        named = link.find(symbol) or link.only
        return dead_letter(
            source=f"{self._exchange} websocket",
            payload=payload,
            reason=reason,
            exchange=self._exchange,
            symbol=named.symbol if named is not None else "",
            event_time=frame.at.wall_ms,
            id=f"{frame.connection}:{frame.number}",
        )
