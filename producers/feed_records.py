"""From what a frame says to the records of the feed topic. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec.structs import asdict

from market.records import L2, Book, Change, FeedRecord, Gap, Level, Tick, Trade
from producers.protocol import ParsedTrade

# Kafka refuses messages above about 1 MB; a change is encoded in about this much more than its texts.
LARGEST_L2_BYTES = 500_000
CHANGE_FRAME_BYTES = 130
LEVELS = 50  # of each side, in a book record


class Provenance(msgspec.Struct, frozen=True, gc=False):
    """What all records of one frame share: whose they are, when, and where they come from. Times in epoch ms."""

    exchange: str
    symbol: str
    event_time: int
    received_time: int
    connection: str
    sequence: int | None = None
    late: bool = False
    exchange_time: int | None = None
    time_from: Literal["clock", "receipt"] | None = None


def add_l2_records(changes: Sequence[Change], source: Provenance, records: list[FeedRecord]) -> None:
    """One l2 record; a large one in numbered pieces; none without changes."""
    if not changes:
        return
    if len(changes) * CHANGE_FRAME_BYTES <= LARGEST_L2_BYTES // 4:
        records.append(_l2(changes, source))
        return
    parts = split(changes)
    if len(parts) == 1:
        records.append(_l2(changes, source))
        return
    records.extend(_l2(part, source, number, len(parts)) for number, part in enumerate(parts, start=1))


def trade_record(trade: ParsedTrade, source: Provenance) -> Trade:
    """One trade."""
    return Trade(
        **asdict(source), trade_id=trade.trade_id, price=trade.price, size=trade.size, maker_side=trade.maker_side
    )


def _l2(changes: Sequence[Change], source: Provenance, piece: int | None = None, pieces: int | None = None) -> L2:
    # The one record that comes with nearly every frame; named one by one, its fields take a sixth of the time.
    return L2(
        exchange=source.exchange,
        symbol=source.symbol,
        event_time=source.event_time,
        received_time=source.received_time,
        connection=source.connection,
        sequence=source.sequence,
        late=source.late,
        exchange_time=source.exchange_time,
        time_from=source.time_from,
        # Compiled changes stand for the tuple that they are read back as.
        changes=tuple(changes) if type(changes) is list else changes,  # type: ignore[arg-type]
        piece=piece,
        pieces=pieces,
    )


def split(changes: Sequence[Change], largest: int = LARGEST_L2_BYTES) -> list[Sequence[Change]]:
    """Cut a list of changes into parts that each stay below `largest` bytes when encoded."""
    parts: list[Sequence[Change]] = []
    start = size = 0
    for index, change in enumerate(changes):
        one = CHANGE_FRAME_BYTES + len(change.price) + len(change.remaining) + len(change.delta or "")
        if size + one > largest and index > start:
            parts.append(changes[start:index])
            start, size = index, 0
        size += one
    parts.append(changes[start:])
    return parts


def tick_records(bids: tuple[Level, ...], asks: tuple[Level, ...], source: Provenance) -> tuple[Tick, Book]:
    """A whole second, and the book as it stood then."""
    whose = asdict(source)
    return Tick(**whose), Book(**whose, bids=bids, asks=asks)


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
