"""Something may be lost: how a symbol is made whole again, and how a link's connection is given up. No I/O."""

from __future__ import annotations

from producers.book_requests import BookRequests
from producers.feed_outcome import Cut, Outcome, Refused
from producers.link import Link
from producers.protocol import Refusal, Resync
from producers.symbol_feed import SymbolFeed


class Doubts:
    """`resync` is the protocol's means of making a symbol whole again."""

    def __init__(self, resync: Resync, requests: BookRequests) -> None:
        self._resync = resync
        self._requests = requests

    def doubt(self, link: Link, symbol: SymbolFeed, reason: str, now_ms: float, out: Outcome) -> None:
        """Something of this symbol may be lost: make it whole again by the protocol's means."""
        if self._resync == "reconnect":
            self.cut(link, reason, out)
        elif symbol.doubt is None:
            symbol.fall_in_doubt(reason, now_ms)
            symbol.forget_book()
            if self._resync == "snapshot":
                self._requests.ask(link, symbol, now_ms, out)

    def cut(self, link: Link, reason: str, out: Outcome) -> None:
        """Give the connection up: what it still sends is not looked at."""
        if link.connection is not None:
            out.cuts.append(Cut(link.name, link.connection, reason))
        self.lose(link, reason)

    def lose(self, link: Link, reason: str) -> None:
        """The connection is gone, and with it what is known of its symbols."""
        link.connection = None
        for symbol in link.symbols.values():
            symbol.fall_in_doubt(reason)
            symbol.wait_no_more()

    def refuse(self, link: Link, refusal: Refusal, out: Outcome) -> None:
        """The exchange says no. Who was served once is not refused for good: it is in trouble, and that will pass."""
        out.refused.append(Refused(link.name, Refusal(refusal.text, refusal.for_good and not link.was_served)))
