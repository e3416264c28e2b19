"""What becomes of a symbol's news: it is written, waits for a whole book, is old, or shows that some is missing."""

from __future__ import annotations

from pipeline.metrics import Metrics
from producers.arrivals import FrameArrived
from producers.book_requests import BookRequests
from producers.doubts import Doubts
from producers.feed_outcome import Outcome
from producers.feed_rules import UNREAD_FOR_MS, FeedRules
from producers.feed_writer import FeedWriter
from producers.link import Link
from producers.protocol import BookNews, News, Protocol
from producers.symbol_feed import SymbolFeed


class SymbolNews:
    """Lets through to the writer what goes on from where a symbol's book stands."""

    def __init__(
        self,
        protocol: Protocol,
        rules: FeedRules,
        writer: FeedWriter,
        requests: BookRequests,
        doubts: Doubts,
        metrics: Metrics,
    ) -> None:
        self._first_changes_are_snapshot = protocol.first_changes_are_snapshot or rules.book_from_nothing
        self._rules = rules
        self._writer = writer
        self._requests = requests
        self._doubts = doubts
        self._metrics = metrics

    def take(self, link: Link, symbol: SymbolFeed, news: News, frame: FrameArrived, out: Outcome) -> None:
        """Handle the news of a frame that is in sequence."""
        kind = news.book
        if news.is_history and not kind:
            self._writer.remember(symbol, news)
            return
        is_requested = kind == "snapshot" and self._requests.are_possible
        if kind == "changes" and symbol.awaits_first and self._first_changes_are_snapshot:
            kind = "snapshot"
        if is_requested:
            self.take_requested(link, symbol, news, frame, out)
        elif kind == "snapshot" or kind == "whole" or symbol.doubt is None:
            if kind != "snapshot" and news.last_id is not None and not self._follows(link, symbol, news, frame, out):
                return
            self._write(link, symbol, news, kind, frame, out)
        elif self._requests.are_possible and not self._rules.book_from_nothing:
            self._requests.keep(symbol, news, frame)
        elif kind == "changes":
            self._doubts.cut(link, "no_first_book", out)
        elif news.trades:
            # The gap that ends with the first book covers them.
            self._metrics.count("trades_before_book", len(news.trades), symbol=symbol.symbol)

    def take_requested(self, link: Link, symbol: SymbolFeed, book: News, frame: FrameArrived, out: Outcome) -> None:
        """Handle a whole book that was asked for: it comes first, then the news that waited for it."""
        waited = self._requests.join(link, symbol, book, out)
        if waited is None:
            return
        self._write(link, symbol, book, "snapshot", frame, out)
        for news, came in waited:
            self.take(link, symbol, news, came, out)

    def _write(
        self, link: Link, symbol: SymbolFeed, news: News, kind: BookNews, frame: FrameArrived, out: Outcome
    ) -> None:
        link.was_served = True
        if kind == "snapshot" and symbol.is_trusted and not link.is_numbered and symbol.last_id is None:
            # Nobody asked for a book, and no number tells what was between it and the one before.
            symbol.fall_in_doubt("book_anew", frame.at.monotonic_ms)
        self._writer.write(symbol, news, kind, frame, out)
        if kind:
            symbol.traded_without_book_since = None
        elif news.trades:
            self._notice_silent_book(link, symbol, news, frame, out)
        if kind and symbol.is_crossed:
            self._metrics.count("crossed_books", symbol=symbol.symbol)
            if self._rules.crossed_book_is_doubt:
                self._doubts.doubt(link, symbol, "crossed_book", frame.at.monotonic_ms, out)

    def _notice_silent_book(
        self, link: Link, symbol: SymbolFeed, news: News, frame: FrameArrived, out: Outcome
    ) -> None:
        """A trade changes the book. Trades for long without any change of it: the book's channel hangs.

        Trades without a maker (auctions, blocks) change nothing.
        """
        if not any(trade.maker_side for trade in news.trades):
            return
        now_ms = frame.at.monotonic_ms
        if symbol.traded_without_book_since is None:
            symbol.traded_without_book_since = now_ms
        elif now_ms - symbol.traded_without_book_since > self._rules.silent_book_ms:
            # What came besides proves nothing of the book.
            symbol.proven_until = symbol.book_until
            self._doubts.doubt(link, symbol, "book_silent", now_ms, out)

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
            self._doubts.doubt(link, symbol, "sequence_gap", frame.at.monotonic_ms, out)
            if self._requests.are_possible:
                # It waits for the book, or is the first one.
                self.take(link, symbol, news, frame, out)
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
            self._doubts.doubt(link, symbol, "repeated_frames", now_ms, out)
            if self._requests.are_possible:
                self._requests.keep(symbol, news, frame)
