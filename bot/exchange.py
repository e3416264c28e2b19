"""What the bot wants from an exchange. Real, simulated and paper ones are the same to everything else."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from market.journal import Side
from market.symbols import SymbolSteps

ORDER_TYPE = "exchange limit"
IMMEDIATE_OR_CANCEL = "immediate-or-cancel"


@dataclass(frozen=True)
class Touch:
    """Best bid and ask as of `at_ms` (epoch ms of the bot's clock); `last` where the exchange tells it."""

    bid: Decimal
    ask: Decimal
    at_ms: int
    last: Decimal | None = None


@dataclass(frozen=True)
class Holding:
    """What an account has of a currency, and how much of it is not reserved."""

    amount: Decimal
    available: Decimal


NOTHING = Holding(Decimal(0), Decimal(0))


@dataclass(frozen=True)
class Order:
    """An immediate-or-cancel limit order, rounded to the exchange's steps."""

    client_order_id: str
    symbol: str
    side: Side
    amount: Decimal
    price: Decimal


@dataclass(frozen=True)
class TradeReport:
    """One trade of an order as the exchange tells it."""

    trade_id: str
    price: Decimal
    amount: Decimal
    fee: Decimal
    fee_currency: str
    time_ms: int


@dataclass(frozen=True)
class OrderReport:
    """An order as the exchange tells it. `trades` is None where it did not say; `executed` decides, never the flags."""

    order_id: str
    client_order_id: str | None
    symbol: str
    side: str
    order_type: str
    options: tuple[str, ...]
    price: Decimal
    amount: Decimal
    executed: Decimal
    average_price: Decimal | None
    live: bool
    cancelled: bool
    reason: str | None = None
    trades: tuple[TradeReport, ...] | None = None

    def is_the_same_as(self, order: Order) -> bool:
        """Whether all that was fixed when the order was sent is the same here."""
        return (
            self.client_order_id == order.client_order_id
            and self.symbol.upper() == order.symbol.upper()
            and self.side == order.side
            and self.order_type == ORDER_TYPE
            and self.options == (IMMEDIATE_OR_CANCEL,)
            and self.price == order.price
            and self.amount == order.amount
        )


class Exchange(Protocol):
    """An account at an exchange.

    `steps`, `touch`, `ticker` and `holdings` raise `TryLater` when there is no answer or the exchange refuses to give
    one, as in a maintenance; all raise `WrongKeys`.
    """

    def steps(self) -> SymbolSteps:
        """The symbol's steps; raises `TryLater` while it is not open for trading."""

    def touch(self) -> Touch:
        """The best bid and ask now."""

    def ticker(self) -> Touch:
        """The best bid and ask, and the last trade's price where there is one."""

    def holdings(self) -> Mapping[str, Holding]:
        """What the account holds, by currency in upper case; what it has nothing of may be absent."""

    def send(self, order: Order) -> OrderReport:
        """Sends the order, once. Raises `Refused` when it certainly failed, `Unclear` when nobody knows."""

    def find(self, client_order_id: str) -> tuple[OrderReport, ...]:
        """The orders that carry this id, with their trades; empty when there is none."""

    def cancel(self, order_id: str) -> None:
        """Asks for the order's rest to be dropped. That it is gone already is no error."""

    def skew_ms(self) -> int | None:
        """How far the exchange's clock is ahead of ours as of its last answer; None when it is not known."""
