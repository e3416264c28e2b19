"""The order book of one symbol: what remains at each price, in the exchange's own digits.

The whole book is kept, however deep. Levels are found by their price in whole ticks of 10^-8, so that `9.1` and `9.10`
are one level, and no float is ever a price.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from decimal import ROUND_CEILING, Decimal

from market.decimals import EXACT, PRICE_TICKS
from market.plain_changes import PlainChanges
from market.records import Change, Level, Side

_TICK = Decimal(1).scaleb(-8)
_TWO = Decimal(2)


class _Ladder:
    """One side: levels by their place, and the places in order, the best one last.

    A place is the price in ticks for bids and its negative for asks: so what happens at the touch, where most does, is
    at the end of the list, where putting in and taking out moves little.
    """

    __slots__ = ("levels", "places")

    def __init__(self) -> None:
        self.places: list[int] = []
        self.levels: dict[int, Level] = {}

    def remove(self, place: int) -> None:
        if self.levels.pop(place, None) is not None:
            del self.places[bisect_left(self.places, place)]

    def apply(self, places: list[int], levels: list[Level]) -> None:
        known, order = self.levels, self.places
        for place, level in zip(places, levels, strict=True):
            if level[1].strip("0."):  # more than nothing, however nothing is spelled
                if place not in known:
                    insort(order, place)
                known[place] = level
            elif known.pop(place, None) is not None:
                del order[bisect_left(order, place)]

    def best(self, levels: int) -> tuple[Level, ...]:
        return tuple(map(self.levels.__getitem__, self.places[: -levels - 1 : -1])) if levels > 0 else ()


class OrderBook:
    """Levels of both sides; a level with nothing remaining is removed, and removing an unknown one changes nothing.

    Prices and sizes must have been checked (`market.decimals`); a price that does not fit raises `OutOfRange`.
    """

    def __init__(self) -> None:
        self._bids = _Ladder()
        self._asks = _Ladder()

    def apply(self, changes: Iterable[Change]) -> None:
        """Set each change's level to its new total."""
        if type(changes) is PlainChanges:  # quicker than isinstance for an abstract class
            self._bids.apply(changes.bids.ticks, changes.bids.texts)
            self._asks.apply([-ticks for ticks in changes.asks.ticks], changes.asks.texts)
            return
        bids, asks = self._bids, self._asks
        for change in changes:
            price, remaining = change.price, change.remaining
            if change.side == "bid":
                ladder, place = bids, PRICE_TICKS[price]
            else:
                ladder, place = asks, -PRICE_TICKS[price]
            if remaining.strip("0."):  # more than nothing, however nothing is spelled
                if place not in ladder.levels:
                    insort(ladder.places, place)
                ladder.levels[place] = (price, remaining)
            else:
                ladder.remove(place)

    def replace(self, changes: Iterable[Change]) -> None:
        """Forget every level and take these; faster than one by one for a large first book."""
        bids: dict[int, Level] = {}
        asks: dict[int, Level] = {}
        for change in changes:
            price, remaining = change.price, change.remaining
            if change.side == "bid":
                levels, place = bids, PRICE_TICKS[price]
            else:
                levels, place = asks, -PRICE_TICKS[price]
            if remaining.strip("0."):  # more than nothing, however nothing is spelled
                levels[place] = (price, remaining)
            else:
                levels.pop(place, None)
        self._bids.levels, self._bids.places = bids, sorted(bids)
        self._asks.levels, self._asks.places = asks, sorted(asks)

    def clear(self) -> None:
        """Forget every level."""
        self.replace(())

    def top(self, levels: int) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """The best levels of the bids and of the asks, best first."""
        return self._bids.best(levels), self._asks.best(levels)

    def remaining(self, side: Side, price: Decimal) -> Decimal:
        """What remains at a price; 0 without a level there."""
        level = self._ladder(side).levels.get(_place(side, price))
        return Decimal(level[1]) if level and Decimal(level[0]) == price else Decimal(0)

    def within(self, distance: Decimal) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """The levels no farther than `distance` (in quote) from the mid, best first; none without a mid."""
        mid = self.mid
        if mid is None:
            return (), ()
        bids, asks = self._bids.places, self._asks.places
        lowest, highest = EXACT.subtract(mid, distance), EXACT.add(mid, distance)
        near_bids = len(bids) - bisect_left(bids, _ceiling(lowest))
        near_asks = len(asks) - bisect_left(asks, _ceiling(-highest))
        return self._bids.best(near_bids), self._asks.best(near_asks)

    @property
    def best_bid(self) -> Decimal | None:
        """The highest price that is bid."""
        places = self._bids.places
        return Decimal(self._bids.levels[places[-1]][0]) if places else None

    @property
    def best_ask(self) -> Decimal | None:
        """The lowest price that is asked."""
        places = self._asks.places
        return Decimal(self._asks.levels[places[-1]][0]) if places else None

    @property
    def mid(self) -> Decimal | None:
        """Half way between best bid and best ask; None without both."""
        bid, ask = self.best_bid, self.best_ask
        return None if bid is None or ask is None else EXACT.divide(EXACT.add(bid, ask), _TWO)

    @property
    def spread(self) -> Decimal | None:
        """Best ask minus best bid; negative in a crossed book, None without both."""
        bid, ask = self.best_bid, self.best_ask
        return None if bid is None or ask is None else EXACT.subtract(ask, bid)

    @property
    def is_crossed(self) -> bool:
        """Whether the best bid is at or above the best ask: impossible in a book without a lost message."""
        bids, asks = self._bids.places, self._asks.places
        return bool(bids and asks) and bids[-1] >= -asks[-1]

    def __len__(self) -> int:
        return len(self._bids.places) + len(self._asks.places)

    def _ladder(self, side: Side) -> _Ladder:
        return self._bids if side == "bid" else self._asks


def _place(side: Side, price: Decimal) -> int:
    ticks = _ceiling(price)
    return ticks if side == "bid" else -ticks


def _ceiling(price: Decimal) -> int:
    """The first whole tick at or above a price."""
    return int(EXACT.divide(price, _TICK).to_integral_value(ROUND_CEILING))
