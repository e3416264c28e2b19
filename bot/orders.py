"""Orders: ids, sizes and prices. Pure; everything is rounded down to the exchange's steps."""

from datetime import UTC, datetime
from decimal import Decimal

from bot.errors import TooSmall
from bot.exchange import Order
from market.decimals import EXACT
from market.fees import fee_rate
from market.journal import Side
from market.symbols import SymbolSteps

# Gemini takes letters, digits and : - _ . # up to this length.
LONGEST_ID = 36


def window_order_id(name: str, symbol: str, window_start: int, side: Side) -> str:
    """The id of the order that a minute leads to: the same decision taken twice has the same id."""
    minute = datetime.fromtimestamp(window_start / 1000, UTC).strftime("%Y%m%dT%H%M")
    return f"{name}-{symbol.lower()}-{minute}-{side[0]}"


def flatten_order_id(name: str, symbol: str, now_ms: int) -> str:
    """The id of a sale that an operator asked for: it belongs to no minute. The time is in hex, for want of room."""
    return f"{name}-{symbol.lower()}-x{now_ms:x}-s"


def rounded_down(number: Decimal, step: Decimal) -> Decimal:
    """The greatest multiple of `step` that is not above `number`, written with the step's places."""
    return EXACT.multiply(EXACT.divide_int(number, step), step)


def entry(
    client_order_id: str, steps: SymbolSteps, ask: Decimal, available: Decimal, fraction: Decimal, fee_bps: Decimal
) -> Order:
    """Buys at the ask for `fraction` of the available quote, or for what the fee leaves of it if that is less.

    Raises `TooSmall`.
    """
    price = rounded_down(ask, steps.tick_size)
    if price <= 0:
        raise TooSmall(Decimal(0), steps.minimum)
    affordable = EXACT.divide(available, EXACT.add(Decimal(1), fee_rate(fee_bps)))
    spent = min(EXACT.multiply(available, fraction), affordable)
    amount = rounded_down(EXACT.divide(spent, price), steps.quantity_step)
    return _order(client_order_id, steps, "buy", amount, price)


def way_out(client_order_id: str, steps: SymbolSteps, bid: Decimal, position: Decimal) -> Order:
    """Sells at the bid what the bot's own fills bought, dust included. Raises `TooSmall`."""
    amount = rounded_down(position, steps.quantity_step)
    return _order(client_order_id, steps, "sell", amount, rounded_down(bid, steps.tick_size))


def _order(client_order_id: str, steps: SymbolSteps, side: Side, amount: Decimal, price: Decimal) -> Order:
    if amount < steps.minimum:
        raise TooSmall(amount, steps.minimum)
    return Order(client_order_id, steps.symbol, side, amount, price)
