"""An exchange feed with a clock that is moved by hand, for any protocol; it collects all that comes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from market.records import DeadLetter, FeedRecord, Gap, Tick
from pipeline.metrics import Metrics
from producers.arrivals import Connected, ConnectionLost, FrameArrived, Instant
from producers.exchange_feed import ExchangeFeed
from producers.feed_outcome import Cut, Outcome, SnapshotWanted
from producers.feed_rules import FeedRules, FeedStart
from producers.protocol import Protocol

NOON = 1_767_225_600_000  # a whole minute
STEP = 50  # ms between two looks at the clock
LINK = "link"


class Played:
    """One link with some symbols."""

    def __init__(
        self,
        protocol: Protocol,
        *symbols: str,
        last_event_time: int | None = None,
        last_of_symbol: Mapping[str, int] | None = None,
        rules: FeedRules | None = None,
    ) -> None:
        self.metrics = Metrics()
        self.protocol = protocol
        start = FeedStart(last_event_time, last_of_symbol or {})
        self.feed = ExchangeFeed(protocol, {LINK: symbols}, start, rules or FeedRules(), self.metrics)
        self.now = 0
        self.step = STEP
        self.records: list[FeedRecord] = []
        self.dead: list[DeadLetter] = []
        self.cuts: list[Cut] = []
        self.wanted: list[SnapshotWanted] = []
        self.notes: list[tuple[str, str]] = []
        self.connection = ""
        self.frames = self.answers = self._connections = 0

    @property
    def instant(self) -> Instant:
        return Instant(NOON + self.now, 7_000 + self.now)

    def connect(self) -> None:
        self._connections += 1
        self.connection = f"c-{self._connections}"
        self.frames = 0
        self._add(self.feed.on_arrival(Connected(LINK, self.connection, self.instant)))

    def frame(self, payload: bytes, connection: str | None = None) -> None:
        self._arrive(payload, self.frames, connection or self.connection)
        self.frames += 1

    def answer(self, payload: bytes, connection: str | None = None) -> None:
        """A book that was asked for by REST."""
        self.answers += 1
        self._arrive(payload, -self.answers, connection or self.connection)

    def lose(self, reason: str = "disconnected") -> None:
        self._add(self.feed.on_arrival(ConnectionLost(LINK, self.connection, reason, "", self.instant)))

    def wait(self, milliseconds: int, *, idle: bool = True) -> None:
        """Let time pass, looking at the clock all the while."""
        until = self.now + milliseconds
        while self.now < until:
            self.now = min(self.now + self.step, until)
            self._add(self.feed.on_time(self.instant, idle=idle))

    def stand_still(self, milliseconds: int) -> None:
        """The process is stopped and goes on later."""
        self.now += milliseconds
        self._add(self.feed.on_time(self.instant, idle=False))

    def of(self, symbol: str) -> Iterator[FeedRecord]:
        return (record for record in self.records if record.symbol == symbol)

    def ticks(self, symbol: str) -> list[int]:
        """Seconds after noon."""
        return [(record.event_time - NOON) // 1000 for record in self.of(symbol) if isinstance(record, Tick)]

    def gaps(self, symbol: str) -> list[tuple[str, int, int]]:
        """Reason, from and to in ms after noon."""
        return [(gap.reason, gap.from_ - NOON, gap.to - NOON) for gap in self.of(symbol) if isinstance(gap, Gap)]

    def counters(self) -> dict[str, int]:
        """All counters by name."""
        found: dict[str, int] = {}
        for metric in self.metrics.measured():
            if metric.kind == "counter" and isinstance(metric.value, int):
                found[metric.name] = found.get(metric.name, 0) + metric.value
        return found

    def counted(self, name: str) -> object:
        return self.metrics.snapshot().get(name)

    def _arrive(self, payload: bytes, number: int, connection: str) -> None:
        self._add(self.feed.on_arrival(FrameArrived(LINK, connection, number, payload, self.instant)))

    def _add(self, out: Outcome) -> None:
        self.records += out.records
        self.dead += out.dead_letters
        self.cuts += out.cuts
        self.wanted += out.snapshots
        self.notes += out.notes
