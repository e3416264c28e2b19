"""A small market: a book of a few levels and the trades so far, as the exchange itself knows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from market.records import Level, Side

BIDS = ("96", "97", "98", "99")
ASKS = ("101", "102", "103", "104")


@dataclass
class Market:
    """`updates` counts the changes of the book."""

    levels: dict[Side, dict[str, str]] = field(
        default_factory=lambda: {"bid": dict.fromkeys(BIDS, "1"), "ask": dict.fromkeys(ASKS, "2")}
    )
    trades: list[int] = field(default_factory=list)
    updates: int = 100

    def change(self, side: Side, price: str, size: str) -> None:
        """A level's new total, 0 removes it."""
        self.updates += 1
        if Decimal(size):
            self.levels[side][price] = size
        else:
            self.levels[side].pop(price, None)

    def trade(self) -> int:
        """A trade happens; its number."""
        self.trades.append(len(self.trades) + 1)
        return self.trades[-1]

    @property
    def bids(self) -> list[Level]:
        """Best first."""
        return sorted(self.levels["bid"].items(), key=lambda level: -Decimal(level[0]))

    @property
    def asks(self) -> list[Level]:
        """Best first."""
        return sorted(self.levels["ask"].items(), key=lambda level: Decimal(level[0]))
