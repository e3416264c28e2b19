"""The order book of one symbol: what remains at each price, in the exchange's own digits."""

from bisect import bisect_left
from collections.abc import Iterable
from decimal import Decimal

from market.records import Change, Level


class _Ladder:
    """One side: the levels by price, and the prices in order."""

    __slots__ = ("prices", "texts")

    def __init__(self) -> None:
        self.prices: list[Decimal] = []
        self.texts: dict[Decimal, Level] = {}

    def put(self, price_text: str, remaining: str) -> None:
        price = Decimal(price_text)
        if not Decimal(remaining):
            if self.texts.pop(price, None) is not None:
                del self.prices[bisect_left(self.prices, price)]
            return
        if price not in self.texts:
            self.prices.insert(bisect_left(self.prices, price), price)
        self.texts[price] = (price_text, remaining)


class OrderBook:
    """Levels of both sides; a level with nothing remaining is removed, and removing an unknown one changes nothing.

    Prices and sizes must have been checked (`market.decimals`): the book takes them as they are.
    """

    def __init__(self) -> None:
        self._bids = _Ladder()
        self._asks = _Ladder()

    def apply(self, changes: Iterable[Change]) -> None:
        """Set each change's level to its new total."""
        bids, asks = self._bids, self._asks
        for change in changes:
            (bids if change.side == "bid" else asks).put(change.price, change.remaining)

    def clear(self) -> None:
        """Forget every level."""
        self._bids = _Ladder()
        self._asks = _Ladder()

    def top(self, levels: int) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """The best levels of the bids and of the asks, best first."""
        bids, asks = self._bids, self._asks
        return (
            tuple(bids.texts[price] for price in reversed(bids.prices[-levels:])) if levels > 0 else (),
            tuple(asks.texts[price] for price in asks.prices[: max(levels, 0)]),
        )

    def remaining(self, side: str, price: Decimal) -> Decimal:
        """What remains at a price; 0 without a level there."""
        level = (self._bids if side == "bid" else self._asks).texts.get(price)
        return Decimal(level[1]) if level else Decimal(0)

    @property
    def best_bid(self) -> Decimal | None:
        """The highest price that is bid."""
        return self._bids.prices[-1] if self._bids.prices else None

    @property
    def best_ask(self) -> Decimal | None:
        """The lowest price that is asked."""
        return self._asks.prices[0] if self._asks.prices else None

    @property
    def is_crossed(self) -> bool:
        """Whether the best bid is at or above the best ask: impossible in a book without a lost message."""
        bid, ask = self.best_bid, self.best_ask
        return bid is not None and ask is not None and bid >= ask

    def __len__(self) -> int:
        return len(self._bids.prices) + len(self._asks.prices)
