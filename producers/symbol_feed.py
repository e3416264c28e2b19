"""What is known of one symbol's feed: its book, its place in the updates' numbers, and what is in doubt. No I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from market.decimals import PRICE_TICKS
from market.order_book import OrderBook
from market.records import Change, Level
from producers.arrivals import FrameArrived
from producers.protocol import News, ParsedTrade
from producers.whole_book import difference, first_view

SECOND_MS = 1_000
# Trades that an exchange repeats are recognised among so many.
TRADES_REMEMBERED = 500
# News that may wait for a whole book: ten minutes of ten messages a second, twice.
MOST_WAITING = 12_000
MOST_WAITING_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Doubt:
    """Messages may have been lost since the event time `since` (None: nothing was known before)."""

    reason: str
    since: int | None


class SymbolFeed:
    """In doubt from the start, and again whenever something may be lost, until a whole book comes.

    Two weaker suspicions only hold the ticks back until the next frame shows that nothing was lost: this process stood
    still for a moment, or a frame could not even be told to belong to the sequence.
    """

    def __init__(self, symbol: str, doubt: Doubt) -> None:
        self.symbol = symbol
        self.connection = ""
        self._book = OrderBook()
        self.awaits_first = True
        self.doubt: Doubt | None = doubt
        self.doubted_at: float | None = None
        self.next_tick: int | None = None
        self.proven_until: int | None = doubt.since
        self.paused_at: float | None = None
        self.unread_since: float | None = None
        self.last_id: int | None = None
        self.waiting: deque[tuple[News, FrameArrived]] = deque()
        self._waiting_bytes = 0
        # Since when nothing but updates came that the book holds already, and whether that is for the book's being new.
        self.repeated_since: float | None = None
        self.is_catching_up = False
        # Event time of the book's last news, and since when (monotonic) nothing but trades came.
        self.book_until: int | None = None
        self.traded_without_book_since: float | None = None
        self._view: tuple[Sequence[Level], Sequence[Level]] | None = None
        self._is_only_view = False
        self._trades: dict[str, None] = {}

    @property
    def book(self) -> OrderBook:
        """The book as it stands; it is made when somebody looks, where the exchange sends whole ones all the time."""
        if self._is_only_view and self._view is not None:
            self._book.replace(first_view(*self._view))
            self._is_only_view = False
        return self._book

    def top(self, levels: int) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """The best levels of the bids and of the asks, best first."""
        if self._is_only_view and self._view is not None:
            bids, asks = self._view
            return tuple(bids[:levels]), tuple(asks[:levels])
        return self._book.top(levels)

    @property
    def is_crossed(self) -> bool:
        """Whether the best bid is at or above the best ask."""
        if not self._is_only_view:
            return self._book.is_crossed
        if self._view is not None:
            bids, asks = self._view
            return bool(bids and asks) and PRICE_TICKS[bids[0][0]] >= PRICE_TICKS[asks[0][0]]
        return False

    @property
    def is_trusted(self) -> bool:
        """Whether the book is whole and every message so far was seen."""
        return self.doubt is None

    @property
    def is_ticking(self) -> bool:
        """Whether time may pass for this symbol without a further message."""
        return self.doubt is None and self.paused_at is None and self.unread_since is None

    @property
    def is_suspect(self) -> bool:
        """Whether one of the weaker suspicions is there."""
        return self.paused_at is not None or self.unread_since is not None

    def connected(self, connection: str, monotonic_ms: float) -> None:
        """A new connection: nothing of the old one's book is kept."""
        self.connection = connection
        self.forget_book()
        self.doubted_at = monotonic_ms
        self.paused_at = self.unread_since = None
        self.wait_no_more()

    def forget_book(self) -> None:
        """What is known of the book is worth nothing any more."""
        self._book.clear()
        self._is_only_view = False
        self.awaits_first = True
        self._view = None
        self.last_id = self.repeated_since = self.traded_without_book_since = None

    def fall_in_doubt(self, reason: str, monotonic_ms: float | None = None) -> None:
        """Trust nothing until a whole book comes."""
        if self.doubt is None:
            self.doubt = Doubt(reason, self.proven_until)
            self.doubted_at = monotonic_ms
        self.next_tick = None

    def recover(self, event_time: int) -> None:
        """A whole book has come at `event_time`: what follows is trusted."""
        self.doubt = self.doubted_at = self.repeated_since = None
        self.is_catching_up = True
        self.proven_until = event_time

    def prove(self, monotonic_ms: float, settle_ms: float) -> None:
        """A frame in sequence came: it dispels the suspicions.

        After a pause, the frames that had been waiting to be read prove only what was before them; one that comes
        `settle_ms` later is a fresh one.
        """
        self.unread_since = None
        if self.paused_at is not None and monotonic_ms >= self.paused_at + settle_ms:
            self.paused_at = None

    def prove_until(self, event_time: int, last_id: int | None) -> None:
        """News of `event_time` came: everything before it is there, where its number tells that or there are none."""
        if self.last_id is None or (last_id is not None and not self.is_repeating):
            self.proven_until = event_time

    def prove_ticks(self) -> None:
        """A frame without news came: everything before the last tick is known to be there.

        Not so where the symbol's updates have numbers of their own: only the next one tells whether one is missing.
        """
        if self.next_tick is not None and not self.is_repeating and self.last_id is None:
            self.proven_until = max(self.proven_until or 0, self.next_tick - SECOND_MS)

    @property
    def is_repeating(self) -> bool:
        """Whether updates come that the book should not hold already: what is new since, nobody can tell."""
        return self.repeated_since is not None and not self.is_catching_up

    def wait(self, news: News, frame: FrameArrived) -> bool:
        """Keep the news until the book that it goes on from has come. False: too much waits, all before was dropped."""
        has_room = len(self.waiting) < MOST_WAITING and self._waiting_bytes < MOST_WAITING_BYTES
        if not has_room:
            self.wait_no_more()
        self._waiting_bytes += len(frame.payload)
        self.waiting.append((news, msgspec.structs.replace(frame, payload=b"")))
        return has_room

    def wait_no_more(self) -> None:
        """What waits for a book is of no use any more."""
        self.waiting.clear()
        self._waiting_bytes = 0

    def new_trades(self, trades: Sequence[ParsedTrade]) -> Sequence[ParsedTrade]:
        """Those that were not told before; all are remembered."""
        known = self._trades
        new = []
        for trade in trades:
            if trade.trade_id not in known:
                known[trade.trade_id] = None
                new.append(trade)
        while len(known) > TRADES_REMEMBERED:
            del known[next(iter(known))]
        return new

    def take_changes(self, changes: Sequence[Change], last_id: int | None) -> None:
        """New totals of some levels, up to the update `last_id`."""
        if last_id is not None:
            self.last_id = last_id
        self._book.apply(changes)

    def take_whole(self, bids: Sequence[Level], asks: Sequence[Level]) -> Sequence[Change]:
        """All that the exchange shows of the book. Returns what changed (`whole_book`)."""
        before, self._view, self._is_only_view = self._view, (bids, asks), True
        return first_view(bids, asks) if before is None else difference(before, self._view)
