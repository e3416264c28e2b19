"""From the arrivals of one exchange's links to its records, in the order in which they are to be written.

Holds all state of the exchange's feed and does no I/O: what happened goes in; records, dead letters, connections to be
cut and books to be asked for come out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import assert_never

import msgspec

from market.records import DeadLetter
from pipeline.dead_letters import dead_letter
from pipeline.metrics import Metrics
from producers.arrivals import Arrival, Connected, ConnectionLost, FrameArrived, FrameRefused, Instant
from producers.errors import MalformedFrame
from producers.event_time import EventTime
from producers.exchange_clock import FARTHEST_AHEAD_MS, TimeSource
from producers.feed_outcome import Cut, Outcome, Refused, SnapshotWanted
from producers.feed_writer import FeedWriter
from producers.link import Link
from producers.protocol import BookNews, Frame, News, Protocol, Refusal
from producers.symbol_feed import Doubt, SymbolFeed
from producers.tally import Tally

# A process that stood still for longer is not given the benefit of the doubt.
LONGEST_PAUSE_MS = 30_000
# So long may frames be unreadable, or nothing but repeated, before the connection is given up.
UNREAD_FOR_MS = 5_000
# So long may the first time of the exchange take before it is done without.
FIRST_TIME_MS = 15_000
NO_TIMES = (
    "the exchange gives no times with what is followed: this machine's clock stands for its own; trades have times, "
    "where they are followed too"
)
CLOCKS_APART = (
    "the exchange's clock and this machine's are more than a minute apart: its times are refused, and no minute is "
    "complete until one of the clocks is set right"
)


@dataclass(frozen=True, slots=True)
class FeedRules:
    """What can be set. Times in ms of the clock, so already multiplied by its speed.

    `tick_grace_ms`: so long a tick waits for frames under way that belong before it. `pause_ms`: standing still for
    longer may have made frames late. `farthest_ahead_ms`: times farther ahead of the clock are refused.
    `crossed_book_is_doubt`: whether a crossed book makes a symbol resynchronise. `first_book_ms`: so long may a
    connection, or an answer, take to bring a whole book. `book_from_nothing`: the first changes stand for a whole book,
    for recordings that have none.
    """

    tick_grace_ms: float = 300
    pause_ms: float = 300
    farthest_ahead_ms: float = FARTHEST_AHEAD_MS
    crossed_book_is_doubt: bool = True
    first_book_ms: float = 20_000
    book_from_nothing: bool = False


@dataclass(frozen=True, slots=True)
class FeedStart:
    """Where the topic stands: its last event time, and each symbol's, where it has any; and why the feed starts."""

    last_event_time: int | None = None
    last_of_symbol: Mapping[str, int] = field(default_factory=dict)
    reason: str = "start"


