"""Fees: exact, in the quote currency."""

from decimal import Decimal
from fractions import Fraction

from market.fees import GEMINI_MAKER_BPS, GEMINI_TAKER_BPS, fee_of, fee_rate, round_trip


def test_gemini_takes_forty_basis_points_from_a_taker_and_twenty_from_a_maker() -> None:
    assert fee_rate(GEMINI_TAKER_BPS) == Decimal("0.004")
    assert fee_rate(GEMINI_MAKER_BPS) == Decimal("0.002")


def test_fee_of_a_trade_is_exact_to_its_last_digit() -> None:
    assert fee_of(Decimal("90999.50"), Decimal("0.01"), Decimal(40)) == Decimal("3.63998")
    price, amount = Decimal("9999999999.99"), Decimal("999999999.0000000001")
    assert Fraction(fee_of(price, amount, Decimal(40))) == Fraction(price) * Fraction(amount) / 250


def test_half_a_basis_point_is_not_rounded_away() -> None:
    assert fee_of(Decimal(1), Decimal(1), Decimal("0.5")) == Decimal("0.00005")


def test_a_round_trip_as_taker_costs_about_eight_tenths_of_a_percent() -> None:
    assert round(round_trip(GEMINI_TAKER_BPS), 6) == Decimal("0.008032")
