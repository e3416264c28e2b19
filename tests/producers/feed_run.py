"""An exchange's feed over real sockets: the producer's own connections and feed, without Kafka."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from market.records import L2, DeadLetter, FeedRecord, Gap, Tick, Trade
from pipeline.clock import Clock
from pipeline.metrics import Metrics
from pipeline.settings import load
from producers.arrivals import Instant
from producers.connections import Connections, links_of
from producers.exchange_clock import FARTHEST_AHEAD_MS
from producers.exchange_feed import ExchangeFeed, FeedRules, FeedStart
from producers.feed_outcome import Outcome
from producers.inbox import Inbox
from producers.protocol import Protocol
from producers.settings import ProducerSettings

PATIENCE = 60.0
QUICK = {"feed_back_off_first_seconds": 0.02, "feed_back_off_cap_seconds": 0.1}


class FeedRun:
    """Connected within its context; `until` lets it work, and what came out is collected.

    Keywords are settings of the producer.
    """

    def __init__(
        self, protocol: Protocol, url: str, *symbols: str, clock: Clock | None = None, **settings: object
    ) -> None:
        self.metrics = Metrics()
        self.records: list[FeedRecord] = []
        self.dead: list[DeadLetter] = []
        self.cuts: list[str] = []
        self._clock = clock or Clock.real()
        loaded = load(ProducerSettings, {}, feed_url=url, **(QUICK | settings))
        links = links_of(symbols or ("BTCUSD",), loaded.feed_symbols_each or protocol.symbols_each)
        self._inbox = Inbox(loaded.feed_inbox_frames, loaded.feed_inbox_bytes)
        self._connections = Connections(protocol, loaded, links, self._inbox, self._now, self.metrics)
        speed = self._clock.speed
        rules = FeedRules(
            tick_grace_ms=loaded.feed_tick_grace_ms * speed,
            # Other tests have the processor too: standing still for a while is nothing to be noted here.
            pause_ms=20_000 * speed,
            farthest_ahead_ms=FARTHEST_AHEAD_MS * max(1.0, speed),
            first_book_ms=loaded.feed_first_book_seconds * 1000 * speed,
            crossed_book_is_doubt=loaded.feed_crossed_book == "resync",
        )
        self.feed = ExchangeFeed(protocol, links, FeedStart(), rules, self.metrics)

    def __enter__(self) -> FeedRun:
        self._connections.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connections.__exit__(kind, error, trace)

    def until(self, condition: Callable[[FeedRun], bool]) -> None:
        """Work until this holds; raises WrongSettings as the producer does when it is refused for good."""
        deadline = time.monotonic() + PATIENCE
        while not condition(self):
            assert time.monotonic() < deadline, self.summary
            for arrival in self._inbox.take(100, 0.02):
                self._obey(self.feed.on_arrival(arrival))
            self._obey(self.feed.on_time(self._now(), idle=not len(self._inbox)))

    @property
    def summary(self) -> str:
        """What happened, for a failure."""
        kinds = [type(record).__name__ for record in self.records]
        return f"{kinds[-40:]} gaps {self.gap_reasons} cuts {self.cuts} dead {[letter.reason for letter in self.dead]}"

    @property
    def gap_reasons(self) -> list[str]:
        """Why messages were lost, one after the other; the first is always the start."""
        return [record.reason for record in self.records if isinstance(record, Gap)]

    @property
    def changes(self) -> list[tuple[str, str, str]]:
        """Every level's change that is not of a first book: side, price, remaining."""
        return [
            (change.side, change.price, change.remaining)
            for record in self.records
            if isinstance(record, L2)
            for change in record.changes
            if change.reason != "initial"
        ]

    @property
    def trades(self) -> list[Trade]:
        """All trades."""
        return [record for record in self.records if isinstance(record, Trade)]

    @property
    def books(self) -> int:
        """How many first books came."""
        return sum(
            isinstance(record, L2) and record.changes[0].reason == "initial" and record.piece in (None, 1)
            for record in self.records
        )

    @property
    def ticks(self) -> int:
        """How many seconds were vouched for since the last gap."""
        after = next((place for place, it in enumerate(reversed(self.records)) if isinstance(it, Gap)), 0)
        return sum(isinstance(record, Tick) for record in self.records[len(self.records) - after :])

    def counted(self, name: str) -> float:
        """A counter, over all its labels."""
        return sum(float(one.value or 0) for one in self.metrics.measured() if one.name == name)

    def _now(self) -> Instant:
        return Instant(self._clock.wall_ms(), self._clock.monotonic_ms())

    def _obey(self, outcome: Outcome) -> None:
        self.records += outcome.records
        self.dead += outcome.dead_letters
        self.cuts += [cut.reason for cut in outcome.cuts]
        self._connections.obey(outcome)
