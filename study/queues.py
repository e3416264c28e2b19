"""How the queues beside the reference price change. Pure.

The queue-reactive model looks at some queues on each side of the reference price (`market.reference_price`), for as
long as that stays: Huang, Lehalle and Rosenbaum, 'Simulating and analyzing order book data: The queue-reactive model',
Journal of the American Statistical Association 110, 2015. Something arrives at a queue (it grows) or departs from it (a
cancel or a trade: it shrinks).

A queue is told by the reference price before the moment. What is placed beyond that price is no change of a queue that
there was: it moves the price, and the queues are counted anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import gcd
from typing import NamedTuple

from market.decimals import PRICE_TICKS, SIZE_TICKS
from market.order_book import OrderBook
from market.records import Change
from market.reference_price import OffGrid, ReferencePrice
from study.errors import WrongTick
from study.moments import Changed, Lost, Moment, WholeBook

SIZE_PLACES = 10
"""Sizes here are whole numbers of 10^-10."""
_PRICE_UNIT = Decimal(1).scaleb(-8)


class Stint(NamedTuple):
    """A queue had `size` for `milliseconds`, then changed by `change`. 0: it was only not looked at any longer."""

    position: int
    size: int
    milliseconds: int
    change: int


@dataclass(frozen=True, slots=True)
class QueueEvents:
    """The net change at each position at `time` (epoch ms), and all queues as they were before.

    `sizes` go from the lowest bid to the highest ask.
    """

    time: int
    reference_price: Decimal
    sizes: tuple[int, ...]
    changes: tuple[tuple[int, int], ...]


class Queues:
    """Follows a book's moments. `tick` None: what all prices of the first book are multiples of."""

    def __init__(self, levels: int, tick: Decimal | None = None) -> None:
        self.tick = tick
        self.stints: list[Stint] = []
        self.books = 0
        self.gaps = 0
        self.reference_moves = 0
        self.first_time: int | None = None
        self.last_time: int | None = None
        self._levels = levels
        self._book = OrderBook()
        self._reference: ReferencePrice | None = None
        # Each queue's size, and since when it is looked at with that size; empty while there is no reference price.
        self._sizes: dict[int, int] = {}
        self._since: dict[int, int] = {}

    @property
    def empty_share(self) -> float:
        """The share of the time, over all queues, in which there was nothing in them."""
        whole = sum(stint.milliseconds for stint in self.stints)
        empty = sum(stint.milliseconds for stint in self.stints if not stint.size)
        return empty / whole if whole else 0.0

    def take(self, moment: Moment) -> QueueEvents | None:
        """What changed at the queues. Raises `WrongTick` when a price is no whole number of ticks."""
        if isinstance(moment, Lost):
            self._book.clear()
            self._reference = None
            self._sizes = {}
            self.gaps += self.books > 0
            return None
        if self.first_time is None:
            self.first_time = moment.time
        self.last_time = moment.time
        try:
            if isinstance(moment, Changed):
                return self._change(moment)
            self._begin(moment)
        except OffGrid as error:
            raise WrongTick(f"--tick: {error}{self._finer(moment.changes)}") from None
        return None

    def _begin(self, moment: WholeBook) -> None:
        self._book.replace(moment.changes)
        if self.tick is None:
            self.tick = _common_tick(moment.changes)
        self._reference = ReferencePrice(self.tick)
        self._reference.update(self._book)
        self._count_anew(self._reference, moment.time)
        self.books += 1

    def _change(self, moment: Changed) -> QueueEvents | None:
        reference, time = self._reference, moment.time
        if reference is None:
            return None
        if not moment.changes:
            self._stop_looking(time)
            return None
        remaining, unveiled = self._seen(moment.changes, reference)
        price, sizes = reference.price, tuple(self._sizes.values())
        changes = []
        for position, size in sorted(remaining.items()):
            change = 0 if position in unveiled else size - self._sizes[position]
            if change or position in unveiled:
                self._stop(position, time, change)
                self._sizes[position] = size
            if change:
                changes.append((position, change))
        self._book.apply(moment.changes)
        if reference.update(self._book) != price:
            self.reference_moves += price is not None
            self._stop_looking(time)
            self._count_anew(reference, time)
        return QueueEvents(time, price, sizes, tuple(changes)) if price is not None and changes else None

    def _seen(self, changes: tuple[Change, ...], reference: ReferencePrice) -> tuple[dict[int, int], set[int]]:
        """What remains at the queues that are looked at, and which of these only came into view."""
        remaining: dict[int, int] = {}
        unveiled = set()
        for change in changes:
            position = reference.position(change.price)
            if position not in self._sizes or (position < 0) is not (change.side == "bid"):
                continue
            remaining[position] = SIZE_TICKS[change.remaining]
            if change.reason == "initial":
                unveiled.add(position)
        return remaining, unveiled

    def _stop(self, position: int, time: int, change: int) -> None:
        since = self._since[position]
        if change or time > since:
            self.stints.append(Stint(position, self._sizes[position], time - since, change))
        self._since[position] = time

    def _stop_looking(self, time: int) -> None:
        for position in self._sizes:
            self._stop(position, time, 0)

    def _count_anew(self, reference: ReferencePrice, time: int) -> None:
        view = reference.view(self._book, self._levels)
        self._sizes = {queue.position: int(queue.remaining.scaleb(SIZE_PLACES)) for queue in view}
        self._since = dict.fromkeys(self._sizes, time)

    def _finer(self, changes: tuple[Change, ...]) -> str:
        finer = _common_tick(changes, self.tick)
        return f"; {finer:f} would be one" if finer != self.tick else ""


def _common_tick(changes: tuple[Change, ...], tick: Decimal | None = None) -> Decimal:
    """The largest price step that all these prices, and `tick`, are multiples of."""
    units = gcd(int(tick / _PRICE_UNIT) if tick else 0, *(PRICE_TICKS[change.price] for change in changes))
    return ((units or 1) * _PRICE_UNIT).normalize()
