"""What may be traded on paper: any symbol of any exchange whose book is followed. Pure."""

from __future__ import annotations

from decimal import Decimal

from market.symbols import SymbolSteps, UnknownSymbol, steps_of

# Exchanges that write the quote first where there is a dash: KRW-BTC.
QUOTE_FIRST = frozenset({"upbit"})
# Quotes of symbols without a dash, the longer of two that end alike first.
QUOTES = ("FDUSD", "USDT", "USDC", "TUSD", "USD", "EUR", "GBP", "TRY", "BRL", "KRW", "JPY", "SGD", "BTC", "ETH", "BNB")
# Nobody checks a paper order's steps: these are the finest that records can hold in common, and a least worth naming.
FINEST = Decimal("0.00000001")
LEAST = Decimal("0.00001")


def steps_on_paper(exchange: str, symbol: str) -> SymbolSteps:
    """The steps of a symbol: Gemini's own where they are known, else the finest.

    Raises `UnknownSymbol` where it cannot be told what is bought with what.
    """
    try:
        return steps_of(symbol)
    except UnknownSymbol:
        base, quote = _currencies(exchange, symbol)
        return SymbolSteps(symbol, base, quote, FINEST, FINEST, LEAST)


def _currencies(exchange: str, symbol: str) -> tuple[str, str]:
    first, dash, second = symbol.partition("-")
    if dash:
        return (second, first) if exchange in QUOTE_FIRST else (first, second)
    for quote in QUOTES:
        if symbol.endswith(quote) and len(symbol) > len(quote):
            return symbol.removesuffix(quote), quote
    raise UnknownSymbol(f"{symbol} does not end in a quote that is known: {', '.join(QUOTES)}")
