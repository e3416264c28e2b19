"""What a reader of the current market data can subscribe to, and what each stream still has to tell.

btcusd@depth@100ms, @depth    what has changed, each 100 ms or each second
btcusd@trade                  trades, as they happen
btcusd@bookTicker             the best bid and ask, whenever they change
btcusd@depth5, 10, 20         the best levels each second, with @100ms each 100 ms
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from simulator.ladder import Side
from simulator.market_model import Market, MarketEvent
from simulator.streams_frames import Totals, depth_frame, partial_frame, ticker_frame, trade_frame

_NAME = re.compile(r"(?P<symbol>[a-z0-9]{3,20})@(?P<kind>trade|bookTicker|depth(?P<levels>5|10|20)?)(?P<fast>@100ms)?")
SLOW_MS, FAST_MS = 1_000, 100


class WrongStream(ValueError):
    """There is no such stream; the text says what was asked for."""


class Stream(Protocol):
    """One stream of one symbol."""

    symbol: str

    def tell(self, events: Sequence[MarketEvent]) -> Sequence[str]:
        """The frames that these events make at once."""

    def take_due(self, now_ms: int) -> str | None:
        """The frame that is due by now, if one is."""


def stream_of(name: str, market: Market | None, now_ms: int) -> Stream:
    """The stream of this name, as it begins now; `market` is that of its symbol. Raises WrongStream."""
    found = _NAME.fullmatch(name)
    if found is None or market is None or (found["fast"] and not found["kind"].startswith("depth")):
        raise WrongStream(f"no stream {name[:60]!r}")
    symbol = found["symbol"].upper()
    if found["kind"] == "trade":
        return TradeStream(symbol, market)
    if found["kind"] == "bookTicker":
        return TickerStream(symbol, market)
    every_ms = FAST_MS if found["fast"] else SLOW_MS
    if found["levels"]:
        return PartialStream(symbol, market, int(found["levels"]), every_ms, now_ms)
    return DepthStream(symbol, market, every_ms, now_ms)


def symbol_of(name: str) -> str:
    """The symbol that a stream's name begins with, in upper case."""
    return name.partition("@")[0].upper()


class TradeStream:
    """Each trade as it happens."""

    def __init__(self, symbol: str, market: Market) -> None:
        self.symbol = symbol
        self._market = market

    def tell(self, events: Sequence[MarketEvent]) -> Sequence[str]:
        """Those of the events that are trades."""
        units = self._market.units
        return [trade_frame(units, self.symbol, event.time_ms, event.trade) for event in events if event.trade]

    def take_due(self, now_ms: int) -> str | None:  # noqa: ARG002 - trades wait for nothing
        """Nothing."""
        return None


class TickerStream:
    """The best bid and ask whenever they or their sizes change."""

    def __init__(self, symbol: str, market: Market) -> None:
        self.symbol = symbol
        self._market = market
        self._last: tuple[int, ...] = ()

    def tell(self, events: Sequence[MarketEvent]) -> Sequence[str]:
        """The touch after the last of them."""
        bids, asks = self._market.bids, self._market.asks
        touch = (bids.best, bids.size(bids.best), asks.best, asks.size(asks.best))
        if not events or touch == self._last:
            return ()
        self._last = touch
        return (ticker_frame(self._market, self.symbol, events[-1].time_ms),)

    def take_due(self, now_ms: int) -> str | None:  # noqa: ARG002 - it waits for nothing
        """Nothing."""
        return None


class PartialStream:
    """The best levels, sent anew each time."""

    def __init__(self, symbol: str, market: Market, levels: int, every_ms: int, now_ms: int) -> None:
        self.symbol = symbol
        self._market = market
        self._levels = levels
        self._every_ms = every_ms
        self._next_ms = now_ms

    def tell(self, events: Sequence[MarketEvent]) -> Sequence[str]:  # noqa: ARG002 - its frames come by time
        """Nothing."""
        return ()

    def take_due(self, now_ms: int) -> str | None:
        """The levels as they are."""
        if now_ms < self._next_ms:
            return None
        self._next_ms = now_ms + self._every_ms
        return partial_frame(self._market, self._levels)


class DepthStream:
    """Changes are collected and told together: of a level that changed twice only its last total."""

    def __init__(self, symbol: str, market: Market, every_ms: int, now_ms: int) -> None:
        self.symbol = symbol
        self._market = market
        self._every_ms = every_ms
        self._next_ms = now_ms + every_ms
        self._told = market.last_event_id
        self._last = self._told
        self._totals: dict[Side, dict[int, int]] = {"bid": {}, "ask": {}}
        # Grows with each lie: the numbers after it go on from it.
        self._lies = 0

    def book(self, totals: Totals, now_ms: int) -> str:
        """A whole book as it is now."""
        return self._frame(now_ms, self._told, totals)

    def tell(self, events: Sequence[MarketEvent]) -> Sequence[str]:
        """Nothing yet."""
        for event in events:
            self._totals[event.change.side][event.change.price] = event.change.remaining
            self._last = event.event_id
        return ()

    def take_due(self, now_ms: int) -> str | None:
        """What has changed since the last frame, if anything has."""
        if now_ms < self._next_ms or self._last == self._told:
            return None
        self._next_ms = now_ms + self._every_ms
        totals, self._totals = self._totals, {"bid": {}, "ask": {}}
        first, self._told = self._told + 1, self._last
        return self._frame(now_ms, first, totals)

    def crossing(self) -> str:
        """A lie: a bid above the best ask. It has a number of its own, as any update."""
        market = self._market
        self._lies += 1
        lie: Totals = {"bid": {market.asks.best + 1: market.units.least_size}, "ask": {}}
        return self._frame(market.time_ms, self._told, lie)

    def _frame(self, time_ms: int, first: int, totals: Totals) -> str:
        lies = self._lies
        return depth_frame(self._market.units, self.symbol, time_ms, first + lies, self._told + lies, totals)
