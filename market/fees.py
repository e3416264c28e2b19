"""What trading costs: fees in the quote currency, by the basis points of the exchange's table."""

from decimal import Decimal

from market.decimals import EXACT

# Gemini's published fees for orders over its API, lowest tier.
GEMINI_TAKER_BPS = Decimal(40)
GEMINI_MAKER_BPS = Decimal(20)

_ONE = Decimal(10_000)


def fee_rate(bps: Decimal) -> Decimal:
    """The fee as a fraction of what is traded: 40 basis points are 0.004."""
    return EXACT.divide(bps, _ONE)


def fee_of(price: Decimal, amount: Decimal, bps: Decimal) -> Decimal:
    """The fee on `amount` traded at `price`, in the quote currency; not rounded."""
    return EXACT.multiply(EXACT.multiply(price, amount), fee_rate(bps))


def round_trip(bps: Decimal) -> Decimal:
    """The fraction that a price must rise so that buying and selling again loses nothing to fees."""
    rate = fee_rate(bps)
    return EXACT.subtract(EXACT.divide(EXACT.add(Decimal(1), rate), EXACT.subtract(Decimal(1), rate)), Decimal(1))
