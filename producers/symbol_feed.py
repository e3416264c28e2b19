"""What is known of one symbol's feed: its book, its place in the sequence, and what is in doubt. No I/O."""

from __future__ import annotations

from dataclasses import dataclass

from market.order_book import OrderBook
from producers.venue import Update

SECOND_MS = 1_000


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

    def __init__(self, symbol: str, first_sequence: int | None, doubt: Doubt) -> None:
        self.symbol = symbol
        self.book = OrderBook()
        self.doubt: Doubt | None = doubt
        self.connection: str | None = None
        self.next_tick: int | None = None
        self.proven_until: int | None = doubt.since
        self.paused_at: float | None = None
        self.unread_since: float | None = None
        self._first_sequence = first_sequence
        self._next_sequence: int | None = None

    @property
    def is_trusted(self) -> bool:
        """Whether the book is whole and every message so far was seen."""
        return self.doubt is None

    @property
    def is_ticking(self) -> bool:
        """Whether time may pass for this symbol without a further message."""
        return self.doubt is None and self.paused_at is None and self.unread_since is None

    @property
    def is_numbered(self) -> bool:
        """Whether the next frame's sequence number tells if a frame was lost."""
        return self._next_sequence is not None

    def connected(self, connection: str) -> None:
        """A new connection: nothing of the old one's book is kept."""
        self.connection = connection
        self.book.clear()
        self.paused_at = self.unread_since = None
        self._next_sequence = self._first_sequence

    def follows(self, sequence: int | None) -> bool:
        """Whether the frame with this number is the next one; counts it."""
        if sequence is None:
            return True
        if self._next_sequence is not None and sequence != self._next_sequence:
            return False
        self._next_sequence = sequence + 1
        return True

    def fall_in_doubt(self, reason: str) -> None:
        """Trust nothing of this connection any more."""
        if self.doubt is None:
            self.doubt = Doubt(reason, self.proven_until)
        self.connection = None
        self.next_tick = None

    def recover(self, event_time: int) -> None:
        """A whole book has come at `event_time`: what follows is trusted."""
        self.doubt = None
        self.proven_until = event_time

    def prove(self, monotonic_ms: float, settle_ms: float) -> None:
        """A frame in sequence came: it dispels the suspicions.

        After a pause, the frames that had been waiting to be read prove only what was before them; one that comes
        `settle_ms` later is a fresh one.
        """
        self.unread_since = None
        if self.paused_at is not None and monotonic_ms >= self.paused_at + settle_ms:
            self.paused_at = None

    def prove_ticks(self) -> None:
        """A frame without news came: everything before the last tick is known to be there."""
        if self.next_tick is not None:
            self.proven_until = max(self.proven_until or 0, self.next_tick - SECOND_MS)

    def apply(self, update: Update) -> None:
        """Bring the book up to date."""
        if update.snapshot:
            self.book.clear()
        self.book.apply(update.changes)
