"""What may be traded on paper: any symbol of any exchange whose book is followed. Pure."""

from __future__ import annotations

from decimal import Decimal

from market.symbols import SymbolSteps, UnknownSymbol, steps_of

# What others are bought with: of two currencies here, the one that comes first buys the other. KRW-BTC, ETH-BTC and
# BTC-USD are written either way round.
_FIAT = ("USD", "EUR", "GBP", "KRW", "JPY", "TRY", "BRL", "SGD")
QUOTES = (*_FIAT, "USDT", "USDC", "FDUSD", "TUSD", "BTC", "ETH", "BNB")
# Nobody checks a paper order's steps: these are the finest that records can hold in common, and a least worth naming.
FINEST = Decimal("0.00000001")
LEAST = Decimal("0.00001")


def steps_on_paper(symbol: str) -> SymbolSteps:
    """The steps of a symbol: Gemini's own where they are known, else the finest.

    Raises `UnknownSymbol` where it cannot be told what is bought with what.
    """
    try:
        return steps_of(symbol)
    except UnknownSymbol:
        base, quote = _currencies(symbol)
        return SymbolSteps(symbol, base, quote, FINEST, FINEST, LEAST)


def _currencies(symbol: str) -> tuple[str, str]:
    """Base and quote."""
    first, dash, second = symbol.partition("-")
    if dash:
        known = [quote for quote in QUOTES if quote in (first, second)]
        if known:
            return (second, first) if known[0] == first else (first, second)
    else:
        # The longest, for BTCFDUSD ends in USD too.
        for quote in sorted(QUOTES, key=len, reverse=True):
            if symbol.endswith(quote) and symbol != quote:
                return symbol.removesuffix(quote), quote
    raise UnknownSymbol(f"{symbol} has no quote that is known: {', '.join(QUOTES)}")
