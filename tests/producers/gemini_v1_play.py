"""An exchange feed of Gemini's numbered frames with a clock that is moved by hand, a link for each symbol."""

from __future__ import annotations

from collections.abc import Mapping

from market.records import DeadLetter, FeedRecord, Gap, Tick
from pipeline.metrics import Metrics
from producers.arrivals import Arrival, Connected, ConnectionLost, FrameArrived, FrameRefused, Instant
from producers.exchange_feed import ExchangeFeed
from producers.feed_outcome import Cut, Outcome
from producers.feed_rules import FeedRules, FeedStart
from producers.gemini_v1 import GEMINI_V1
from tests.producers.frames import first_book, update
from tests.producers.play import NOON, STEP

LAG = 20  # ms from the exchange to here


class Play:
    """An exchange feed and a clock that is moved by hand; collects all that comes out."""

    def __init__(
        self,
        *symbols: str,
        last_event_time: int | None = None,
        last_of_symbol: Mapping[str, int] | None = None,
        rules: FeedRules | None = None,
    ) -> None:
        self.metrics = Metrics()
        start = FeedStart(last_event_time, last_of_symbol or {})
        links = {symbol: (symbol,) for symbol in symbols or ("BTCUSD",)}
        self.feed = ExchangeFeed(GEMINI_V1, links, start, rules or FeedRules(), self.metrics)
        self.now = 0
        self.records: list[FeedRecord] = []
        self.dead: list[DeadLetter] = []
        self.cuts: list[Cut] = []
        self._connections: dict[str, str] = {}
        self._numbers: dict[str, int] = {}

    @property
    def instant(self) -> Instant:
        return Instant(NOON + self.now, 7_000 + self.now)

    def connect(self, symbol: str = "BTCUSD") -> None:
        number = self._numbers.get(symbol, 0) + 1
        self._numbers[symbol] = number
        self._connections[symbol] = f"{symbol}-{number}"
        self._take(Connected(symbol, self._connections[symbol], self.instant))

    def frame(self, payload: bytes, symbol: str = "BTCUSD") -> None:
        self._take(FrameArrived(symbol, self._connections[symbol], 7, payload, self.instant))

    def lose(self, reason: str = "disconnected", symbol: str = "BTCUSD") -> None:
        self._take(ConnectionLost(symbol, self._connections[symbol], reason, "", self.instant))

    def refuse(self, length: int) -> None:
        self._take(FrameRefused("BTCUSD", self._connections["BTCUSD"], 7, length, "too large", self.instant))

    def wait(self, until: int, *, idle: bool = True) -> None:
        """Let time pass to `until` ms after noon, looking at the clock all the while."""
        while self.now < until:
            self.now = min(self.now + STEP, until)
            self._add(self.feed.on_time(self.instant, idle=idle))

    def stand_still(self, until: int) -> None:
        """The process is stopped and goes on at `until`."""
        self.now = until
        self._add(self.feed.on_time(self.instant, idle=False))

    def begin(self, symbol: str = "BTCUSD") -> None:
        """Connect, and get the first book and one update with the time of now."""
        self.connect(symbol)
        self.frame(first_book(), symbol)
        self.frame(update(1, NOON + self.now - LAG), symbol)

    def ticks(self, symbol: str = "BTCUSD") -> list[int]:
        """Seconds after noon."""
        return [(r.event_time - NOON) // 1000 for r in self.records if isinstance(r, Tick) and r.symbol == symbol]

    def gaps(self, symbol: str = "BTCUSD") -> list[Gap]:
        return [record for record in self.records if isinstance(record, Gap) and record.symbol == symbol]

    def _take(self, arrival: Arrival) -> None:
        self._add(self.feed.on_arrival(arrival))

    def _add(self, out: Outcome) -> None:
        self.records += out.records
        self.dead += out.dead_letters
        self.cuts += out.cuts


def times(records: list[FeedRecord]) -> list[int]:
    return [record.event_time for record in records]
