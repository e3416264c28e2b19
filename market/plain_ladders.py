"""The levels of both sides of a book in plain Python, where nothing was compiled (`market.levels`)."""

from bisect import bisect_left, insort
from collections.abc import Iterable

from market.decimals import PRICE_TICKS
from market.records import Change, Level, Side


class _Ladder:
    """One side: levels by their place, and the places in order, the best one last.

    A place is the price in ticks for bids and its negative for asks: so what happens at the touch, where most does, is
    at the end of the list, where putting in and taking out moves little.
    """

    __slots__ = ("levels", "places")

    def __init__(self) -> None:
        self.places: list[int] = []
        self.levels: dict[int, Level] = {}


class Ladders:
    """A level with nothing remaining is removed, and removing an unknown one changes nothing.

    Prices and sizes must have been checked (`market.decimals`); a price that does not fit raises `OutOfRange`.
    """

    def __init__(self) -> None:
        self._bids = _Ladder()
        self._asks = _Ladder()

    def apply(self, changes: Iterable[Change]) -> None:
        """Set each change's level to its new total."""
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
            elif ladder.levels.pop(place, None) is not None:
                del ladder.places[bisect_left(ladder.places, place)]

    def replace(self, changes: Iterable[Change]) -> None:
        """Forget every level and take these; faster than one by one for a large first book."""
        fresh = Ladders()
        fresh.apply(sorted(changes, key=far_to_near))
        self._bids, self._asks = fresh._bids, fresh._asks

    def best(self, side: Side, levels: int) -> tuple[Level, ...]:
        """So many levels of a side, best first."""
        ladder = self._ladder(side)
        return tuple(map(ladder.levels.__getitem__, ladder.places[: -levels - 1 : -1])) if levels > 0 else ()

    def level(self, side: Side, ticks: int) -> Level | None:
        """Price and size of the level at this price; None without one."""
        return self._ladder(side).levels.get(ticks if side == "bid" else -ticks)

    def count_to(self, side: Side, ticks: int) -> int:
        """How many levels of a side are as good as this price or better."""
        places = self._ladder(side).places
        return len(places) - bisect_left(places, ticks if side == "bid" else -ticks)

    @property
    def is_crossed(self) -> bool:
        """Whether the best bid is at or above the best ask: impossible in a book without a lost message."""
        bids, asks = self._bids.places, self._asks.places
        return bool(bids and asks) and bids[-1] >= -asks[-1]

    def __len__(self) -> int:
        return len(self._bids.places) + len(self._asks.places)

    def _ladder(self, side: Side) -> _Ladder:
        return self._bids if side == "bid" else self._asks


def far_to_near(change: Change) -> int:
    """A key that sorts changes so that each is put in at or near the end of its side."""
    ticks = PRICE_TICKS[change.price]
    return ticks if change.side == "bid" else -ticks
