"""What happened to a book at one time, out of the records of its feed. Pure.

Changes to which the exchange gives one time happened together, in however many messages it told them: a trade that
empties three levels is one moment, not three.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from market.records import L2, Change, FeedRecord, Gap, Tick


class Changed(NamedTuple):
    """Levels changed at `time` (epoch ms). No changes: nothing more is known than that nothing happened up to then."""

    time: int
    changes: tuple[Change, ...]


class WholeBook(NamedTuple):
    """A whole book came at `time` (epoch ms)."""

    time: int
    changes: tuple[Change, ...]


class Lost(NamedTuple):
    """Messages were lost: nothing is known until the next whole book."""


Moment = Changed | WholeBook | Lost


@dataclass(slots=True)
class TimesMet:
    """What was met among the times: those earlier than one before them, held at it, and those not the exchange's."""

    held: int = 0
    not_the_exchanges: int = 0


def moments(records: Iterable[FeedRecord], met: TimesMet) -> Iterator[Moment]:
    """The moments of one symbol's records, which begin with the first whole book; it follows a gap."""
    pending: list[Change] = []
    book: list[Change] | None = None
    is_whole = False
    now = ticked = 0
    for record in records:
        if isinstance(record, Tick):
            ticked = record.event_time
        elif isinstance(record, Gap):
            if pending:
                yield Changed(now, tuple(pending))
            if is_whole:
                # Up to the last good frame nothing was lost.
                now = max(now, record.from_)
                yield Changed(now, ())
            pending, book, is_whole = [], [], False
            yield Lost()
        elif isinstance(record, L2) and is_whole:
            met.not_the_exchanges += record.time_from is not None
            told = record.exchange_time or record.event_time
            for change in record.changes:
                # A level's own time is not checked where it comes from: it cannot be later than its message.
                time = min(change.time or told, told)
                met.held += time < now
                if time > now:
                    if pending:
                        yield Changed(now, tuple(pending))
                        pending = []
                    now = time
                pending.append(change)
        elif isinstance(record, L2) and book is not None:
            book += record.changes
            if record.piece == record.pieces:
                # A level of the book may bear the time of its own last change, long ago.
                now = max(now, record.exchange_time or record.event_time)
                yield WholeBook(now, tuple(book))
                is_whole = True
    if pending:
        yield Changed(now, tuple(pending))
    if is_whole:
        yield Changed(max(now, ticked), ())
