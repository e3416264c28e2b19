"""From the arrivals of one exchange's connections to its records, in the order in which they are to be written.

Holds all state of the exchange's feed and does no I/O: what happened goes in, records, dead letters and connections
to be cut come out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import assert_never

import msgspec

from market.records import DeadLetter, FeedRecord, Gap
from pipeline.dead_letters import dead_letter
from pipeline.metrics import Metrics
from producers.arrivals import Arrival, Connected, ConnectionLost, FrameArrived, FrameRefused, Instant
from producers.errors import MalformedFrame
from producers.exchange_clock import FARTHEST_AHEAD_MS, ExchangeClock, Reading, TimeSource
from producers.feed_records import Provenance, gap_record, tick_records, update_records
from producers.symbol_feed import SECOND_MS, Doubt, SymbolFeed
from producers.venue import Heartbeat, Update, Venue

MINUTE_MS = 60_000
# A process that stood still for longer is not given the benefit of the doubt.
LONGEST_PAUSE_MS = 30_000
# So long may frames be unreadable before the connection is given up.
UNREAD_FOR_MS = 5_000


@dataclass(frozen=True, slots=True)
class FeedRules:
    """What can be set. Times in ms of the clock, so already multiplied by its speed.

    `tick_grace_ms`: so long a tick waits for frames under way that belong before it. `pause_ms`: standing still for
    longer may have made frames late. `farthest_ahead_ms`: times farther ahead of the clock are refused.
    `crossed_book_is_doubt`: whether a crossed book makes a symbol resynchronise.
    """

    tick_grace_ms: float = 300
    pause_ms: float = 300
    farthest_ahead_ms: float = FARTHEST_AHEAD_MS
    crossed_book_is_doubt: bool = True


@dataclass(frozen=True, slots=True)
class FeedStart:
    """Where the topic stands: its last event time, and each symbol's, where it has any; and why the feed starts."""

    last_event_time: int | None = None
    last_of_symbol: Mapping[str, int] = field(default_factory=dict)
    reason: str = "start"


@dataclass(frozen=True, slots=True)
class Cut:
    """This connection is not trusted any more: close it and connect anew."""

    symbol: str
    connection: str
    reason: str


@dataclass(slots=True)
class Outcome:
    """What is to be done, in order."""

    records: list[FeedRecord] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    cuts: list[Cut] = field(default_factory=list)


