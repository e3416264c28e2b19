"""The market of one symbol: a pure state machine. The same seed, times and orders give the same events.

It places, cancels and trades around a made-up fair price. The book is never crossed, never empty, and bounded.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from simulator.ladder import Ladder, Side, opposite
from simulator.price_process import PriceProcess
from simulator.real_events import REFERENCE_PRICE, first_book, sizes_near_the_touch
from simulator.units import Units

Reason = Literal["place", "cancel", "trade"]

MOST_LEVELS = 400
USUAL_LEVELS = 260
LEAST_LEVELS = 30
FILLED_LEVELS = 130  # so many are added on each side of the first book, whose middle is nearly empty
HALF_SPREAD = 0.00006  # of the price: nearest that orders are placed to the fair price
MEAN_DISTANCE = 0.001  # of the price: how far beyond that they stand on average
TRADE_SHARE = 0.08
PARTIAL_SHARE = 0.15
EVENT_IDS_PER_MS = 1000
TRADES_KEPT = 50


@dataclass(frozen=True, slots=True)
class LevelChange:
    """A level's new total in quantity steps, its price in ticks."""

    side: Side
    price: int
    remaining: int
    delta: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class TradeDone:
    """A trade; `maker_side` is the side of the book that it took from."""

    trade_id: int
    price: int
    size: int
    maker_side: Side


@dataclass(frozen=True, slots=True)
class MarketEvent:
    """What one message of the exchange tells: a change of one level, and the trade that caused it, if one did."""

    event_id: int
    time_ms: int
    change: LevelChange
    trade: TradeDone | None = None


