"""What becomes of an order: its fields, its funds, its match against the book, its fees. Pure, but for the book.

Orders are immediate-or-cancel: what the book does not fill at once is cancelled. All else is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from market.decimals import EXACT, OutOfRange, exact_price, exact_size, plain
from market.fees import fee_of
from market.symbols import SymbolSteps
from simulator.account import Account, CompletedOrder, Fill, OrderSide
from simulator.errors import Refusal
from simulator.ladder import Side
from simulator.market_model import Market, MarketEvent
from simulator.units import Units

ORDER_TYPE = "exchange limit"
IMMEDIATE_OR_CANCEL = "immediate-or-cancel"
LONGEST_CLIENT_ID = 36
_CLIENT_ID = re.compile(r"[:\-_.#a-zA-Z0-9]+")
_OPTIONS = ("maker-or-cancel", IMMEDIATE_OR_CANCEL, "fill-or-kill")


@dataclass(frozen=True)
class OrderRequest:
    """An order whose fields are right."""

    steps: SymbolSteps
    side: OrderSide
    amount: Decimal
    price: Decimal
    client_order_id: str | None

    @property
    def maker_side(self) -> Side:
        """The side of the book that it takes from."""
        return "ask" if self.side == "buy" else "bid"


def order_request(payload: Mapping[str, Any], symbols: Mapping[str, SymbolSteps]) -> OrderRequest:
    """Reads an order; raises Refusal for what Gemini or this simulator does not take."""
    for name in ("symbol", "amount", "price", "side", "type"):
        if payload.get(name) is None:
            raise _wrong("MissingOrderField", f"Required field '{name}' is missing")
    if payload["type"] != ORDER_TYPE:
        raise _wrong("InvalidOrderType", f"Invalid order type; this simulator takes '{ORDER_TYPE}' only")
    side: OrderSide = payload["side"]
    if side not in ("buy", "sell"):
        raise _wrong("InvalidSide", "Invalid side: expected buy or sell")
    steps = symbol_steps(payload["symbol"], symbols)
    _check_options(payload.get("options"))
    return OrderRequest(
        steps=steps,
        side=side,
        amount=_amount(payload["amount"], steps),
        price=_price(payload["price"], steps),
        client_order_id=client_order_id(payload.get("client_order_id")),
    )


def symbol_steps(name: object, symbols: Mapping[str, SymbolSteps]) -> SymbolSteps:
    """The steps of a symbol that is traded; raises Refusal."""
    steps = symbols.get(name.upper()) if isinstance(name, str) else None
    if steps is None:
        raise _wrong("InvalidSymbol", f"Supplied value {str(name)[:20]!r} is not a valid symbol")
    return steps


def client_order_id(value: object) -> str | None:
    """The client's own id of an order, if it gave one; raises Refusal."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise _wrong("ClientOrderIdMustBeString", "client_order_id must be a string")
    if len(value) > LONGEST_CLIENT_ID:
        raise _wrong("ClientOrderIdTooLong", f"client_order_id has more than {LONGEST_CLIENT_ID} characters")
    if _CLIENT_ID.fullmatch(value) is None:
        raise _wrong("ClientOrderIdMustBeString", "client_order_id: expected letters, digits and : - _ . #")
    return value


def check_funds(request: OrderRequest, account: Account, fee_bps: Decimal) -> None:
    """A buy needs its limit's value and the fee on it, a sale what it sells; raises Refusal."""
    value = EXACT.multiply(request.price, request.amount)
    if request.side == "buy":
        needed = EXACT.add(value, fee_of(request.price, request.amount, fee_bps))
        has_enough = needed <= account.balance(request.steps.quote)
    else:
        has_enough = request.amount <= account.balance(request.steps.base)
    if not has_enough:
        raise Refusal(
            406,
            "InsufficientFunds",
            f"Failed to place {request.side} order on symbol '{request.steps.symbol}' for price "
            f"${plain(request.price)} and quantity {plain(request.amount)} {request.steps.base} "
            "due to insufficient funds",
        )


def match(request: OrderRequest, market: Market, now_ms: int, share: Decimal = Decimal(1)) -> list[MarketEvent]:
    """Takes from the book what the order gets, at most `share` of it; the best price first."""
    units = market.units
    wanted = units.steps(EXACT.multiply(request.amount, share))
    return market.take(request.maker_side, units.ticks(request.price), wanted, now_ms)


def fills_of(events: Sequence[MarketEvent], units: Units, fee_bps: Decimal) -> tuple[Fill, ...]:
    """The trades in these events with their fees, which are not rounded."""
    fills = []
    for event in events:
        if event.trade is not None:
            price, amount = units.price(event.trade.price), units.size(event.trade.size)
            fee = fee_of(price, amount, fee_bps)
            fills.append(
                Fill(trade_id=event.trade.trade_id, time_ms=event.time_ms, price=price, amount=amount, fee=fee)
            )
    return tuple(fills)


def completed_order(
    request: OrderRequest, *, order_id: int, fills: tuple[Fill, ...], nonce: Decimal, now_ms: int
) -> CompletedOrder:
    """The order, done: what was filled of it, and the rest cancelled."""
    return CompletedOrder(
        order_id=order_id,
        client_order_id=request.client_order_id,
        nonce=nonce,
        symbol=request.steps.symbol,
        base=request.steps.base,
        quote=request.steps.quote,
        side=request.side,
        price=request.price,
        amount=request.amount,
        time_ms=now_ms,
        fills=fills,
    )


def _check_options(options: object) -> None:
    if options is not None and not isinstance(options, list):
        raise _wrong("OptionsMustBeArray", "options must be an array")
    if not options:
        raise _wrong("UnsupportedOption", f"this simulator takes {IMMEDIATE_OR_CANCEL} orders only: no order rests")
    if any(option not in _OPTIONS for option in options):
        raise _wrong("UnsupportedOption", "An option is not supported")
    if len(options) > 1:
        raise _wrong("ConflictingOptions", "Only one option may be given")
    if options != [IMMEDIATE_OR_CANCEL]:
        raise _wrong("UnsupportedOption", f"this simulator takes {IMMEDIATE_OR_CANCEL} only")


def _amount(text: object, steps: SymbolSteps) -> Decimal:
    try:
        amount = exact_size(text) if isinstance(text, str) else Decimal(0)
    except OutOfRange:
        amount = Decimal(0)
    if amount < steps.minimum or EXACT.remainder(amount, steps.quantity_step):
        raise _wrong(
            "InvalidQuantity",
            f"Invalid quantity for symbol {steps.symbol}: expected a string of at least {plain(steps.minimum)}, "
            f"a multiple of {plain(steps.quantity_step)}",
        )
    return amount


def _price(text: object, steps: SymbolSteps) -> Decimal:
    try:
        price = exact_price(text) if isinstance(text, str) else Decimal(0)
    except OutOfRange:
        price = Decimal(0)
    if not price or EXACT.remainder(price, steps.tick_size):
        raise _wrong(
            "InvalidPrice",
            f"Invalid price for symbol {steps.symbol}: expected a string, a multiple of {plain(steps.tick_size)}",
        )
    return price


def _wrong(reason: str, message: str) -> Refusal:
    return Refusal(400, reason, message)
