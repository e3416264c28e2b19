"""Event time of one exchange: it never goes back over all its records, and each whole second of it is ticked."""

from __future__ import annotations

import math
from collections.abc import Collection

from pipeline.metrics import Metrics
from producers.arrivals import Instant
from producers.exchange_clock import ExchangeClock, Reading, TimeSource
from producers.feed_outcome import Outcome
from producers.feed_records import LEVELS, Provenance, tick_records
from producers.symbol_feed import SECOND_MS, SymbolFeed
from producers.tally import Tally

MINUTE_MS = 60_000


class EventTime:
    """The exchange's clock, the last event time written, and the ticks that are due."""

    def __init__(
        self,
        exchange: str,
        symbols: Collection[SymbolFeed],
        last_event_time: int,
        farthest_ahead_ms: float,
        tally: Tally,
        metrics: Metrics,
    ) -> None:
        self.last = last_event_time
        self._exchange = exchange
        self._symbols = symbols
        self._tally = tally
        self._metrics = metrics
        self._clock = ExchangeClock(farthest_ahead_ms)
        # Asked for each message: straight away, without a step between.
        self.fits = self._clock.fits
        # The earliest tick that may be due; 0: somebody has just begun.
        self.due: float = 0

    def now(self, at: Instant) -> int | None:
        """The exchange's time; None before any time was accepted."""
        return self._clock.now(at.monotonic_ms)

    @property
    def runs(self) -> bool:
        """Whether there is any time to go by."""
        return self._clock.runs

    @property
    def refused_since(self) -> float | None:
        """Since when (monotonic ms) every time was refused; None: the last one was not."""
        return self._clock.refused_since

    def run_by_receipt(self, at: Instant) -> None:
        """The exchange tells no times: let the times of receipt stand for them."""
        self._clock.run_by_receipt(at)
        self.start_ticks(at.wall_ms)

    def read(self, exchange_time: int | None, at: Instant, *, is_untimed: bool) -> Reading:
        """The time of a message. `is_untimed`: it has none by its nature, so that its absence is not counted."""
        reading = self._clock.read(exchange_time, at)
        if reading.source is not TimeSource.EXCHANGE and not (is_untimed and exchange_time is None):
            if reading.source is TimeSource.ABSENT:
                self._tally.absent_times += 1
            else:
                self._tally.refused_times += 1
        return reading

    def raised(self, time: int) -> int:
        """The event time of a record that happened at `time`: not before the last one."""
        if time > self.last:
            self.last = time
        return self.last

    def restart(self) -> None:
        """The clock began anew: ticks begin anew too."""
        for symbol in self._symbols:
            symbol.next_tick = None
        self.due = 0

    def start_ticks(self, time: int) -> None:
        """Every trusted symbol that does not tick begins with the first whole second from `time` on."""
        if not self._clock.runs:
            return
        first = -(-max(time, self.last) // SECOND_MS) * SECOND_MS
        for symbol in self._symbols:
            if symbol.doubt is None and symbol.next_tick is None:
                symbol.next_tick = first
        self.due = 0

    def write_ticks(self, until: float, at: Instant, out: Outcome, proven: Collection[SymbolFeed] = ()) -> None:
        """Write all ticks due up to `until`: those of symbols that nothing holds back, and of the proven ones."""
        if until < self.due:
            return
        while True:
            second, due = None, None
            for symbol in self._symbols:
                tick = symbol.next_tick
                if tick is None or tick > until or (second is not None and tick >= second):
                    continue
                if symbol.is_ticking or symbol in proven:
                    second, due = tick, symbol
            if due is None or second is None:
                break
            self._write_tick(due, second, at, out)
            due.next_tick = second + SECOND_MS
        self.due = min((symbol.next_tick for symbol in self._symbols if symbol.next_tick is not None), default=math.inf)

    def _write_tick(self, symbol: SymbolFeed, second: int, at: Instant, out: Outcome) -> None:
        event_time = max(second, self.last)
        if event_time // MINUTE_MS != second // MINUTE_MS:
            # The topic has moved past the minute that this tick would have vouched for: it stays incomplete.
            self._metrics.count("ticks_missed")
            return
        self.last = event_time
        late = event_time > second
        source = Provenance(
            exchange=self._exchange,
            symbol=symbol.symbol,
            event_time=event_time,
            received_time=at.wall_ms,
            connection=symbol.connection,
            late=late,
            exchange_time=second if late else None,
        )
        out.records.extend(tick_records(*symbol.top(LEVELS), source))
