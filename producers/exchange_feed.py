"""From the arrivals of one exchange's links to its records, in the order in which they are to be written.

Holds all state of the exchange's feed and does no I/O: what happened goes in; records, dead letters, connections to be
cut and books to be asked for come out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from pipeline.metrics import Metrics
from producers.arrivals import Arrival, Connected, ConnectionLost, FrameArrived, FrameRefused, Instant
from producers.book_requests import BookRequests
from producers.doubts import Doubts
from producers.errors import MalformedFrame
from producers.event_time import EventTime
from producers.feed_gauges import watch_state
from producers.feed_outcome import Outcome
from producers.feed_rules import FeedRules, FeedStart
from producers.feed_writer import FeedWriter
from producers.link import Link
from producers.protocol import Protocol, Refusal
from producers.quiet_frames import QuietFrames
from producers.requested_answers import RequestedAnswers
from producers.symbol_feed import Doubt, SymbolFeed
from producers.symbol_news import SymbolNews
from producers.tally import Tally
from producers.unusable_frames import UnusableFrames
from producers.watchdog import Watchdog


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
        self._parse = protocol.parse
        self._rules = rules
        self._metrics = metrics
        self._tally = Tally()
        self._symbols: dict[str, SymbolFeed] = {}
        self._links: dict[str, Link] = {}
        for name, symbols in links.items():
            feeds = {
                symbol: SymbolFeed(symbol, Doubt(start.reason, start.last_of_symbol.get(symbol))) for symbol in symbols
            }
            self._symbols |= feeds
            self._links[name] = Link(name, feeds, protocol.first_sequence, was_served=name in start.served)
        exchange, everyone, all_links = protocol.exchange, self._symbols.values(), self._links.values()
        self._time = EventTime(
            exchange, everyone, start.last_event_time or 0, rules.farthest_ahead_ms, self._tally, metrics
        )
        self._writer = FeedWriter(exchange, everyone, self._time, self._tally, metrics)
        self._requests = BookRequests(metrics, are_possible=protocol.snapshot is not None)
        self._doubts = Doubts(protocol.resync, self._requests)
        self._unusable = UnusableFrames(exchange, self._doubts, metrics)
        self._quiet = QuietFrames(self._time, self._writer, self._doubts, metrics)
        self._news = SymbolNews(protocol, rules, self._writer, self._requests, self._doubts, metrics)
        self._answers = RequestedAnswers(protocol.parse, self._news, self._requests, self._unusable, metrics)
        self._watchdog = Watchdog(all_links, rules, self._time, self._requests, self._doubts, metrics)
        watch_state(all_links, everyone, metrics)

    @property
    def symbols(self) -> Mapping[str, SymbolFeed]:
        """What is known of each symbol, to be looked at only."""
        return self._symbols

    @property
    def served(self) -> frozenset[str]:
        """The links that the exchange has served: a feed that starts over goes on from that (`FeedStart`)."""
        return frozenset(name for name, link in self._links.items() if link.was_served)

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
                self._on_frame(link, arrival, out)
        elif isinstance(arrival, Connected):
            link.connected(arrival.connection, arrival.at.monotonic_ms)
            if self._requests.are_possible:
                for symbol in link.symbols.values():
                    self._requests.ask(link, symbol, arrival.at.monotonic_ms, out)
        elif isinstance(arrival, ConnectionLost):
            if arrival.refused_for_good:
                self._doubts.refuse(link, Refusal(arrival.detail, for_good=True), out)
            if link.connection == arrival.connection:
                self._doubts.lose(link, arrival.reason)
        elif isinstance(arrival, FrameRefused):
            if link.connection == arrival.connection:
                self._unusable.too_large(link, arrival, out)
        else:
            assert_never(arrival)

    def _on_frame(self, link: Link, frame: FrameArrived, out: Outcome) -> None:
        self._tally.frames += 1
        self._tally.bytes += len(frame.payload)
        if frame.number < 0:
            self._answers.take(link, frame, out)
            return
        try:
            parsed = self._parse(frame.payload)
        except MalformedFrame as malformed:
            self._unusable.malformed(link, frame, malformed, out)
            return
        sequence = parsed.sequence
        if sequence is not None and not link.follows(sequence):
            self._unusable.out_of_sequence(link, sequence, frame.at.monotonic_ms, out)
            return
        if link.is_suspect:
            link.prove(frame.at.monotonic_ms, self._rules.pause_ms)
        if parsed.news:
            for news in parsed.news:
                symbol = link.symbols.get(news.symbol) if news.symbol else link.only
                if symbol is None:
                    self._metrics.count("unasked_symbols")
                elif link.connection == frame.connection:
                    self._news.take(link, symbol, news, frame, out)
        else:
            self._quiet.take(link, parsed, frame, out)

    def on_time(self, now: Instant, *, idle: bool) -> Outcome:
        """Time passed. `idle`: no arrival is waiting to be handled. To be called often; not being called is a pause."""
        out = Outcome()
        self.count_frames()
        self._watchdog.look(now.monotonic_ms, out)
        exchange_now = self._time.now(now)
        if exchange_now is None:
            self._watchdog.look_at_clock(now, out)
            return out
        self._watchdog.clock_runs()
        if idle:
            self._time.write_ticks(exchange_now - self._rules.tick_grace_ms, now, out)
        return out

    def count_frames(self) -> None:
        """Bring the metrics up to date."""
        self._tally.hand_over(self._metrics)
        self._metrics.gauge("lag_ms", self._writer.lag_ms)
