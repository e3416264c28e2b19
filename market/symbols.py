"""Symbols and their steps."""

from dataclasses import dataclass
from decimal import Decimal

from market.errors import MarketError


class UnknownSymbol(MarketError):
    """The symbol's steps are not known here: ask the exchange for them."""


@dataclass(frozen=True)
class SymbolSteps:
    """What an exchange allows for a symbol: the price's step (in quote), the quantity's step and least (in base)."""

    symbol: str
    base: str
    quote: str
    tick_size: Decimal
    quantity_step: Decimal
    minimum: Decimal


BTCUSD = SymbolSteps("BTCUSD", "BTC", "USD", Decimal("0.01"), Decimal("0.00000001"), Decimal("0.00001"))
ETHUSD = SymbolSteps("ETHUSD", "ETH", "USD", Decimal("0.01"), Decimal("0.000001"), Decimal("0.001"))

_KNOWN = {steps.symbol: steps for steps in (BTCUSD, ETHUSD)}


def steps_of(symbol: str) -> SymbolSteps:
    """The steps of a symbol at Gemini; raises `UnknownSymbol` for one that is not listed here."""
    try:
        return _KNOWN[symbol.upper()]
    except KeyError:
        raise UnknownSymbol(f"{symbol} is not known; known are {', '.join(sorted(_KNOWN))}") from None
