"""Symbols and their steps."""

from decimal import Decimal

import pytest

from market.symbols import BTCUSD, UnknownSymbol, steps_of


def test_bitcoin_moves_in_cents_and_satoshis() -> None:
    assert steps_of("btcusd") is BTCUSD
    assert (BTCUSD.base, BTCUSD.quote) == ("BTC", "USD")
    assert (BTCUSD.tick_size, BTCUSD.quantity_step, BTCUSD.minimum) == (
        Decimal("0.01"),
        Decimal("1E-8"),
        Decimal("0.00001"),
    )


def test_unknown_symbol_is_named_with_the_known_ones() -> None:
    with pytest.raises(UnknownSymbol, match=r"DOGEUSD is not known; known are BTCUSD"):
        steps_of("DOGEUSD")