class ExchangeFeed:
    """All symbols of one exchange. Event time never goes back over all its records."""

    def __init__(
        self, venue: Venue, symbols: Iterable[str], start: FeedStart, rules: FeedRules, metrics: Metrics
    ) -> None:
        self._venue = venue
        self._rules = rules
        self._metrics = metrics
        self._clock = ExchangeClock(rules.farthest_ahead_ms)
        self._last_event_time = start.last_event_time or 0
        self._last_seen: float | None = None
        self._symbols = {
            symbol: SymbolFeed(symbol, venue.first_sequence, Doubt(start.reason, start.last_of_symbol.get(symbol)))
            for symbol in symbols
        }

    def on_arrival(self, arrival: Arrival) -> Outcome:
        """Handle what a connection told."""
        out = Outcome()
        symbol = self._symbols[arrival.symbol]
        match arrival:
            case FrameArrived():
                if symbol.connection == arrival.connection:
                    self._on_frame(symbol, arrival, out)
            case FrameRefused():
                if symbol.connection == arrival.connection:
                    self._on_refused(symbol, arrival, out)
            case Connected():
                symbol.connected(arrival.connection)
            case ConnectionLost():
                if symbol.connection == arrival.connection:
                    symbol.fall_in_doubt(arrival.reason)
            case _:
                assert_never(arrival)
        return out

    def on_time(self, now: Instant, *, idle: bool) -> Outcome:
        """Time passed. `idle`: no arrival is waiting to be handled. To be called often; not being called is a pause."""
        out = Outcome()
        self._notice_pause(now, out)
        for symbol in self._symbols.values():
            if symbol.unread_since is not None and now.monotonic_ms - symbol.unread_since > UNREAD_FOR_MS:
                self._doubt(symbol, "malformed_frame", out)
        exchange_now = self._clock.now(now.monotonic_ms)
        if idle and exchange_now is not None:
            self._write_ticks(exchange_now - self._rules.tick_grace_ms, now, out)
        return out

    def _notice_pause(self, now: Instant, out: Outcome) -> None:
        paused_for = 0.0 if self._last_seen is None else now.monotonic_ms - self._last_seen
        self._last_seen = now.monotonic_ms
        if paused_for <= self._rules.pause_ms:
            return
        self._metrics.count("pauses")
        for symbol in self._symbols.values():
            if symbol.is_trusted and paused_for > LONGEST_PAUSE_MS:
                self._doubt(symbol, "paused", out)
            elif symbol.is_trusted:
                symbol.paused_at = now.monotonic_ms

    def _on_frame(self, symbol: SymbolFeed, frame: FrameArrived, out: Outcome) -> None:
        self._metrics.count("frames")
        self._metrics.count("bytes", len(frame.payload))
        try:
            parsed = self._venue.parse(frame.payload)
        except MalformedFrame as malformed:
            self._on_malformed(symbol, frame, malformed, out)
            return
        if not symbol.follows(parsed.sequence):
            self._doubt(symbol, "sequence_gap", out)
            return
        symbol.prove(frame.at.monotonic_ms, self._rules.pause_ms)
        if isinstance(parsed, Heartbeat):
            symbol.prove_ticks()
        elif parsed.snapshot or symbol.is_trusted:
            self._on_update(symbol, parsed, frame, out)
        else:
            self._doubt(symbol, "no_first_book", out)

    def _on_malformed(self, symbol: SymbolFeed, frame: FrameArrived, malformed: MalformedFrame, out: Outcome) -> None:
        out.dead_letters.append(self._dead_letter(frame, frame.payload, malformed.reason))
        if malformed.sequence is None and symbol.is_numbered:
            # Whether it was one of the exchange's frames, the next one's number will tell.
            symbol.unread_since = symbol.unread_since or frame.at.monotonic_ms
        elif not symbol.follows(malformed.sequence):
            self._doubt(symbol, "sequence_gap", out)
        elif malformed.hides_changes:
            self._doubt(symbol, "malformed_frame", out)

    def _on_refused(self, symbol: SymbolFeed, frame: FrameRefused, out: Outcome) -> None:
        letter = self._dead_letter(frame, b"", frame.reason)
        out.dead_letters.append(msgspec.structs.replace(letter, length=frame.length))
        symbol.fall_in_doubt("too_large")

    def _on_update(self, symbol: SymbolFeed, update: Update, frame: FrameArrived, out: Outcome) -> None:
        reading = self._read_time(update, frame)
        if reading.restarted:
            self._restart(reading, frame, out)
        if self._clock.runs:
            self._start_ticks(reading.time)
        proven = symbol if reading.source is TimeSource.EXCHANGE else None
        self._write_ticks(reading.time, frame.at, out, proven)

        event_time = max(reading.time, self._last_event_time)
        self._last_event_time = event_time
        late = reading.time < event_time
        source = Provenance(
            exchange=self._venue.name,
            symbol=symbol.symbol,
            event_time=event_time,
            received_time=frame.at.wall_ms,
            connection=frame.connection,
            sequence=update.sequence,
            late=late,
            exchange_time=update.exchange_time if late else None,
        )
        if symbol.doubt is not None:
            out.records.append(self._gap(symbol.doubt, source))
            symbol.recover(event_time)
            if self._clock.runs:
                self._start_ticks(event_time)
        symbol.proven_until = event_time
        symbol.apply(update)
        out.records.extend(update_records(update, source))
        self._count_update(update, late, frame, event_time)
        if symbol.book.is_crossed:
            self._metrics.count("crossed_books")
            if self._rules.crossed_book_is_doubt:
                self._doubt(symbol, "crossed_book", out)

    def _read_time(self, update: Update, frame: FrameArrived) -> Reading:
        reading = self._clock.read(update.exchange_time, frame.at)
        # A first book has no time by its nature.
        if reading.source is not TimeSource.EXCHANGE and not (update.snapshot and update.exchange_time is None):
            self._metrics.count(f"times_{reading.source}")
        return reading

    def _restart(self, reading: Reading, frame: FrameArrived, out: Outcome) -> None:
        """The exchange's clock began anew: which minutes the last records belong to is in doubt."""
        event_time = self._last_event_time = max(reading.time, self._last_event_time)
        for symbol in self._symbols.values():
            symbol.next_tick = None
            if symbol.is_trusted:
                source = Provenance(
                    exchange=self._venue.name,
                    symbol=symbol.symbol,
                    event_time=event_time,
                    received_time=frame.at.wall_ms,
                    connection=symbol.connection or frame.connection,
                )
                out.records.append(self._gap(Doubt("clock_restarted", symbol.proven_until), source))

    def _gap(self, doubt: Doubt, source: Provenance) -> Gap:
        self._metrics.count(f"gaps_{doubt.reason}")
        return gap_record(doubt.since, doubt.reason, source)

    def _start_ticks(self, time: int) -> None:
        first = -(-max(time, self._last_event_time) // SECOND_MS) * SECOND_MS
        for symbol in self._symbols.values():
            if symbol.is_trusted and symbol.next_tick is None:
                symbol.next_tick = first

    def _write_ticks(self, until: float, at: Instant, out: Outcome, proven: SymbolFeed | None = None) -> None:
        """Write all ticks due up to `until`: those of symbols that nothing holds back, and of the proven one."""
        while True:
            second, due = None, None
            for symbol in self._symbols.values():
                tick = symbol.next_tick
                if tick is None or tick > until or (second is not None and tick >= second):
                    continue
                if symbol.is_ticking or symbol is proven:
                    second, due = tick, symbol
            if due is None or second is None:
                return
            self._write_tick(due, second, at, out)
            due.next_tick = second + SECOND_MS

    def _write_tick(self, symbol: SymbolFeed, second: int, at: Instant, out: Outcome) -> None:
        event_time = max(second, self._last_event_time)
        if event_time // MINUTE_MS != second // MINUTE_MS:
            # The topic has moved past the minute that this tick would have vouched for: it stays incomplete.
            self._metrics.count("ticks_missed")
            return
        self._last_event_time = event_time
        late = event_time > second
        source = Provenance(
            exchange=self._venue.name,
            symbol=symbol.symbol,
            event_time=event_time,
            received_time=at.wall_ms,
            connection=symbol.connection or "",
            late=late,
            exchange_time=second if late else None,
        )
        out.records.extend(tick_records(symbol.book, source))

    def _doubt(self, symbol: SymbolFeed, reason: str, out: Outcome) -> None:
        if symbol.connection is not None:
            out.cuts.append(Cut(symbol.symbol, symbol.connection, reason))
        symbol.fall_in_doubt(reason)

    def _dead_letter(self, frame: FrameArrived | FrameRefused, payload: bytes, reason: str) -> DeadLetter:
        self._metrics.count("malformed_frames")
        return dead_letter(
            source=f"{self._venue.name} websocket",
            payload=payload,
            reason=reason,
            exchange=self._venue.name,
            symbol=frame.symbol,
            event_time=frame.at.wall_ms,
            id=f"{frame.connection}:{frame.number}",
        )

    def _count_update(self, update: Update, late: bool, frame: FrameArrived, event_time: int) -> None:
        if update.ignored:
            self._metrics.count("ignored_events", update.ignored)
        if late:
            self._metrics.count("late_frames")
        self._metrics.gauge("lag_ms", frame.at.wall_ms - event_time)
