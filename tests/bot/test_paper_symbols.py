"""Symbols of any exchange, on paper."""

from decimal import Decimal

import pytest

from bot.paper_symbols import steps_on_paper
from market.symbols import BTCUSD, UnknownSymbol


def test_symbol_of_gemini_keeps_its_own_steps() -> None:
    assert steps_on_paper("BTCUSD") is BTCUSD


@pytest.mark.parametrize(
    ("symbol", "base", "quote"),
    [
        ("BTCUSDT", "BTC", "USDT"),
        ("BTCFDUSD", "BTC", "FDUSD"),
        ("ETHBTC", "ETH", "BTC"),
        ("SOLUSD", "SOL", "USD"),
        ("ETC-USD", "ETC", "USD"),
        ("ETH-BTC", "ETH", "BTC"),
        ("USDT-USD", "USDT", "USD"),
        ("KRW-BTC", "BTC", "KRW"),
        ("BTC-ETH", "ETH", "BTC"),
        ("USDT-ETC", "ETC", "USDT"),
    ],
)
def test_symbol_of_any_exchange_is_bought_with_its_quote(symbol: str, base: str, quote: str) -> None:
    steps = steps_on_paper(symbol)
    assert (steps.symbol, steps.base, steps.quote) == (symbol, base, quote)
    assert steps.tick_size == steps.quantity_step == Decimal("1E-8")


@pytest.mark.parametrize("symbol", ["USD", "BTCXYZ", "ABC-XYZ"])
def test_symbol_whose_quote_cannot_be_told_is_refused_with_those_that_are_known(symbol: str) -> None:
    with pytest.raises(UnknownSymbol, match=f"{symbol} has no quote that is known: USD, EUR"):
        steps_on_paper(symbol)
