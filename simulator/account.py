"""An account at the simulated exchange: what it holds, and what its orders came to. Pure; money is exact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import reduce
from typing import Literal

import msgspec

from market.decimals import EXACT

OrderSide = Literal["buy", "sell"]

# As Gemini's sandbox gives them.
OPENING_BALANCES: Mapping[str, Decimal] = {"BTC": Decimal(1_000), "USD": Decimal(100_000)}
# Gemini's ids are larger than what a float holds exactly (2^53), and so are these.
FIRST_ORDER_ID = 73_700_000_000_000_001
ZERO = Decimal(0)


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One trade of an order; the fee is in the quote currency."""

    trade_id: int
    time_ms: int
    price: Decimal
    amount: Decimal
    fee: Decimal


class Opening(msgspec.Struct, frozen=True, kw_only=True, tag="opening"):
    """What an account begins with."""

    balances: dict[str, Decimal]


class CompletedOrder(msgspec.Struct, frozen=True, kw_only=True, tag="order"):
    """An immediate-or-cancel order after it was matched: whatever is not filled is cancelled."""

    order_id: int
    client_order_id: str | None
    nonce: Decimal
    symbol: str
    base: str
    quote: str
    side: OrderSide
    price: Decimal
    amount: Decimal
    time_ms: int
    fills: tuple[Fill, ...]

    @property
    def executed(self) -> Decimal:
        """How much of it was filled, in base."""
        return total(fill.amount for fill in self.fills)

    @property
    def remaining(self) -> Decimal:
        """How much of it was cancelled, in base."""
        return EXACT.subtract(self.amount, self.executed)

    @property
    def value(self) -> Decimal:
        """What was paid or received without fees, in quote."""
        return total(EXACT.multiply(fill.price, fill.amount) for fill in self.fills)

    @property
    def fees(self) -> Decimal:
        """All fees, in quote."""
        return total(fill.fee for fill in self.fills)


AccountRecord = Opening | CompletedOrder


class Account:
    """The sum of its records. Nothing is reserved between them, for no order rests."""

    def __init__(self, records: Iterable[AccountRecord] = ()) -> None:
        self._balances: dict[str, Decimal] = {}
        self._orders: dict[int, CompletedOrder] = {}
        self._by_client_id: dict[str, list[CompletedOrder]] = {}
        for record in records:
            self.apply(record)

    def apply(self, record: AccountRecord) -> None:
        """Takes what has happened."""
        if isinstance(record, Opening):
            self._balances = dict(record.balances)
            return
        self._orders[record.order_id] = record
        if record.client_order_id is not None:
            self._by_client_id.setdefault(record.client_order_id, []).append(record)
        executed, value = record.executed, record.value
        if record.side == "buy":
            self._change(record.base, executed)
            self._change(record.quote, EXACT.minus(value))
        else:
            self._change(record.base, EXACT.minus(executed))
            self._change(record.quote, value)
        self._change(record.quote, EXACT.minus(record.fees))

    def balance(self, currency: str) -> Decimal:
        """What it holds of a currency."""
        return self._balances.get(currency, ZERO)

    def balances(self) -> Mapping[str, Decimal]:
        """What it holds of each currency that it ever held."""
        return dict(self._balances)

    def orders(self) -> Iterator[CompletedOrder]:
        """All orders, newest first."""
        return reversed(self._orders.values())

    def order(self, order_id: int) -> CompletedOrder | None:
        """The order of this id, if there is one."""
        return self._orders.get(order_id)

    def orders_of(self, client_order_id: str) -> tuple[CompletedOrder, ...]:
        """The orders that carry this client's id, newest first: it need not be the only one."""
        return tuple(reversed(self._by_client_id.get(client_order_id, [])))

    def next_order_id(self) -> int:
        """An id that no order has yet."""
        return FIRST_ORDER_ID + len(self._orders)

    def last_nonce(self) -> Decimal | None:
        """The nonce that the newest order was sent with."""
        newest = next(self.orders(), None)
        return None if newest is None else newest.nonce

    def _change(self, currency: str, by: Decimal) -> None:
        self._balances[currency] = EXACT.add(self.balance(currency), by)


def total(numbers: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    return reduce(EXACT.add, numbers, ZERO)
