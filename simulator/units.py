"""Between the whole steps that the market counts in and the digits that the exchange writes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from market.decimals import EXACT
from market.symbols import SymbolSteps


@dataclass(frozen=True)
class Units:
    """The steps of a symbol: `price_places` and `size_places` digits stand after the point."""

    symbol: str
    price_places: int
    size_places: int
    least_size: int

    @classmethod
    def of(cls, steps: SymbolSteps) -> Units:
        """The units of a symbol whose steps are powers of ten."""
        price_places, size_places = _places(steps.tick_size), _places(steps.quantity_step)
        return cls(steps.symbol, price_places, size_places, int(steps.minimum.scaleb(size_places)))

    def ticks(self, price: Decimal | float) -> int:
        """The price in ticks, cut down to a whole one."""
        return int(Decimal(price).scaleb(self.price_places, EXACT))

    def steps(self, size: Decimal | float) -> int:
        """The size in quantity steps, cut down to a whole one."""
        return int(Decimal(size).scaleb(self.size_places, EXACT))

    def price(self, ticks: int) -> Decimal:
        """The exact price of so many ticks."""
        return Decimal(ticks).scaleb(-self.price_places, EXACT)

    def size(self, steps: int) -> Decimal:
        """The exact size of so many quantity steps."""
        return Decimal(steps).scaleb(-self.size_places, EXACT)

    def price_text(self, ticks: int) -> str:
        """The price as the exchange writes it: all places."""
        whole, rest = divmod(ticks, 10**self.price_places)
        return f"{whole}.{rest:0{self.price_places}d}"

    def size_text(self, steps: int) -> str:
        """The size as the exchange writes it: no zeros at the end."""
        whole, rest = divmod(abs(steps), 10**self.size_places)
        digits = f"{whole}.{rest:0{self.size_places}d}".rstrip("0").rstrip(".")
        return f"-{digits}" if steps < 0 else digits


def _places(step: Decimal) -> int:
    return -int(step.normalize().as_tuple().exponent)
