"""One side of an order book in whole steps: prices in ticks, sizes in quantity steps."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Literal

Side = Literal["bid", "ask"]


def opposite(side: Side) -> Side:
    """The other side."""
    return "ask" if side == "bid" else "bid"


class Ladder:
    """Levels in the order of their price, best first. There is no level of size 0."""

    def __init__(self, side: Side) -> None:
        self.side = side
        # Bids are kept by their negative price, so that the best level of either side comes first.
        self._sign = -1 if side == "bid" else 1
        self._keys: list[int] = []
        self._sizes: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def best(self) -> int:
        """The best price; raises IndexError when there is no level."""
        return self.price_at(0)

    def price_at(self, index: int) -> int:
        """The price of the level that so many others are better than; -1 is the farthest."""
        return self._keys[index] * self._sign

    def size(self, price: int) -> int:
        """What stands at this price, 0 when nothing does."""
        return self._sizes.get(price, 0)

    def add(self, price: int, delta: int) -> int:
        """Changes a level by `delta` and returns what remains; raises ValueError when that would be less than 0."""
        before = self.size(price)
        remaining = before + delta
        if remaining < 0:
            raise ValueError(f"{before} at {price} cannot change by {delta}")
        key = price * self._sign
        if remaining and not before:
            insort(self._keys, key)
        elif before and not remaining:
            del self._keys[bisect_left(self._keys, key)]
        if remaining:
            self._sizes[price] = remaining
        else:
            self._sizes.pop(price, None)
        return remaining

    def levels(self) -> Iterator[tuple[int, int]]:
        """Price and size of every level, best first."""
        for key in self._keys:
            price = key * self._sign
            yield price, self._sizes[price]
