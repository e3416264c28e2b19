"""A protocol's feed on real sockets, without Kafka: the connections, the inbox and the feed as a producer runs them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Self

from market.records import L2, DeadLetter, FeedRecord, Gap, Trade
from pipeline.clock import Clock
from pipeline.metrics import Metrics
from pipeline.settings import load
from producers.arrivals import Instant
from producers.connections import Connections, links_of
from producers.exchange_feed import ExchangeFeed
from producers.feed_outcome import Cut, Outcome
from producers.feed_rules import FeedRules, FeedStart
from producers.inbox import Inbox
from producers.protocol import Protocol
from producers.settings import ProducerSettings

PATIENCE = 60.0


def impatient(protocol: Protocol, keepalive_seconds: float = 0.1) -> Protocol:
    """The protocol without the distances that a real exchange asks for."""
    keepalive, snapshot = protocol.keepalive, protocol.snapshot
    return replace(
        protocol,
        apart_seconds=0.0,
        keepalive=keepalive and replace(keepalive, seconds=keepalive_seconds),
        snapshot=snapshot and replace(snapshot, apart_seconds=0.0),
    )


class LiveFeed:
    """Use it as a context manager; `until` lets it run. `ahead_ms`: this machine's clock goes wrong by so much.

    Other keywords are settings of the producer.
    """

    def __init__(
        self,
        protocol: Protocol,
        url: str,
        symbols: Sequence[str],
        *,
        rules: FeedRules | None = None,
        ahead_ms: int = 0,
        clock: Clock | None = None,
        **settings: Any,
    ) -> None:
        chosen = {
            "feed_url": url,
            "feed_back_off_first_seconds": 0.01,
            "feed_back_off_cap_seconds": 0.02,
            "feed_silence_seconds": PATIENCE,
            **settings,
        }
        self.metrics = Metrics()
        self.records: list[FeedRecord] = []
        self.dead: list[DeadLetter] = []
        self.cuts: list[Cut] = []
        self._ahead_ms = ahead_ms
        self._clock = clock or Clock.real()
        self._inbox = Inbox(10_000, 100_000_000)
        loaded = load(ProducerSettings, {}, **chosen)
        links = links_of(symbols, loaded.feed_symbols_each or protocol.symbols_each)
        self.feed = ExchangeFeed(protocol, links, FeedStart(), rules or FeedRules(), self.metrics)
        self._connections = Connections(protocol, loaded, links, self._inbox, self._now, self.metrics)

    def __enter__(self) -> Self:
        self._connections.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._connections.__exit__(*_)

    def until(self, condition: Callable[[], bool]) -> None:
        """Run until it is so; fails with what came when it does not become so."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, (self.records, self.dead, self.cuts)
            arrivals = self._inbox.take(100, 0.02)
            out = self.feed.on_time(self._now(), idle=False)
            for arrival in arrivals:
                self.feed.take(arrival, out)
            self._do(out)
            self._do(self.feed.on_time(self._now(), idle=not len(self._inbox)))

    def gaps(self) -> list[str]:
        """The reasons of the gaps, in order."""
        return [record.reason for record in self.records if isinstance(record, Gap)]

    def changes(self) -> list[tuple[str, str, str]]:
        """Side, price and total of every change since the last gap."""
        return changes_of(self.records)

    def book(self) -> dict[tuple[str, str], str]:
        """What the records since the last gap make of the book: the total of each (side, price)."""
        return book_of(self.records)

    def trades(self) -> list[str]:
        """The ids of all trades."""
        return [record.trade_id for record in self.records if isinstance(record, Trade)]

    def _do(self, out: Outcome) -> None:
        self.records += out.records
        self.dead += out.dead_letters
        self.cuts += out.cuts
        self._connections.obey(out)

    def _now(self) -> Instant:
        return Instant(self._clock.wall_ms() + self._ahead_ms, self._clock.monotonic_ms())


def changes_of(records: Sequence[FeedRecord]) -> list[tuple[str, str, str]]:
    """Side, price and total of every change since the last gap."""
    last = max((index for index, record in enumerate(records) if isinstance(record, Gap)), default=0)
    return [
        (change.side, change.price, change.remaining)
        for record in records[last:]
        if isinstance(record, L2)
        for change in record.changes
    ]


def book_of(records: Sequence[FeedRecord]) -> dict[tuple[str, str], str]:
    """What the records since the last gap make of the book: the total of each (side, price)."""
    totals = {(side, price): remaining for side, price, remaining in changes_of(records)}
    return {level: remaining for level, remaining in totals.items() if Decimal(remaining)}
