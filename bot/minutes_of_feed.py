"""The minutes of one symbol, counted from its feed as the liquidity job counts them (design §3). Pure."""

from collections import deque

from market.liquidity import MINUTE_MS, price_volume
from market.records import L2, FeedRecord, Gap, PriceVolume, Tick

# What comes a second after the end of a minute closes it, as the liquidity job does it by default.
CLOSED_AFTER_MS = 1_000


class MinutesOfFeed:
    """Each minute is due `delay_ms` after its end, as from the pipeline; where what closes it came late, so much later.

    The last one, which no record closes, is never due.
    """

    def __init__(self, delay_ms: int) -> None:
        self._delay_ms = delay_ms
        self._start: int | None = None
        self._records: list[FeedRecord] = []
        self._closed: deque[tuple[int, PriceVolume]] = deque()

    @property
    def next_due(self) -> int | None:
        """When the next minute is due (epoch ms); None: none is closed."""
        return self._closed[0][0] if self._closed else None

    def take(self, record: FeedRecord) -> None:
        """Takes in the symbol's next record."""
        start = record.event_time // MINUTE_MS * MINUTE_MS
        if start != self._start:
            if self._records and self._start is not None:
                minute = price_volume(record.exchange, record.symbol, self._start, self._records)
                due = max(minute.window_end, record.received_time - CLOSED_AFTER_MS) + self._delay_ms
                self._closed.append((due, minute))
            self._start, self._records = start, []
        if isinstance(record, L2 | Tick | Gap):
            self._records.append(record)

    def come(self, now_ms: int) -> list[PriceVolume]:
        """The minutes that are due by now; each comes once."""
        come = []
        while self._closed and self._closed[0][0] <= now_ms:
            come.append(self._closed.popleft()[1])
        return come
