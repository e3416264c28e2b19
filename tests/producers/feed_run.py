"""A feed on real sockets whose clock may go faster, and what its records tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from market.records import L2, Gap, Tick, Trade
from pipeline.clock import Clock
from producers.exchange_clock import FARTHEST_AHEAD_MS
from producers.feed_rules import FeedRules
from producers.protocol import Protocol
from tests.producers.live_feed import LiveFeed


class FeedRun(LiveFeed):
    """Keywords are settings of the producer."""

    def __init__(
        self,
        protocol: Protocol,
        url: str,
        *symbols: str,
        clock: Clock | None = None,
        first_book_seconds: float = 20,
        **settings: Any,
    ) -> None:
        speed = clock.speed if clock is not None else 1.0
        rules = FeedRules(
            tick_grace_ms=300 * speed,
            # Other tests have the processor too: standing still for a while is nothing to be noted here.
            pause_ms=20_000 * speed,
            farthest_ahead_ms=FARTHEST_AHEAD_MS * max(1.0, speed),
            first_book_ms=first_book_seconds * 1000 * speed,
        )
        super().__init__(protocol, url, symbols or ("BTCUSD",), rules=rules, clock=clock, **settings)

    def run_until(self, condition: Callable[[FeedRun], bool]) -> None:
        """Run until this holds; raises WrongSettings as the producer does when it is refused for good."""
        self.until(lambda: condition(self))

    @property
    def new_changes(self) -> list[tuple[str, str, str]]:
        """Every level's change that is not of a first book: side, price, remaining."""
        return [
            (change.side, change.price, change.remaining)
            for record in self.records
            if isinstance(record, L2)
            for change in record.changes
            if change.reason != "initial"
        ]

    @property
    def new_trades(self) -> list[Trade]:
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

    @property
    def cut_reasons(self) -> list[str]:
        """Why connections were given up."""
        return [cut.reason for cut in self.cuts]

    def counted(self, name: str) -> float:
        """A counter, over all its labels."""
        return sum(float(one.value or 0) for one in self.metrics.measured() if one.name == name)