class Market:
    """The book of a symbol and what happens in it from `start_ms` on, `rate` events a second on average."""

    def __init__(self, units: Units, process: PriceProcess, start_ms: int, rate: float) -> None:
        self.units = units
        self.process = process
        self.past_trades: deque[MarketEvent] = deque(maxlen=TRADES_KEPT)
        self._random = random.Random(f"{process.seed}/{units.symbol}/{start_ms}")
        self._rate = rate
        # Grows with the start, so that ids grow over restarts too.
        self._event_id = start_ms * EVENT_IDS_PER_MS
        self._time_ms = start_ms
        self._next_ms = float(start_ms)
        self._sizes = [units.steps(size) for size in sizes_near_the_touch()]
        self._ladders: dict[Side, Ladder] = {"bid": Ladder("bid"), "ask": Ladder("ask")}
        self._open(start_ms)
        self._wait()

    @property
    def bids(self) -> Ladder:
        """What stands to buy."""
        return self._ladders["bid"]

    @property
    def asks(self) -> Ladder:
        """What stands to sell."""
        return self._ladders["ask"]

    @property
    def last_event_id(self) -> int:
        """The id of the newest event."""
        return self._event_id

    @property
    def last_trade(self) -> TradeDone | None:
        """The newest trade, None before there was one."""
        return self.past_trades[-1].trade if self.past_trades else None

    @property
    def time_ms(self) -> int:
        """The time of the newest event."""
        return self._time_ms

    def run_until(
        self, now_ms: int, sides_at: Callable[[int], Sequence[Side]], catch_up_ms: int = 2000
    ) -> list[MarketEvent]:
        """All events up to now. `sides_at` tells which sides may change at a time; what a pause of more than
        `catch_up_ms` swallowed does not happen at all."""
        self._next_ms = max(self._next_ms, float(now_ms - catch_up_ms))
        events = []
        while self._next_ms <= now_ms:
            time_ms = int(self._next_ms)
            sides = sides_at(time_ms)
            if sides:
                events.append(self._next_event(time_ms, sides))
            self._wait()
        return events

    def take(self, maker_side: Side, limit: int, size: int, now_ms: int) -> list[MarketEvent]:
        """Trades up to `size` against this side of the book at the limit or better; one event a level.

        The last level of a side is left standing.
        """
        ladder = self._ladders[maker_side]
        events = []
        while size and len(ladder) > 1 and _reaches(maker_side, limit, ladder.best):
            traded = min(size, ladder.size(ladder.best))
            events.append(self._trade(maker_side, traded, now_ms))
            size -= traded
        return events

    def _open(self, start_ms: int) -> None:
        fair = self.process.fair(start_ms)
        scale = Decimal(self.process.reference) / REFERENCE_PRICE
        for event in first_book():
            price, size = self.units.ticks(event.price * scale), self.units.steps(event.remaining)
            is_on_its_side = (self.units.price(price) < fair) == (event.side == "bid")
            if price and size and is_on_its_side and not self._ladders[event.side].size(price):
                self._ladders[event.side].add(price, size)
        for _ in range(FILLED_LEVELS):
            for side in self._ladders:
                self._ladders[side].add(self._placing_price(side, fair), self._size())

    def _wait(self) -> None:
        self._next_ms += self._random.expovariate(self._rate / 1000)

    def _next_event(self, time_ms: int, sides: Sequence[Side]) -> MarketEvent:
        fair = self.process.fair(time_ms)
        wrong = [side for side in sides if self._is_beyond(side, fair)]
        if wrong and self._random.random() < 0.7:
            return self._give_way(self._random.choice(wrong), time_ms)
        side = self._random.choice(sides)
        ladder = self._ladders[side]
        if len(ladder) >= MOST_LEVELS:
            return self._change(side, ladder.price_at(-1), -ladder.size(ladder.price_at(-1)), "cancel", time_ms)
        roll = self._random.random()
        if len(ladder) <= LEAST_LEVELS or roll < self._placing_share(len(ladder)):
            return self._change(side, self._placing_price(side, fair), self._size(), "place", time_ms)
        if roll > 1 - TRADE_SHARE:
            wanted = max(self.units.least_size, int(self._size() * self._random.random() * 0.3))
            return self._trade(side, min(wanted, ladder.size(ladder.best)), time_ms)
        return self._cancel(side, time_ms)

    def _is_beyond(self, side: Side, fair: float) -> bool:
        """Whether the best level stands on the wrong side of the fair price, and may go."""
        ladder = self._ladders[side]
        best = float(self.units.price(ladder.best))
        return len(ladder) > LEAST_LEVELS and (best > fair if side == "bid" else best < fair)

    def _give_way(self, side: Side, time_ms: int) -> MarketEvent:
        best = self._ladders[side].best
        size = self._ladders[side].size(best)
        if self._random.random() < 0.6:
            return self._trade(side, size, time_ms)
        return self._change(side, best, -size, "cancel", time_ms)

    def _placing_share(self, levels: int) -> float:
        """Placing is likelier the fewer levels there are; at the usual number it is as likely as taking away."""
        return min(0.9, max(0.1, 0.5 + (USUAL_LEVELS - levels) / USUAL_LEVELS))

    def _placing_price(self, side: Side, fair: float) -> int:
        distance = fair * (HALF_SPREAD + self._random.expovariate(1 / MEAN_DISTANCE))
        other = self._ladders[opposite(side)]
        if side == "bid":
            price = self.units.ticks(fair - distance)
            return max(1, min(price, other.best - 1) if len(other) else price)
        price = self.units.ticks(fair + distance) + 1
        return max(price, other.best + 1) if len(other) else price

    def _size(self) -> int:
        size = self._random.choice(self._sizes)
        if self._random.random() < 0.5:
            size = int(size * (0.5 + self._random.random()))
        return max(self.units.least_size, size)

    def _cancel(self, side: Side, time_ms: int) -> MarketEvent:
        """Takes an order away: mostly near the touch, sometimes one that the price has left behind."""
        ladder = self._ladders[side]
        mean = 25 if self._random.random() < 0.6 else 120
        price = ladder.price_at(min(int(self._random.expovariate(1 / mean)), len(ladder) - 1))
        size = ladder.size(price)
        if self._random.random() < PARTIAL_SHARE and size > 1:
            size = self._random.randrange(1, size)
        return self._change(side, price, -size, "cancel", time_ms)

    def _trade(self, maker_side: Side, size: int, time_ms: int) -> MarketEvent:
        price = self._ladders[maker_side].best
        trade = TradeDone(self._event_id + 1, price, size, maker_side)
        event = self._change(maker_side, price, -size, "trade", time_ms, trade)
        self.past_trades.append(event)
        return event

    def _change(
        self, side: Side, price: int, delta: int, reason: Reason, time_ms: int, trade: TradeDone | None = None
    ) -> MarketEvent:
        remaining = self._ladders[side].add(price, delta)
        self._event_id += 1
        self._time_ms = max(self._time_ms, time_ms)
        return MarketEvent(self._event_id, self._time_ms, LevelChange(side, price, remaining, delta, reason), trade)


def _reaches(maker_side: Side, limit: int, price: int) -> bool:
    return price <= limit if maker_side == "ask" else price >= limit


def total_of(trades: Iterable[MarketEvent]) -> int:
    """How much was traded in these events, in quantity steps."""
    return sum(event.trade.size for event in trades if event.trade is not None)
