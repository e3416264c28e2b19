"""Orders: rounded down to the exchange's steps, never below the least, with ids that a restart makes again."""

import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import TooSmall
from bot.orders import LONGEST_ID, entry, flatten_order_id, rounded_down, way_out, window_order_id
from market.symbols import BTCUSD
from tests.bot.doubles import START

FEE = Decimal(40)


def test_entry_spends_nine_tenths_of_the_balance_at_the_ask() -> None:
    order = entry("id", BTCUSD, Decimal("91000.25"), Decimal(100_000), Decimal("0.9"), FEE)
    assert (order.side, order.price, order.amount) == ("buy", Decimal("91000.25"), Decimal("0.98900827"))


def test_entry_of_the_whole_balance_leaves_room_for_the_fee() -> None:
    order = entry("id", BTCUSD, Decimal(100), Decimal("100.40"), Decimal(1), FEE)
    assert order.amount == Decimal(1)


def test_way_out_sells_the_position_at_the_bid_and_leaves_what_is_finer_than_a_step() -> None:
    order = way_out("id", BTCUSD, Decimal("90999.10"), Decimal("0.1234567899"))
    assert (order.side, order.price, order.amount) == ("sell", Decimal("90999.10"), Decimal("0.12345678"))


def test_prices_finer_than_a_tick_are_rounded_down() -> None:
    assert way_out("id", BTCUSD, Decimal("99.999"), Decimal(1)).price == Decimal("99.99")
    assert entry("id", BTCUSD, Decimal("100.019"), Decimal(1000), Decimal(1), FEE).price == Decimal("100.01")


def test_twenty_nine_hundredths_are_twenty_nine_steps() -> None:
    assert rounded_down(Decimal("0.29"), Decimal("0.01")) == Decimal("0.29")


@pytest.mark.parametrize("available", ["0", "0.000999", "-0.5"])
def test_less_than_the_least_order_is_not_sent(available: str) -> None:
    with pytest.raises(TooSmall, match=r"less than the least order of 0\.00001"):
        entry("id", BTCUSD, Decimal(100), Decimal(available), Decimal("0.9"), FEE)


def test_dust_alone_is_not_sold() -> None:
    with pytest.raises(TooSmall):
        way_out("id", BTCUSD, Decimal(100), Decimal("0.0000099999"))


def test_the_least_order_itself_is_sold() -> None:
    assert way_out("id", BTCUSD, Decimal(100), Decimal("0.00001")).amount == BTCUSD.minimum


def test_order_id_tells_bot_symbol_minute_and_side() -> None:
    assert window_order_id("bot1", "BTCUSD", START, "buy") == "bot1-btcusd-20260101T0000-b"
    assert window_order_id("bot1", "BTCUSD", START + 60_000, "sell") == "bot1-btcusd-20260101T0001-s"


@example("longname9", "LONGSYMB10", 4_000_000_000_000)
@given(st.from_regex(r"\A[A-Za-z0-9]{1,9}\Z"), st.from_regex(r"\A[A-Z0-9]{3,10}\Z"), st.integers(0, 4_000_000_000_000))
def test_every_id_is_one_that_gemini_takes(name: str, symbol: str, time_ms: int) -> None:
    for made in (window_order_id(name, symbol, time_ms, "sell"), flatten_order_id(name, symbol, time_ms)):
        assert re.fullmatch(r"[:\-_\.#a-zA-Z0-9]{1,36}", made)
        assert len(made) <= LONGEST_ID


STEPS = st.sampled_from([Decimal("1e-8"), Decimal("0.000001"), Decimal("0.01"), Decimal("0.05"), Decimal(1)])


@given(st.decimals("0", "999999999", places=10), STEPS)
def test_rounding_down_takes_less_than_a_step_and_lands_on_one(number: Decimal, step: Decimal) -> None:
    floored = rounded_down(number, step)
    assert 0 <= Fraction(number) - Fraction(floored) < Fraction(step)
    assert Fraction(floored) % Fraction(step) == 0
    assert "E" not in f"{floored:f}"


@given(
    ask=st.decimals("0.01", "9999999", places=2),
    available=st.decimals("0", "999999999", places=10),
    fraction=st.decimals("0.01", "1", places=2),
    fee=st.decimals("0", "500", places=2),
    step=STEPS,
)
def test_an_entry_is_never_more_than_the_balance_pays_with_its_fee(
    ask: Decimal, available: Decimal, fraction: Decimal, fee: Decimal, step: Decimal
) -> None:
    steps = replace(BTCUSD, quantity_step=step, minimum=step)
    try:
        order = entry("id", steps, ask, available, fraction, fee)
    except TooSmall:
        return
    spent = Fraction(order.amount) * Fraction(order.price)
    assert spent <= Fraction(available) * Fraction(fraction)
    assert spent * (1 + Fraction(fee) / 10_000) <= Fraction(available)
    assert Fraction(order.amount) % Fraction(step) == 0
