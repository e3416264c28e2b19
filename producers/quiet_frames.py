"""Frames without news: refusals, farewells, and those that only show that the connection lives. No I/O."""

from __future__ import annotations

from pipeline.metrics import Metrics
from producers.arrivals import FrameArrived
from producers.doubts import Doubts
from producers.event_time import EventTime
from producers.exchange_clock import TimeSource
from producers.feed_outcome import Outcome
from producers.feed_writer import FeedWriter
from producers.link import Link
from producers.protocol import Frame


class QuietFrames:
    """What a frame without news tells of its connection and of the exchange's time."""

    def __init__(self, time: EventTime, writer: FeedWriter, doubts: Doubts, metrics: Metrics) -> None:
        self._time = time
        self._writer = writer
        self._doubts = doubts
        self._metrics = metrics

    def take(self, link: Link, parsed: Frame, frame: FrameArrived, out: Outcome) -> None:
        """Handle a frame that is in sequence. All before it came, so that ticks up to its time are certain."""
        if parsed.refusal is not None:
            self._doubts.refuse(link, parsed.refusal, out)
            self._doubts.cut(link, "refused", out)
            return
        if parsed.farewell:
            out.notes.append((f"the exchange closes the connection: {parsed.farewell}", link.name))
            self._doubts.cut(link, "farewell", out)
            return
        if parsed.ignored:
            self._metrics.count("ignored_events", parsed.ignored)
        if parsed.exchange_time is not None:
            reading = self._time.read(parsed.exchange_time, frame.at, is_untimed=True)
            if reading.restarted:
                self._writer.restart(reading, frame, out)
            if reading.source is TimeSource.EXCHANGE:
                self._time.start_ticks(reading.time)
                self._time.write_ticks(reading.time, frame.at, out, link.symbols.values())
        for symbol in link.symbols.values():
            symbol.prove_ticks()
