"""Records an exchange's raw frames as they come, until stopped."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.log import get_log
from pipeline.metrics import Metrics
from pipeline.process import StopSignal
from producers.arrivals import Arrival, ConnectionLost, FrameArrived, Instant
from producers.connection import STOPPED
from producers.connections import Connections, links_of, symbols_each
from producers.exchange_feed import ExchangeFeed
from producers.feed_outcome import Outcome
from producers.feed_rules import FeedStart
from producers.inbox import Inbox
from producers.progress import ProgressLine
from producers.protocols import chosen_protocol, chosen_symbols
from producers.recordings.recording_writer import RecordingWriter, Rotation
from producers.run import LOOK_SECONDS, MOST_AT_ONCE, feed_rules
from producers.settings import ProducerSettings


@dataclass(frozen=True, slots=True)
class RecordOptions:
    """`symbols` as the exchange spells them; `seconds` None: until stopped."""

    exchange: str
    symbols: tuple[str, ...]
    out: Path
    seconds: float | None = None
    rotation: Rotation = field(default_factory=Rotation)


def record(options: RecordOptions, settings: ProducerSettings, stop: StopSignal) -> None:
    """Write what arrives. The feed runs beside it: it knows when to connect anew and which books to ask for.

    Raises WrongSettings when the file is there already or the exchange refuses for good, GaveUp when the disk is full.
    """
    protocol = chosen_protocol(options.exchange, settings.feed_protocol)
    symbols = chosen_symbols(protocol, options.symbols or settings.symbols)
    links = links_of(symbols, symbols_each(protocol, settings.feed_symbols_each))
    clock = settings.clock()
    metrics = Metrics()
    feed = ExchangeFeed(protocol, links, FeedStart(), feed_rules(settings, clock.speed), metrics)
    inbox = Inbox(settings.feed_inbox_frames, settings.feed_inbox_bytes)
    log = get_log("producer")
    began = time.monotonic()

    def instant() -> Instant:
        return Instant(clock.wall_ms(), clock.monotonic_ms())

    def is_over() -> bool:
        return stop.is_set() or (options.seconds is not None and time.monotonic() - began >= options.seconds)

    frames = 0
    with RecordingWriter(options.out, protocol.exchange, protocol.name, links, options.rotation) as writer:
        log.info(
            "recording", exchange=protocol.exchange, protocol=protocol.name, symbols=",".join(symbols), out=options.out
        )

        def write(arrivals: Sequence[Arrival]) -> None:
            nonlocal frames
            outcome = Outcome()
            for arrival in arrivals:
                if isinstance(arrival, ConnectionLost) and arrival.reason == STOPPED:
                    continue  # by us: up to there nothing is in doubt
                writer.write(arrival)
                frames += isinstance(arrival, FrameArrived)
                feed.take(arrival, outcome)
            connections.obey(outcome)

        def progress() -> str:
            whole = sum(symbol.is_trusted for symbol in feed.symbols.values())
            return (
                f"{time.monotonic() - began:.0f} s: {frames:,} frames, {writer.bytes_written / 1e6:.2f} MB in "
                f"{writer.path}, {whole} of {len(symbols)} books whole"
            )

        connections = Connections(protocol, settings, links, inbox, instant, metrics)
        with ProgressLine(progress) as line:
            with connections:
                while not is_over():
                    arrivals = inbox.take(MOST_AT_ONCE, LOOK_SECONDS)
                    connections.obey(feed.on_time(instant(), idle=False))
                    write(arrivals)
                    connections.obey(feed.on_time(instant(), idle=not len(inbox)))
                    connections.raise_if_ended()
                    writer.flush_if_due()
                    line.show()
            while arrivals := inbox.take(MOST_AT_ONCE, 0):
                write(arrivals)
        parts = f" in {writer.part} parts" if writer.part > 1 else ""
    log.info(f"recorded {frames:,} frames, {writer.bytes_written:,} bytes{parts}", out=options.out)
