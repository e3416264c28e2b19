"""Symbols of any exchange, on paper."""

from decimal import Decimal

import pytest

from bot.paper_symbols import steps_on_paper
from market.symbols import BTCUSD, UnknownSymbol


def test_symbol_of_gemini_keeps_its_own_steps() -> None:
    assert steps_on_paper("gemini", "BTCUSD") is BTCUSD


@pytest.mark.parametrize(
    ("exchange", "symbol", "base", "quote"),
    [
        ("binance", "BTCUSDT", "BTC", "USDT"),
        ("binance", "ETHBTC", "ETH", "BTC"),
        ("coinbase", "ETC-USD", "ETC", "USD"),
        ("upbit", "KRW-BTC", "BTC", "KRW"),
        ("gemini", "SOLUSD", "SOL", "USD"),
    ],
)
def test_symbol_of_another_exchange_is_bought_with_its_quote(exchange: str, symbol: str, base: str, quote: str) -> None:
    steps = steps_on_paper(exchange, symbol)
    assert (steps.symbol, steps.base, steps.quote) == (symbol, base, quote)
    assert steps.tick_size == steps.quantity_step == Decimal("1E-8")


@pytest.mark.parametrize("symbol", ["USD", "BTCXYZ"])
def test_symbol_whose_quote_cannot_be_told_is_refused_with_those_that_are_known(symbol: str) -> None:
    with pytest.raises(UnknownSymbol, match=f"{symbol} does not end in a quote that is known: FDUSD, USDT"):
        steps_on_paper("binance", symbol)
