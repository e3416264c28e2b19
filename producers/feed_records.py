"""From what a frame says to the records of the feed topic. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from market.order_book import OrderBook
from market.records import L2, Book, Change, FeedRecord, Gap, Tick, Trade
from producers.venue import Update

# Kafka refuses messages above about 1 MB; a change is encoded in about this much more than its texts.
LARGEST_L2_BYTES = 500_000
CHANGE_FRAME_BYTES = 110
LEVELS = 50  # of each side, in a book record


@dataclass(frozen=True, slots=True)
class Provenance:
    """What all records of one frame share: whose they are, when, and where they come from. Times in epoch ms."""

    exchange: str
    symbol: str
    event_time: int
    received_time: int
    connection: str
    sequence: int | None = None
    late: bool = False
    exchange_time: int | None = None


def update_records(update: Update, source: Provenance) -> list[FeedRecord]:
    """One l2 record (a large one in numbered pieces), then the trades. A first book's trades are history: left out."""
    records: list[FeedRecord] = list(_l2_records(update.changes, source))
    if not update.snapshot:
        records.extend(
            Trade(
                exchange=source.exchange,
                symbol=source.symbol,
                event_time=source.event_time,
                received_time=source.received_time,
                connection=source.connection,
                sequence=source.sequence,
                late=source.late,
                exchange_time=source.exchange_time,
                trade_id=trade.trade_id,
                price=trade.price,
                size=trade.size,
                maker_side=trade.maker_side,
            )
            for trade in update.trades
        )
    return records


def _l2_records(changes: tuple[Change, ...], source: Provenance) -> Iterator[L2]:
    if not changes:
        return
    parts = split(changes) if len(changes) * CHANGE_FRAME_BYTES > LARGEST_L2_BYTES // 4 else [changes]
    for number, part in enumerate(parts, start=1):
        yield L2(
            exchange=source.exchange,
            symbol=source.symbol,
            event_time=source.event_time,
            received_time=source.received_time,
            connection=source.connection,
            sequence=source.sequence,
            late=source.late,
            exchange_time=source.exchange_time,
            changes=part,
            piece=number if len(parts) > 1 else None,
            pieces=len(parts) if len(parts) > 1 else None,
        )


def split(changes: tuple[Change, ...], largest: int = LARGEST_L2_BYTES) -> list[tuple[Change, ...]]:
    """Cut a list of changes into parts that each stay below `largest` bytes when encoded."""
    parts: list[tuple[Change, ...]] = []
    start = size = 0
    for index, change in enumerate(changes):
        one = CHANGE_FRAME_BYTES + len(change.price) + len(change.remaining) + len(change.delta or "")
        if size + one > largest and index > start:
            parts.append(changes[start:index])
            start, size = index, 0
        size += one
    parts.append(changes[start:])
    return parts


def tick_records(book: OrderBook, source: Provenance) -> tuple[Tick, Book]:
    """A whole second, and the book as it stood then."""
    bids, asks = book.top(LEVELS)
    tick = Tick(
        exchange=source.exchange,
        symbol=source.symbol,
        event_time=source.event_time,
        received_time=source.received_time,
        connection=source.connection,
        late=source.late,
        exchange_time=source.exchange_time,
    )
    top = Book(
        exchange=source.exchange,
        symbol=source.symbol,
        event_time=source.event_time,
        received_time=source.received_time,
        connection=source.connection,
        late=source.late,
        exchange_time=source.exchange_time,
        bids=bids,
        asks=asks,
    )
    return tick, top


def gap_record(since: int | None, reason: str, source: Provenance) -> Gap:
    """Messages since the event time `since` may be lost; None: nothing was known before, the gap has no length."""
    to = source.event_time
    return Gap(
        exchange=source.exchange,
        symbol=source.symbol,
        event_time=to,
        received_time=source.received_time,
        connection=source.connection,
        from_=to if since is None else min(since, to),
        to=to,
        reason=reason,
    )
