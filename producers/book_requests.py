"""Whole books that come by request: asked for, and joined to the news that waited for them. No I/O."""

from __future__ import annotations

from pipeline.metrics import Metrics
from producers.arrivals import FrameArrived
from producers.feed_outcome import Outcome, SnapshotWanted
from producers.link import Link
from producers.protocol import News
from producers.symbol_feed import SymbolFeed


class BookRequests:
    """`are_possible`: the protocol has whole books for those who ask."""

    def __init__(self, metrics: Metrics, *, are_possible: bool) -> None:
        self.are_possible = are_possible
        self._metrics = metrics

    def ask(self, link: Link, symbol: SymbolFeed, now_ms: float, out: Outcome) -> None:
        """Ask for the symbol's book; from now on it is waited for."""
        symbol.doubted_at = now_ms
        self.ask_again(link, symbol, out)

    def ask_again(self, link: Link, symbol: SymbolFeed, out: Outcome) -> None:
        """The answer was of no use. How long the book is waited for already stays known."""
        if link.connection is not None:
            out.snapshots.append(SnapshotWanted(link.name, link.connection, symbol.symbol))

    def keep(self, symbol: SymbolFeed, news: News, frame: FrameArrived) -> None:
        """Keep the news until the book that it goes on from has come."""
        if not symbol.wait(news, frame):
            # A book that is newer than what was dropped will do.
            self._metrics.count("waiting_dropped", symbol=symbol.symbol)

    def join(self, link: Link, symbol: SymbolFeed, book: News, out: Outcome) -> list[tuple[News, FrameArrived]] | None:
        """The news that waited and goes on from this book; nothing waits any more.

        None: the book is of no use, for nobody needs it, or it is older than what waits; then it is asked for again.
        """
        if symbol.doubt is None or book.last_id is None:
            self._metrics.count("snapshots_unneeded")
            return None
        kept = [
            (news, came)
            for news, came in symbol.waiting
            if news.book != "changes" or news.last_id is None or news.last_id > book.last_id
        ]
        first = next((news.first_id for news, _ in kept if news.book == "changes"), None)
        if first is not None and first > book.last_id + 1:
            self._metrics.count("snapshots_too_old")
            self.ask_again(link, symbol, out)
            return None
        if len(kept) < len(symbol.waiting):
            # The book holds them already.
            self._metrics.count("repeated_frames", len(symbol.waiting) - len(kept))
        symbol.wait_no_more()
        return kept