class ExchangeFeed:
    """All symbols of one exchange; `links` names the symbols that share a connection."""

    def __init__(
        self,
        protocol: Protocol,
        links: Mapping[str, Sequence[str]],
        start: FeedStart,
        rules: FeedRules,
        metrics: Metrics,
    ) -> None:
        self._protocol = protocol
        self._parse = protocol.parse
        self._first_changes_are_snapshot = protocol.first_changes_are_snapshot or rules.book_from_nothing
        self._rules = rules
        self._metrics = metrics
        self._tally = Tally()
        self._last_seen: float | None = None
        self._symbols: dict[str, SymbolFeed] = {}
        self._links: dict[str, Link] = {}
        for name, symbols in links.items():
            feeds = {
                symbol: SymbolFeed(symbol, Doubt(start.reason, start.last_of_symbol.get(symbol))) for symbol in symbols
            }
            self._symbols |= feeds
            self._links[name] = Link(name, feeds, protocol.first_sequence)
        everyone = self._symbols.values()
        self._time = EventTime(
            protocol.exchange, everyone, start.last_event_time or 0, rules.farthest_ahead_ms, self._tally, metrics
        )
        self._writer = FeedWriter(protocol.exchange, everyone, self._time, self._tally, metrics)
        self._is_clock_told = False
        self._untimed_since: float | None = None
        self._show_state()

    @property
    def symbols(self) -> Mapping[str, SymbolFeed]:
        """What is known of each symbol, to be looked at only."""
        return self._symbols

    def on_arrival(self, arrival: Arrival) -> Outcome:
        """Handle what a connection told."""
        out = Outcome()
        self.take(arrival, out)
        self.count_frames()
        return out

    def take(self, arrival: Arrival, out: Outcome) -> None:
        """Handle what a connection told; what is to be done is added to `out`."""
        link = self._links[arrival.link]
        if isinstance(arrival, FrameArrived):
            if link.connection == arrival.connection:
                if arrival.number >= 0:
                    self._on_frame(link, arrival, out)
                else:
                    self._on_answer(link, arrival, out)
        elif isinstance(arrival, Connected):
            link.connected(arrival.connection, arrival.at.monotonic_ms)
            if self._protocol.snapshot is not None:
                for symbol in link.symbols.values():
                    self._ask(link, symbol, arrival.at.monotonic_ms, out)
        elif isinstance(arrival, ConnectionLost):
            if arrival.refused_for_good:
                self._on_refused(link, Refusal(arrival.detail, for_good=True), out)
            if link.connection == arrival.connection:
                self._lose(link, arrival.reason)
        elif isinstance(arrival, FrameRefused):
            if link.connection == arrival.connection:
                letter = self._dead_letter(link, arrival, b"", arrival.reason)
                out.dead_letters.append(msgspec.structs.replace(letter, length=arrival.length))
                self._lose(link, "too_large")
        else:
            assert_never(arrival)

    def on_time(self, now: Instant, *, idle: bool) -> Outcome:
        """Time passed. `idle`: no arrival is waiting to be handled. To be called often; not being called is a pause."""
        out = Outcome()
        self.count_frames()
        self._notice_pause(now, out)
        for link in self._links.values():
            if link.connection is not None:
                self._look_after(link, now.monotonic_ms, out)
        exchange_now = self._time.now(now)
        if exchange_now is None:
            self._look_at_clock(now, out)
        if idle and exchange_now is not None:
            self._time.write_ticks(exchange_now - self._rules.tick_grace_ms, now, out)
        return out

    def count_frames(self) -> None:
        """Bring the metrics up to date."""
        self._tally.hand_over(self._metrics)
        self._metrics.gauge("lag_ms", self._writer.lag_ms)

    def _show_state(self) -> None:
        """Let the metrics see, whenever somebody looks, who is connected and who is trusted."""
        links, symbols, watch = self._links.values(), self._symbols.values(), self._metrics.watch
        watch("links", lambda: len(links))
        watch("links_connected", lambda: sum(link.connection is not None for link in links))
        watch("symbols", lambda: len(symbols))
        watch("symbols_trusted", lambda: sum(symbol.is_trusted for symbol in symbols))
        watch("symbols_ticking", lambda: sum(symbol.next_tick is not None and symbol.is_ticking for symbol in symbols))
        watch("news_waiting", lambda: sum(len(symbol.waiting) for symbol in symbols))
        for symbol in symbols:
            watch("trusted", partial(_as_number, symbol), symbol=symbol.symbol)

    # What time brings.

    def _notice_pause(self, now: Instant, out: Outcome) -> None:
        paused_for = 0.0 if self._last_seen is None else now.monotonic_ms - self._last_seen
        self._last_seen = now.monotonic_ms
        if paused_for <= self._rules.pause_ms:
            return
        self._metrics.count("pauses")
        for link in self._links.values():
            for symbol in link.symbols.values():
                if symbol.is_trusted and paused_for > LONGEST_PAUSE_MS:
                    self._cut(link, "paused", out)
                elif symbol.is_trusted:
                    symbol.paused_at = now.monotonic_ms
                    link.is_suspect = True

    def _look_after(self, link: Link, now_ms: float, out: Outcome) -> None:
        """Give up waiting for what does not come: readable frames, first books, answers."""
        waited_for = [
            symbol
            for symbol in link.symbols.values()
            if symbol.doubted_at is not None and now_ms - symbol.doubted_at > self._rules.first_book_ms
        ]
        if waited_for and not any(symbol.is_trusted for symbol in link.symbols.values()):
            self._cut(link, "no_first_book", out)
            return
        for symbol in waited_for:
            # The others of this connection have theirs: it is this symbol that the exchange does not serve.
            self._metrics.count("first_books_missing", symbol=symbol.symbol)
            out.notes.append(("no book comes for this symbol", symbol.symbol))
            symbol.doubted_at = now_ms
            # Perhaps the book is there, but does not go with what waits for it.
            symbol.wait_no_more()
            if self._protocol.snapshot is not None:
                self._ask(link, symbol, now_ms, out)
        for symbol in link.symbols.values():
            if symbol.unread_since is not None and now_ms - symbol.unread_since > UNREAD_FOR_MS:
                self._cut(link, link.unread_reason, out)
                return

    def _look_at_clock(self, now: Instant, out: Outcome) -> None:
        """Do without the exchange's clock, where it shows none; tell, once, that it cannot be read."""
        if self._is_clock_told or not any(symbol.is_trusted for symbol in self._symbols.values()):
            return
        if self._untimed_since is None:
            self._untimed_since = now.monotonic_ms
        elif now.monotonic_ms - self._untimed_since > FIRST_TIME_MS:
            self._is_clock_told = True
            if self._time.refused_since is None:
                self._time.run_by_receipt(now)
                out.notes.append((NO_TIMES, ""))
            else:
                out.notes.append((CLOCKS_APART, ""))

    # What frames bring.

    def _on_frame(self, link: Link, frame: FrameArrived, out: Outcome) -> None:
        self._tally.frames += 1
        self._tally.bytes += len(frame.payload)
        try:
            parsed = self._parse(frame.payload)
        except MalformedFrame as malformed:
            self._on_malformed(link, frame, malformed, out)
            return
        sequence = parsed.sequence
        if sequence is not None and not link.follows(sequence):
            self._on_wrong_number(link, sequence, frame, out)
            return
        if link.is_suspect:
            link.prove(frame.at.monotonic_ms, self._rules.pause_ms)
        if parsed.news:
            for news in parsed.news:
                feed = link.symbols.get(news.symbol) if news.symbol else link.only
                if feed is None:
                    self._metrics.count("unasked_symbols")
                elif link.connection == frame.connection:
                    self._on_news(link, feed, news, frame, out)
        else:
            self._on_quiet_frame(link, parsed, frame, out)

    def _on_wrong_number(self, link: Link, sequence: int, frame: FrameArrived, out: Outcome) -> None:
        if not link.is_repeated(sequence):
            self._cut(link, "sequence_gap", out)
            return
        # It was handled when it came first. If nothing but repetitions comes, the connection is given up.
        self._metrics.count("repeated_frames")
        link.suspect_unread(frame.at.monotonic_ms, "repeated_frames")

    def _on_quiet_frame(self, link: Link, parsed: Frame, frame: FrameArrived, out: Outcome) -> None:
        if parsed.refusal is not None:
            self._on_refused(link, parsed.refusal, out)
            self._cut(link, "refused", out)
            return
        if parsed.farewell:
            out.notes.append((f"the exchange closes the connection: {parsed.farewell}", link.name))
            self._cut(link, "farewell", out)
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

    def _on_refused(self, link: Link, refusal: Refusal, out: Outcome) -> None:
        # Who was served once is not refused for good: that is the exchange's trouble, and it will pass.
        out.refused.append(Refused(link.name, Refusal(refusal.text, refusal.for_good and not link.was_served)))

    def _on_news(self, link: Link, symbol: SymbolFeed, news: News, frame: FrameArrived, out: Outcome) -> None:
        kind = news.book
        if news.is_history and not kind:
            self._writer.remember(symbol, news)
            return
        is_requested = kind == "snapshot" and self._protocol.snapshot is not None
        if kind == "changes" and symbol.awaits_first and self._first_changes_are_snapshot:
            kind = "snapshot"
        if is_requested:
            self._on_requested_book(link, symbol, news, frame, out)
        elif kind == "snapshot" or kind == "whole" or symbol.doubt is None:
            if kind != "snapshot" and news.last_id is not None and not self._follows(link, symbol, news, frame, out):
                return
            self._write(link, symbol, news, kind, frame, out)
        elif self._protocol.snapshot is not None and not self._rules.book_from_nothing:
            self._wait(symbol, news, frame)
        elif kind == "changes":
            self._cut(link, "no_first_book", out)
        elif news.trades:
            # The gap that ends with the first book covers them.
            self._metrics.count("trades_before_book", len(news.trades), symbol=symbol.symbol)

    def _follows(self, link: Link, symbol: SymbolFeed, news: News, frame: FrameArrived, out: Outcome) -> bool:
        """Whether the news goes on from where the book stands; if not, it is old, or some is missing."""
        known, last = symbol.last_id, news.last_id
        if known is None or last is None:
            return True
        # A whole book may be sent again as it is.
        if last < known or (last == known and news.book == "changes"):
            self._on_repeated(link, symbol, news, frame, out)
            return False
        if news.first_id is not None and news.first_id > known + 1:
            self._doubt(link, symbol, "sequence_gap", frame.at.monotonic_ms, out)
            if self._protocol.snapshot is not None:
                # It waits for the book, or is the first one.
                self._on_news(link, symbol, news, frame, out)
            return False
        symbol.repeated_since = None
        symbol.is_catching_up = False
        return True

    def _on_repeated(self, link: Link, symbol: SymbolFeed, news: News, frame: FrameArrived, out: Outcome) -> None:
        """The book holds this already. Nothing but such news for long: the exchange counts anew, and news is missed."""
        self._metrics.count("repeated_frames")
        now_ms = frame.at.monotonic_ms
        if symbol.repeated_since is None:
            symbol.repeated_since = now_ms
        elif now_ms - symbol.repeated_since > UNREAD_FOR_MS:
            self._doubt(link, symbol, "repeated_frames", now_ms, out)
            if self._protocol.snapshot is not None:
                self._wait(symbol, news, frame)

    def _write(
        self, link: Link, symbol: SymbolFeed, news: News, kind: BookNews, frame: FrameArrived, out: Outcome
    ) -> None:
        link.was_served = True
        self._writer.write(symbol, news, kind, frame, out)
        if kind and symbol.is_crossed:
            self._metrics.count("crossed_books", symbol=symbol.symbol)
            if self._rules.crossed_book_is_doubt:
                self._doubt(link, symbol, "crossed_book", frame.at.monotonic_ms, out)

    # Books that come by request.

    def _ask(self, link: Link, symbol: SymbolFeed, now_ms: float, out: Outcome) -> None:
        symbol.doubted_at = now_ms
        self._ask_again(link, symbol, out)

    def _ask_again(self, link: Link, symbol: SymbolFeed, out: Outcome) -> None:
        """The answer was of no use. How long the book is waited for already stays known."""
        if link.connection is not None:
            out.snapshots.append(SnapshotWanted(link.name, link.connection, symbol.symbol))

    def _wait(self, symbol: SymbolFeed, news: News, frame: FrameArrived) -> None:
        """Keep the news until the book that it goes on from has come."""
        if not symbol.wait(news, frame):
            # A book that is newer than what was dropped will do.
            self._metrics.count("waiting_dropped", symbol=symbol.symbol)

    def _on_answer(self, link: Link, frame: FrameArrived, out: Outcome) -> None:
        """The answer to a request. It proves nothing about the socket, and one that is unreadable lost nothing."""
        self._tally.frames += 1
        self._tally.bytes += len(frame.payload)
        try:
            news = self._parse(frame.payload).news
        except MalformedFrame as malformed:
            out.dead_letters.append(self._dead_letter(link, frame, frame.payload, malformed.reason))
            news = ()
        for one in news:
            symbol = link.find(one.symbol)
            if symbol is not None and one.book == "snapshot":
                self._on_requested_book(link, symbol, one, frame, out)
            else:
                self._metrics.count("unasked_symbols")
        if not news:
            for symbol in link.symbols.values():
                if symbol.doubt is not None:
                    self._ask_again(link, symbol, out)

    def _on_requested_book(self, link: Link, symbol: SymbolFeed, book: News, frame: FrameArrived, out: Outcome) -> None:
        if symbol.doubt is None or book.last_id is None:
            self._metrics.count("snapshots_unneeded")
            return
        kept = [
            (news, came)
            for news, came in symbol.waiting
            if news.book != "changes" or news.last_id is None or news.last_id > book.last_id
        ]
        first = next((news.first_id for news, _ in kept if news.book == "changes"), None)
        if first is not None and first > book.last_id + 1:
            self._metrics.count("snapshots_too_old")
            self._ask_again(link, symbol, out)
            return
        if len(kept) < len(symbol.waiting):
            # The book holds them already.
            self._metrics.count("repeated_frames", len(symbol.waiting) - len(kept))
        symbol.wait_no_more()
        self._write(link, symbol, book, "snapshot", frame, out)
        for news, came in kept:
            self._on_news(link, symbol, news, came, out)

    # Doubts.

    def _doubt(self, link: Link, symbol: SymbolFeed, reason: str, now_ms: float, out: Outcome) -> None:
        """Something of this symbol may be lost: make it whole again by the protocol's means."""
        if self._protocol.resync == "reconnect":
            self._cut(link, reason, out)
        elif symbol.doubt is None:
            symbol.fall_in_doubt(reason, now_ms)
            symbol.forget_book()
            if self._protocol.resync == "snapshot":
                self._ask(link, symbol, now_ms, out)

    def _cut(self, link: Link, reason: str, out: Outcome) -> None:
        if link.connection is not None:
            out.cuts.append(Cut(link.name, link.connection, reason))
        self._lose(link, reason)

    def _lose(self, link: Link, reason: str) -> None:
        link.connection = None
        for symbol in link.symbols.values():
            symbol.fall_in_doubt(reason)
            symbol.wait_no_more()

    # What cannot be read.

    def _on_malformed(self, link: Link, frame: FrameArrived, malformed: MalformedFrame, out: Outcome) -> None:
        letter = self._dead_letter(link, frame, frame.payload, malformed.reason, malformed.symbol)
        out.dead_letters.append(letter)
        now_ms = frame.at.monotonic_ms
        named = link.find(malformed.symbol)
        if malformed.sequence is None and link.is_numbered:
            # Whether it was one of the exchange's frames, the next one's number will tell.
            link.suspect_unread(now_ms, "malformed_frame")
        elif malformed.sequence is not None and not link.follows(malformed.sequence):
            self._on_wrong_number(link, malformed.sequence, frame, out)
        elif malformed.hides_changes:
            for symbol in link.symbols.values() if named is None else (named,):
                self._doubt(link, symbol, "malformed_frame", now_ms, out)

    def _dead_letter(
        self, link: Link, frame: FrameArrived | FrameRefused, payload: bytes, reason: str, symbol: str = ""
    ) -> DeadLetter:
        self._metrics.count("malformed_frames")
        named = link.find(symbol) or link.only
        return dead_letter(
            source=f"{self._protocol.exchange} websocket",
            payload=payload,
            reason=reason,
            exchange=self._protocol.exchange,
            symbol=named.symbol if named is not None else "",
            event_time=frame.at.wall_ms,
            id=f"{frame.connection}:{frame.number}",
        )


def _as_number(symbol: SymbolFeed) -> int:
    return int(symbol.is_trusted)
