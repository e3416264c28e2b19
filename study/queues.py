"""How the queues beside the reference price change. Pure.

The queue-reactive model looks at some queues on each side of the reference price (`market.reference_price`), for as
long as that stays: Huang, Lehalle and Rosenbaum, 'Simulating and analyzing order book data: The queue-reactive model',
Journal of the American Statistical Association 110, 2015. Something arrives at a queue (it grows) or departs from it (a
cancel or a trade: it shrinks).

A queue is told by the reference price before the moment. What is placed beyond that price is no change of a queue that
there was: it moves the price, and the queues are counted anew.

An exchange that sends all it shows of its book each time shows the best levels alone. It does not tell what happens to
a level that left them, so such a level is forgotten, and a queue beyond the last level shown is not looked at. Such an
exchange is told by its feed: a level comes into view there as `initial` without a whole book (design §3).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from math import gcd
from typing import NamedTuple

from market.decimals import PRICE_TICKS, SIZE_TICKS
from market.order_book import OrderBook
from market.records import Change, Side
from market.reference_price import OffGrid, ReferencePrice
from study.errors import WrongTick
from study.moments import Changed, Lost, Moment, WholeBook

SIZE_PLACES = 10
"""Sizes here are whole numbers of 10^-10."""
_PRICE_UNIT = Decimal(1).scaleb(-8)
_NOTHING = "0"
_SIDES: tuple[Side, Side] = ("bid", "ask")


class Stint(NamedTuple):
    """A queue had `size` for `milliseconds`, then changed by `change`. 0: it was only not looked at any longer."""

    position: int
    size: int
    milliseconds: int
    change: int


@dataclass(frozen=True, slots=True)
class QueueEvents:
    """The net change at each position at `time` (epoch ms), and all queues as they were before.

    `sizes` go from the lowest bid to the highest ask; None where a queue lies beyond what the exchange shows.
    """

    time: int
    reference_price: Decimal
    sizes: tuple[int | None, ...]
    changes: tuple[tuple[int, int], ...]


class Queues:
    """Follows a book's moments. `tick` None: what all prices of the first book are multiples of."""

    def __init__(self, levels: int, tick: Decimal | None = None) -> None:
        self.tick = tick
        self.books = 0
        self.gaps = 0
        self.reference_moves = 0
        self.first_time: int | None = None
        self.last_time: int | None = None
        self.has_had_a_price = False
        self._positions = (*range(-levels, 0), *range(1, levels + 1))
        self._levels = levels
        self._events: list[Stint] = []
        # Milliseconds by position and size, of what no event ended: there are many of these, and few sizes.
        self._uneventful: Counter[tuple[int, int]] = Counter()
        self._book = OrderBook()
        self._reference: ReferencePrice | None = None
        self._is_followed = False
        # So many levels a side are shown; None: all of them.
        self._shown: int | None = None
        self._first_depth = 0
        # Each queue's size, and since when it is looked at with that size; empty while there is no reference price.
        self._sizes: dict[int, int] = {}
        self._since: dict[int, int] = {}

    @property
    def stints(self) -> list[Stint]:
        """Each that ended with an event, in order; then, of those that did not, one for each position and size."""
        return [*self._events, *(Stint(*of_whom, time, 0) for of_whom, time in self._uneventful.items())]

    @property
    def empty_share(self) -> float:
        """The share of the time, over all queues, in which there was nothing in them."""
        stints = self.stints
        whole = sum(stint.milliseconds for stint in stints)
        return sum(stint.milliseconds for stint in stints if not stint.size) / whole if whole else 0.0

    def take(self, moment: Moment) -> QueueEvents | None:
        """What changed at the queues. Raises `WrongTick` when a price is no whole number of ticks."""
        if isinstance(moment, Lost):
            self._book.clear()
            self._reference, self._is_followed, self._sizes = None, False, {}
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
        self._first_depth = max(sum(change.side == side for change in moment.changes) for side in _SIDES)
        self._is_followed = True
        self.books += 1
        self._find_price(moment.time)

    def _change(self, moment: Changed) -> QueueEvents | None:
        reference, time = self._reference, moment.time
        if not moment.changes:
            self._stop_looking(time)
            return None
        if reference is None:
            self._take_in(moment.changes)
            self._find_price(time)
            return None
        remaining, unveiled = self._seen(moment.changes, reference)
        price, sizes = reference.price, tuple(map(self._sizes.get, self._positions))
        changes = []
        for position, size in sorted(remaining.items()):
            change = 0 if position in unveiled else size - self._sizes[position]
            if change or position in unveiled:
                self._stop(position, time, change)
                self._sizes[position] = size
            if change:
                changes.append((position, change))
        self._take_in(moment.changes)
        if reference.update(self._book) != price:
            self.reference_moves += 1
            self._stop_looking(time)
            self._count_anew(reference, time)
        elif self._shown is not None:
            self._look_as_far_as_shown(reference, time)
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

    def _take_in(self, changes: tuple[Change, ...]) -> None:
        """Bring the book up to date, without the levels that are not shown any more."""
        self._book.apply(changes)
        if any(change.reason == "initial" for change in changes):
            self._shown = self._first_depth
        if self._shown is not None:
            for side in _SIDES:
                beyond = self._book.best(side, len(self._book))[self._shown :]
                self._book.apply(Change(side=side, price=price, remaining=_NOTHING) for price, _ in beyond)

    def _find_price(self, time: int) -> None:
        """The reference price, as soon as there is something on both sides."""
        if not self._is_followed or self._book.mid is None:
            return
        if self.tick is None:
            self.tick = _common_tick(self._book)
        reference = ReferencePrice(self.tick)
        if reference.update(self._book) is not None:
            self._reference = reference
            self.has_had_a_price = True
            self._count_anew(reference, time)

    def _count_anew(self, reference: ReferencePrice, time: int) -> None:
        self._sizes = self._view(reference)
        self._since = dict.fromkeys(self._sizes, time)

    def _look_as_far_as_shown(self, reference: ReferencePrice, time: int) -> None:
        """The last level shown may be another one now."""
        view = self._view(reference)
        for position in self._sizes.keys() - view.keys():
            self._stop(position, time, 0)
            del self._sizes[position]
        for position in view.keys() - self._sizes.keys():
            self._sizes[position] = view[position]
            self._since[position] = time

    def _view(self, reference: ReferencePrice) -> dict[int, int]:
        """The size of each queue that the exchange shows."""
        view = reference.view(self._book, self._levels)
        sizes = {queue.position: int(queue.remaining.scaleb(SIZE_PLACES)) for queue in view}
        if self._shown is None:
            return sizes
        # Each side by its own: in a crossed book both may lie on one side of the reference price.
        last_bid, last_ask = (self._last_shown(side, reference) for side in _SIDES)
        return {
            position: size
            for position, size in sizes.items()
            if (last_bid <= position if position < 0 else position <= last_ask)
        }

    def _last_shown(self, side: Side, reference: ReferencePrice) -> int:
        """The position of the last level that is shown; 0 without one. What is gone beyond it is not told either."""
        assert self._shown is not None
        levels = self._book.best(side, self._shown)
        return (reference.position(levels[-1][0]) or 0) if levels else 0

    def _stop(self, position: int, time: int, change: int) -> None:
        stint = Stint(position, self._sizes[position], time - self._since[position], change)
        self._since[position] = time
        if change:
            self._events.append(stint)
        elif stint.milliseconds:
            self._uneventful[position, stint.size] += stint.milliseconds

    def _stop_looking(self, time: int) -> None:
        for position in self._sizes:
            self._stop(position, time, 0)

    def _finer(self, changes: tuple[Change, ...]) -> str:
        assert self.tick is not None
        units = gcd(int(self.tick / _PRICE_UNIT), *(PRICE_TICKS[change.price] for change in changes))
        finer = (units * _PRICE_UNIT).normalize()
        return f"; {finer:f} would be one" if finer != self.tick else ""


def _common_tick(book: OrderBook) -> Decimal:
    """The largest price step that all prices of the book are multiples of."""
    prices = [PRICE_TICKS[price] for side in _SIDES for price, _ in book.best(side, len(book))]
    return (gcd(*prices) * _PRICE_UNIT).normalize()
