"""The minutes of one symbol, counted from its feed as the liquidity job counts them (design §3). Pure."""

from collections import deque

from market.liquidity import MINUTE_MS, price_volume
from market.records import L2, FeedRecord, Gap, PriceVolume, Tick


class MinutesOfFeed:
    """Each minute comes `delay_ms` after its end, as from the pipeline; the last one, which no record ends, never."""

    def __init__(self, delay_ms: int) -> None:
        self._delay_ms = delay_ms
        self._start: int | None = None
        self._records: list[FeedRecord] = []
        self._counted: deque[PriceVolume] = deque()

    def take(self, record: FeedRecord, now_ms: int) -> list[PriceVolume]:
        """Takes in the symbol's next record; the minutes that have come by `now_ms`."""
        start = record.event_time // MINUTE_MS * MINUTE_MS
        if start != self._start:
            if self._records and self._start is not None:
                self._counted.append(price_volume(record.exchange, record.symbol, self._start, self._records))
            self._start, self._records = start, []
        if isinstance(record, L2 | Tick | Gap):
            self._records.append(record)
        come = []
        while self._counted and self._counted[0].window_end + self._delay_ms <= now_ms:
            come.append(self._counted.popleft())
        return come
