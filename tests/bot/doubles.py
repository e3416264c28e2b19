"""The bot's own interfaces in memory: a journal that can be taken over, an exchange with faults on demand, a clock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from bot.errors import Refused, TakenOver, TryLater, Unclear
from bot.exchange import (
    IMMEDIATE_OR_CANCEL,
    ORDER_TYPE,
    Holding,
    Order,
    OrderReport,
    Touch,
    TradeReport,
)
from market.fees import fee_of
from market.journal import JournalRecord
from market.records import PriceVolume
from market.symbols import BTCUSD, SymbolSteps
from pipeline.clock import Clock
from pipeline.errors import TemporarilyUnavailable

# 2026-01-01T00:00:00Z, the start of a minute.
START = 1_767_225_600_000
MINUTE = 60_000
FEE_BPS = Decimal(40)


def minute(start: int, value: str | None = "1.000000000000", *, complete: bool = True) -> PriceVolume:
    """A minute's ratio."""
    return PriceVolume(
        exchange="gemini",
        symbol="BTCUSD",
        event_time=start + MINUTE,
        window_start=start,
        window_end=start + MINUTE,
        timestamp=start // 1000,
        changes=10,
        ask="100.00000000",
        bid="100.00000000",
        value=value,
        complete=complete,
    )


class HandClock(Clock):
    """A clock that stands still until it is moved; its wall clock may be set back."""

    def __init__(self, now_ms: int = START) -> None:
        self.now_ms = now_ms
        self.set_back_ms = 0
        super().__init__(real_ms=lambda: self.now_ms - self.set_back_ms, real_monotonic_ms=lambda: self.now_ms)

    def wait(self, seconds: float) -> bool:
        """Lets so many seconds pass at once; nobody asks to stop."""
        self.now_ms += round(seconds * 1000)
        return False


@dataclass
class Shelf:
    """What outlives a bot: the journal's records, and who may write them."""

    records: list[JournalRecord] = field(default_factory=list)
    holder: int = 0
    # The next write fails, with its records lost or stored: the bot cannot know which.
    fails: Literal["lost", "stored", None] = None


class MemoryJournal:
    """A journal on a shelf; making one takes it over."""

    def __init__(self, shelf: Shelf) -> None:
        shelf.holder += 1
        self._mine = shelf.holder
        self._shelf = shelf

    def write(self, records: Sequence[JournalRecord]) -> None:
        """All of them, unless somebody took over."""
        if self._shelf.holder != self._mine:
            raise TakenOver("another bot has taken the identity over")
        fails, self._shelf.fails = self._shelf.fails, None
        if fails != "lost":
            self._shelf.records.extend(records)
        if fails:
            raise TemporarilyUnavailable("it is not known whether the transaction was committed")


class Crash(BaseException):
    """Stands for SIGKILL: nothing in the bot may handle it."""


Fault = Callable[["MemoryExchange", Order], None]


def lost_answer(exchange: "MemoryExchange", order: Order) -> None:
    """The order is taken, the answer never comes."""
    exchange.take(order)
    raise Unclear("no answer")


def lost_order(exchange: "MemoryExchange", order: Order) -> None:
    """The order never arrives, and nobody says so."""
    raise Unclear("no answer")


def refusal(exchange: "MemoryExchange", order: Order) -> None:
    """The exchange says no."""
    raise Refused("InsufficientFunds", "due to insufficient funds")


class MemoryExchange:
    """One account at a fixed price. `depth` is how much of an order trades at most; faults are used up in order."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.bid, self.ask = Decimal("99.99"), Decimal("100.01")
        self.base, self.quote = Decimal(1000), Decimal(100_000)
        self.depth = Decimal(10**6)
        self.orders: list[OrderReport] = []
        self.faults: list[Fault] = []
        self.sent: list[Order] = []
        self.away = False
        self.look_ups_away = 0
        self.trades_hidden = 0
        self.skew: int | None = 0
        # How long the balances take, and the moment from which on the price is the same (None: it is always new).
        self.holdings_take_ms = 0
        self.price_of_ms: int | None = None

    def steps(self) -> SymbolSteps:
        self._answers()
        return BTCUSD

    def touch(self) -> Touch:
        self._answers()
        return Touch(self.bid, self.ask, self.clock.wall_ms() if self.price_of_ms is None else self.price_of_ms)

    def ticker(self) -> Touch:
        return replace(self.touch(), last=self.bid)

    def holdings(self) -> Mapping[str, Holding]:
        self._answers()
        self.clock.now_ms += self.holdings_take_ms
        return {"BTC": Holding(self.base, self.base), "USD": Holding(self.quote, self.quote)}

    def send(self, order: Order) -> OrderReport:
        self.sent.append(order)
        if self.faults:
            self.faults.pop(0)(self, order)
        return replace(self.take(order), trades=None)

    def find(self, client_order_id: str) -> tuple[OrderReport, ...]:
        self._answers()
        if self.look_ups_away:
            self.look_ups_away -= 1
            raise TryLater("HTTP 503")
        found = tuple(report for report in self.orders if report.client_order_id == client_order_id)
        if self.trades_hidden:
            self.trades_hidden -= 1
            return tuple(replace(report, trades=()) for report in found)
        return found

    def cancel(self, order_id: str) -> None:
        self.orders = [
            replace(order, live=False, cancelled=True) if order.order_id == order_id else order for order in self.orders
        ]

    def skew_ms(self) -> int | None:
        return self.skew

    def take(self, order: Order) -> OrderReport:
        """Executes the order in two trades, as far as the depth goes, and moves the balances."""
        price = self.ask if order.side == "buy" else self.bid
        executed = min(order.amount, self.depth)
        first = (executed / 3).quantize(Decimal("1e-10"))
        trades = tuple(self._trade(price, amount, number) for number, amount in enumerate((first, executed - first)))
        for trade in trades if executed else ():
            sign = 1 if order.side == "buy" else -1
            self.base += sign * trade.amount
            self.quote -= sign * trade.price * trade.amount + trade.fee
        report = OrderReport(
            order_id=str(73_700_000_000_000_000 + len(self.orders)),
            client_order_id=order.client_order_id,
            symbol=order.symbol,
            side=order.side,
            order_type=ORDER_TYPE,
            options=(IMMEDIATE_OR_CANCEL,),
            price=order.price,
            amount=order.amount,
            executed=executed,
            average_price=price,
            live=False,
            cancelled=executed < order.amount,
            trades=trades if executed else (),
        )
        self.orders.append(report)
        return report

    def _trade(self, price: Decimal, amount: Decimal, number: int) -> TradeReport:
        trade_id = f"{len(self.orders)}-{number}"
        return TradeReport(trade_id, price, amount, fee_of(price, amount, FEE_BPS), "USD", self.clock.wall_ms())

    def _answers(self) -> None:
        if self.away:
            raise TryLater("the exchange does not answer")
