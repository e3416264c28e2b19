"""The reference price of the queue-reactive model (Huang, Lehalle, Rosenbaum 2015), and the queues beside it.

The model counts queues from a reference price that always lies half way between two ticks: the queue -1 is the one half
a tick below it, 1 half a tick above, and so on; a queue may be empty.

- Odd spread (in ticks): the mid lies half way between two ticks, and is the reference price.
- Even spread: the mid is a tick itself. The reference price is half a tick above or below it, whichever is nearer to
  the reference price before; so it does not move because a queue next to it was emptied or filled.
- Even spread and no reference price before (the first book, or the first after one was lost): the two are equally near
  and the model is symmetric, so only the sizes can tell. One of the two best queues is then the first and the other the
  second from the reference price, behind an empty one; second queues are the longer ones as a rule. So the longer of
  the two is taken for the second: half a tick above the mid when more is bid than asked, else half a tick below.
"""

from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from market.decimals import EXACT, PRICE_TICKS, SIZE_TICKS
from market.errors import MarketError
from market.order_book import OrderBook

_UNIT = Decimal(1).scaleb(-8)
_TWO = Decimal(2)


class OffGrid(MarketError):
    """A best price is not a whole number of ticks: the tick size is not this market's."""


def tick_size(text: str) -> Decimal:
    """A market's price step as somebody typed it, in whole 10^-8. Raises ValueError saying what was expected."""
    try:
        tick = Decimal(text)
        if tick.is_finite() and tick > 0 and not tick % _UNIT:
            return tick
    except InvalidOperation:
        pass  # no number, or one that is far too large
    raise ValueError(f"expected a price step such as 0.01, got {text!r}")


class Queue(NamedTuple):
    """What remains at `price`, the `position`-th tick from the reference price: negative are bids, 0 there is none."""

    position: int
    price: Decimal
    remaining: Decimal


class ReferencePrice:
    """Follows a book; `tick` is the market's price step. Tell it of each change of the book."""

    def __init__(self, tick: Decimal) -> None:
        units = EXACT.divide(tick, _UNIT) if tick.is_finite() else Decimal(0)
        if units <= 0 or units != units.to_integral_value():
            raise ValueError(f"{tick} is not a tick size: it must be more than 0, in whole steps of 0.00000001")
        self.tick = tick
        self._tick_units = int(units)
        # In half ticks, and so always an odd number.
        self._halves: int | None = None

    @property
    def price(self) -> Decimal | None:
        """The reference price; None until a book with both sides was seen."""
        return None if self._halves is None else self._at(self._halves)

    def update(self, book: OrderBook) -> Decimal | None:
        """Follow the book, and return the reference price.

        A book that lacks a side or is crossed says nothing of the price: the one before stays. Raises `OffGrid`.
        """
        (bids, asks) = book.top(1)
        if bids and asks and not book.is_crossed:
            bid, bid_size = bids[0]
            ask, ask_size = asks[0]
            middle = self._ticks(bid) + self._ticks(ask)
            if middle % 2:
                self._halves = middle
            elif self._halves is None:
                self._halves = middle + (1 if SIZE_TICKS[bid_size] > SIZE_TICKS[ask_size] else -1)
            else:
                self._halves = middle + (1 if self._halves > middle else -1)
        return self.price

    def forget(self) -> None:
        """The book was lost: what comes next begins anew."""
        self._halves = None

    def view(self, book: OrderBook, levels: int) -> tuple[Queue, ...]:
        """The `levels` queues on each side, from the lowest bid to the highest ask; none without a reference price.

        Empty ones are there with 0, so that the view is always as long.
        """
        if self._halves is None:
            return ()
        bids = [self._queue(book, position) for position in range(-levels, 0)]
        asks = [self._queue(book, position) for position in range(1, levels + 1)]
        return (*bids, *asks)

    def position(self, price: str) -> int | None:
        """Which queue a price belongs to: -1 is the first tick below the reference price, 1 the first above.

        None without a reference price. Raises `OffGrid`.
        """
        if self._halves is None:
            return None
        beyond = 2 * self._ticks(price) - self._halves
        return (beyond + 1) // 2 if beyond > 0 else (beyond - 1) // 2

    def _queue(self, book: OrderBook, position: int) -> Queue:
        assert self._halves is not None
        price = self._at(self._halves + (2 * position - 1 if position > 0 else 2 * position + 1))
        return Queue(position, price, book.remaining("bid" if position < 0 else "ask", price))

    def _at(self, halves: int) -> Decimal:
        return EXACT.divide(EXACT.multiply(self.tick, Decimal(halves)), _TWO)

    def _ticks(self, price: str) -> int:
        ticks, rest = divmod(PRICE_TICKS[price], self._tick_units)
        if rest:
            raise OffGrid(f"the price {price} is not a whole number of ticks of {self.tick}")
        return ticks
