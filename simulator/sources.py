"""Where market data comes from: the generated market, or a recording (`playback.py`). The feed treats them alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from simulator.feed_client import FeedClient
from simulator.ladder import Side
from simulator.market_model import Market, MarketEvent
from simulator.v1_client import V1Client
from simulator.v1_frames import book_frame, crossing_frame


class Source(Protocol):
    """One symbol's market data."""

    symbol: str

    def greet(self, client: V1Client, now_ms: int) -> None:
        """Send what a new connection of v1 needs first."""

    def advance(self, now_ms: int, clients: Sequence[FeedClient]) -> None:
        """Send all that has happened up to now."""

    def status(self) -> dict[str, object]:
        """What a person wants to know of it."""


class GeneratedSource:
    """A market that goes on by itself."""

    def __init__(
        self, market: Market, sides_at: Callable[[int], Sequence[Side]], catch_up_ms: int, symbol: str
    ) -> None:
        self.market = market
        self.symbol = symbol
        self._sides_at = sides_at
        self._catch_up_ms = catch_up_ms
        self._events = 0

    def greet(self, client: V1Client, now_ms: int) -> None:  # noqa: ARG002 - the market knows its time
        """The book as it is now."""
        client.crossing = lambda: crossing_frame(self.market)
        client.send(book_frame(self.market, client.flags))

    def advance(self, now_ms: int, clients: Sequence[FeedClient]) -> None:
        """All events up to now."""
        self.publish(self.market.run_until(now_ms, self._sides_at, self._catch_up_ms), clients)

    def publish(self, events: Sequence[MarketEvent], clients: Sequence[FeedClient]) -> None:
        """Tell everybody of these events."""
        self._events += len(events)
        if events:
            for client in clients:
                client.tell(self.market, events)

    def status(self) -> dict[str, object]:
        """The touch, the book's size, and the price that is made up."""
        market = self.market
        return {
            "source": "simulated",
            "best_bid": market.units.price_text(market.bids.best),
            "best_ask": market.units.price_text(market.asks.best),
            "bids": len(market.bids),
            "asks": len(market.asks),
            "events": self._events,
            "simulated_fair_price": round(market.process.fair(market.time_ms), 2),
            "simulated_cycle": round(market.process.cycle(market.time_ms), 6),
        }
