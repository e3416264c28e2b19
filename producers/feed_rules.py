"""What can be set of an exchange's feed, and what it goes on from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from producers.exchange_clock import FARTHEST_AHEAD_MS

# So long may frames be unreadable, or nothing but repeated, before what they may hold is taken for lost.
UNREAD_FOR_MS = 5_000
SILENT_BOOK_MS = 15_000


@dataclass(frozen=True, slots=True)
class FeedRules:
    """What can be set. Times in ms of the clock, so already multiplied by its speed.

    `tick_grace_ms`: so long a tick waits for frames under way that belong before it. `pause_ms`: standing still for
    longer may have made frames late. `farthest_ahead_ms`: times farther ahead of the clock are refused.
    `crossed_book_is_doubt`: whether a crossed book makes a symbol resynchronise. `first_book_ms`: so long may a
    connection, or an answer, take to bring a whole book. `silent_book_ms`: so long may trades come without a change of
    the book. `book_from_nothing`: the first changes stand for a whole book, for recordings that have none.
    """

    tick_grace_ms: float = 300
    pause_ms: float = 300
    farthest_ahead_ms: float = FARTHEST_AHEAD_MS
    crossed_book_is_doubt: bool = True
    first_book_ms: float = 20_000
    silent_book_ms: float = SILENT_BOOK_MS
    book_from_nothing: bool = False


@dataclass(frozen=True, slots=True)
class FeedStart:
    """Where the topic stands: its last event time, and each symbol's, where it has any; and why the feed starts.

    `served` names the links that the exchange served already since the process began.
    """

    last_event_time: int | None = None
    last_of_symbol: Mapping[str, int] = field(default_factory=dict)
    reason: str = "start"
    served: Collection[str] = ()
