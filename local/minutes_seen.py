"""What someone who watches a run has seen of the feed and of the finished minutes: pure bookkeeping, no I/O."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from market.records import Book, FeedRecord, Gap, PriceVolume, Tick

MINUTE_MS = 60_000
TICKS_IN_A_MINUTE = 60
# Older minutes are closed and shown; what explains them may be forgotten.
REMEMBERED_MS = 60 * MINUTE_MS


@dataclass(frozen=True)
class MinuteRow:
    """One finished minute as it is shown. `note` says why it is incomplete or has no ratio; empty when all is well."""

    start_ms: int
    end_ms: int
    exchange: str
    symbol: str
    bid: str | None
    ask: str | None
    ratio: str | None
    changes: int
    complete: bool
    note: str


@dataclass(frozen=True)
class Absence:
    """Whole minutes in which nobody listened, between two that were counted."""

    from_ms: int
    to_ms: int
    exchange: str
    symbol: str


@dataclass(frozen=True)
class Price:
    """The newest best bid and ask of a symbol, as the exchange wrote them."""

    symbol: str
    bid: str | None
    ask: str | None


def clock_text(at_ms: int, pattern: str = "%H:%M:%S") -> str:
    """The time of day in UTC of an epoch time in milliseconds."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime(pattern)


class MinutesSeen:
    """Folds records in the order in which they are read.

    Since the watch began: `counts` holds the feed's records by type, `first_time` and `event_time` are the oldest and
    the newest event time (ms, None before there is one), `finished` says how many minutes ended.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.first_time: int | None = None
        self.event_time: int | None = None
        self.price: Price | None = None
        self.finished = 0
        self.rows: list[MinuteRow | Absence] = []
        self._ticks: Counter[tuple[str, str, int]] = Counter()
        self._gaps: list[Gap] = []
        self._last_end: dict[tuple[str, str], int] = {}
        self._shown: set[tuple[str, str, int]] = set()

    def feed(self, record: FeedRecord) -> None:
        """Takes in one record of the feed."""
        self.counts[str(record.__struct_config__.tag)] += 1
        self.event_time = max(record.event_time, self.event_time or 0)
        if self.first_time is None:
            self.first_time = record.event_time
        if isinstance(record, Tick):
            self._ticks[record.exchange, record.symbol, record.event_time // MINUTE_MS] += 1
        elif isinstance(record, Gap):
            self._gaps.append(record)
        elif isinstance(record, Book):
            self.price = Price(
                record.symbol,
                record.bids[0][0] if record.bids else None,
                record.asks[0][0] if record.asks else None,
            )

    def minute(self, record: PriceVolume) -> tuple[MinuteRow | Absence, ...]:
        """Takes in one finished minute and returns what is new to show; nothing when it was shown before.

        Spark's sink may write a minute twice, so (exchange, symbol, window_start) is its identity.
        """
        key = (record.exchange, record.symbol)
        identity = (*key, record.window_start)
        if identity in self._shown:
            return ()
        self._shown.add(identity)
        new: list[MinuteRow | Absence] = []
        last_end = self._last_end.get(key)
        if last_end is not None and record.window_start > last_end:
            new.append(Absence(last_end, record.window_start, *key))
        self._last_end[key] = max(record.window_end, last_end or 0)
        new.append(self._row(record))
        self.rows.extend(new)
        if self.first_time is not None and record.window_end > self.first_time:
            self.finished += 1
        self._forget_before(record.window_start - REMEMBERED_MS)
        return tuple(new)

    def _row(self, record: PriceVolume) -> MinuteRow:
        notes = [] if record.complete else [self._why_incomplete(record)]
        if record.value is None:
            notes.append(why_no_ratio(record))
        return MinuteRow(
            start_ms=record.window_start,
            end_ms=record.window_end,
            exchange=record.exchange,
            symbol=record.symbol,
            bid=record.bid,
            ask=record.ask,
            ratio=record.value,
            changes=record.changes,
            complete=record.complete,
            note="; ".join(notes),
        )

    def _why_incomplete(self, record: PriceVolume) -> str:
        gaps = [
            gap
            for gap in self._gaps
            if (gap.exchange, gap.symbol) == (record.exchange, record.symbol) and _touches(gap, record)
        ]
        if gaps:
            return "; ".join(dict.fromkeys(_gap_text(gap) for gap in gaps))
        if self.first_time is None or self.first_time > record.window_end:
            return "ended before this watch began"
        ticks = self._ticks[record.exchange, record.symbol, record.window_start // MINUTE_MS]
        return f"{ticks} of {TICKS_IN_A_MINUTE} seconds seen"

    def _forget_before(self, at_ms: int) -> None:
        self._gaps = [gap for gap in self._gaps if gap.event_time >= at_ms]
        for key in [key for key in self._ticks if key[2] * MINUTE_MS < at_ms]:
            del self._ticks[key]


def why_no_ratio(record: PriceVolume) -> str:
    """Why a minute's `value` is null."""
    if record.ask is None or record.bid is None:
        return "a sum is too large"
    if record.changes == 0:
        return "no ratio: nothing changed"
    empty = [side for side, total in (("bid", record.bid), ("ask", record.ask)) if Decimal(total) == 0]
    return f"no ratio: no {' and no '.join(empty)} liquidity"


def counts_text(counts: Iterable[tuple[str, int]]) -> str:
    """`1,234 l2 · 60 tick`: counts by type, the most frequent first."""
    ordered = sorted(counts, key=lambda item: (-item[1], item[0]))
    return " · ".join(f"{count:,} {name}" for name, count in ordered)


def _touches(gap: Gap, minute: PriceVolume) -> bool:
    first, last = min(gap.from_, gap.event_time), max(gap.to, gap.event_time)
    return first < minute.window_end and last >= minute.window_start


def _gap_text(gap: Gap) -> str:
    if gap.from_ == gap.to:
        return f"began at {clock_text(gap.to)} ({gap.reason})"
    return f"gap {clock_text(gap.from_)}–{clock_text(gap.to)}: {gap.reason}"
