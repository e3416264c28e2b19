"""The order book of one symbol: what remains at each price, in the exchange's own digits.

The whole book is kept, however deep. Levels are found by their price in whole ticks of 10^-8, so that `9.1` and `9.10`
are one level, and no float is ever a price.
"""

from decimal import ROUND_FLOOR, Decimal

from market.decimals import EXACT
from market.levels import Ladders
from market.records import Level, Side

_TICK = Decimal(1).scaleb(-8)
_TWO = Decimal(2)
# No price has more.
_MOST_TICKS = 10**18


class OrderBook(Ladders):
    """Levels of both sides (`market.plain_ladders` says how they change), and what is asked of a book."""

    def clear(self) -> None:
        """Forget every level."""
        self.replace(())

    def top(self, levels: int) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """The best levels of the bids and of the asks, best first."""
        return self.best("bid", levels), self.best("ask", levels)

    def remaining(self, side: Side, price: Decimal) -> Decimal:
        """What remains at a price; 0 without a level there."""
        level = self.level(side, _floor(price))
        return Decimal(level[1]) if level and Decimal(level[0]) == price else Decimal(0)

    def within(self, distance: Decimal) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """The levels no farther than `distance` (in quote) from the mid, best first; none without a mid."""
        mid = self.mid
        if mid is None:
            return (), ()
        lowest, highest = EXACT.subtract(mid, distance), EXACT.add(mid, distance)
        near_bids = self.count_to("bid", -_floor(EXACT.minus(lowest)))
        near_asks = self.count_to("ask", _floor(highest))
        return self.best("bid", near_bids), self.best("ask", near_asks)

    @property
    def best_bid(self) -> Decimal | None:
        """The highest price that is bid."""
        return self._best_price("bid")

    @property
    def best_ask(self) -> Decimal | None:
        """The lowest price that is asked."""
        return self._best_price("ask")

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

    def _best_price(self, side: Side) -> Decimal | None:
        best = self.best(side, 1)
        return Decimal(best[0][0]) if best else None


def _floor(price: Decimal) -> int:
    """The last whole tick at or below a price, no farther from 0 than any price can be."""
    ticks = int(EXACT.divide(price, _TICK).to_integral_value(ROUND_FLOOR))
    return max(-_MOST_TICKS, min(ticks, _MOST_TICKS))
