"""The paper exchange: orders trade against the newest book of the feed, on an account kept in a file.

What lies beyond the book's levels, or beyond the limit price, stays unfilled. Nothing that we do moves the book.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import reduce
from pathlib import Path

import msgspec

from bot.errors import Refused, TryLater
from bot.exchange import IMMEDIATE_OR_CANCEL, ORDER_TYPE, Holding, Order, OrderReport, Touch, TradeReport
from market.decimals import EXACT, PLACES_12, rounded
from market.fees import fee_of
from market.records import Book
from market.symbols import SymbolSteps
from pipeline.clock import Clock
from pipeline.errors import WrongSettings

# So many orders are kept for look-ups; only an order that was just sent is ever looked up.
KEPT_ORDERS = 1000
ZERO = Decimal(0)


class PaperAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What the file holds."""

    base: Decimal
    quote: Decimal
    orders_made: int = 0
    orders: tuple[OrderReport, ...] = ()


class PaperExchange:
    """An account on paper. Every order is in the file before it is answered."""

    def __init__(
        self,
        path: Path,
        steps: SymbolSteps,
        opening: PaperAccount,
        fee_bps: Decimal,
        newest_book: Callable[[], Book | None],
        book_age_ms: int,
        clock: Clock,
    ) -> None:
        """Goes on with the account in the file; `opening` is it where there is none. Raises `WrongSettings`."""
        self._path = path
        self._steps = steps
        self._fee_bps = fee_bps
        self._newest_book = newest_book
        self._book_age_ms = book_age_ms
        self._clock = clock
        self._account = _kept(path) or opening

    def steps(self) -> SymbolSteps:
        """The steps that were given."""
        return self._steps

    def touch(self) -> Touch:
        """The top of the newest book, as of its event time."""
        book = self._book()
        if not book.bids or not book.asks:
            raise TryLater("a side of the feed's book is empty")
        return Touch(Decimal(book.bids[0][0]), Decimal(book.asks[0][0]), book.event_time)

    def ticker(self) -> Touch:
        """As `touch`."""
        return self.touch()

    def holdings(self) -> Mapping[str, Holding]:
        """All of it is available: no order outlives its answer."""
        base, quote = self._account.base, self._account.quote
        return {self._steps.base: Holding(base, base), self._steps.quote: Holding(quote, quote)}

    def send(self, order: Order) -> OrderReport:
        """Trades against the newest book. Raises `Refused` when the funds do not suffice or the book is too old."""
        self._check_funds(order)
        book = self._fresh_book()
        before = self._account
        trades = self._trades(order, book.asks if order.side == "buy" else book.bids)
        executed = _total(trade.amount for trade in trades)
        value = _total(EXACT.multiply(trade.price, trade.amount) for trade in trades)
        fees = _total(trade.fee for trade in trades)
        report = OrderReport(
            order_id=f"paper-{before.orders_made + 1}",
            client_order_id=order.client_order_id,
            symbol=order.symbol,
            side=order.side,
            order_type=ORDER_TYPE,
            options=(IMMEDIATE_OR_CANCEL,),
            price=order.price,
            amount=order.amount,
            executed=executed,
            average_price=rounded(EXACT.divide(value, executed), PLACES_12) if executed else None,
            live=False,
            cancelled=executed < order.amount,
            reason="ImmediateOrCancelWouldPost" if executed < order.amount else None,
            trades=trades,
        )
        base_moves, quote_moves = (EXACT.add, EXACT.subtract) if order.side == "buy" else (EXACT.subtract, EXACT.add)
        self._keep(
            PaperAccount(
                base=base_moves(before.base, executed),
                quote=EXACT.subtract(quote_moves(before.quote, value), fees),
                orders_made=before.orders_made + 1,
                orders=(*before.orders, report)[-KEPT_ORDERS:],
            )
        )
        return report

    def find(self, client_order_id: str) -> tuple[OrderReport, ...]:
        """The orders with this id."""
        return tuple(report for report in self._account.orders if report.client_order_id == client_order_id)

    def cancel(self, order_id: str) -> None:
        """No order outlives its answer."""

    def keep_up(self) -> None:
        """Takes in what the feed has brought; to be called now and then between orders."""
        self._newest_book()

    def skew_ms(self) -> int | None:
        """What the newest book's event time is ahead of its receipt by our clock."""
        book = self._newest_book()
        return None if book is None else book.event_time - book.received_time

    def _check_funds(self, order: Order) -> None:
        wanted, there = order.amount, self._account.base
        if order.side == "buy":
            wanted = EXACT.multiply(order.price, order.amount)
            wanted = EXACT.add(wanted, fee_of(order.price, order.amount, self._fee_bps))
            there = self._account.quote
        if wanted > there:
            raise Refused("InsufficientFunds", f"{wanted:f} wanted, {there:f} there")

    def _trades(self, order: Order, levels: tuple[tuple[str, str], ...]) -> tuple[TradeReport, ...]:
        left, trades = order.amount, list[TradeReport]()
        for price, size in ((Decimal(price), Decimal(size)) for price, size in levels):
            reaches = price <= order.price if order.side == "buy" else price >= order.price
            amount = min(left, size)
            if not reaches or not left:
                break
            left = EXACT.subtract(left, amount)
            trades.append(
                TradeReport(
                    # Never one that an account before this one has given: the journal outlives the account's file.
                    trade_id=f"{order.client_order_id}-{len(trades) + 1}",
                    price=price,
                    amount=amount,
                    fee=fee_of(price, amount, self._fee_bps),
                    fee_currency=self._steps.quote,
                    time_ms=self._clock.wall_ms(),
                )
            )
        return tuple(trades)

    def _book(self) -> Book:
        book = self._newest_book()
        if book is None:
            raise TryLater("the feed has shown no book yet")
        return book

    def _fresh_book(self) -> Book:
        book = self._newest_book()
        age = None if book is None else self._clock.wall_ms() - book.event_time
        if book is None or age is None or abs(age) > self._book_age_ms:
            raise Refused("StaleBook", "there is no book" if age is None else f"the newest book is {age} ms old")
        return book

    def _keep(self, account: PaperAccount) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(".new")
        with beside.open("wb") as file:
            file.write(msgspec.json.encode(account))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
        self._account = account


def _total(numbers: Iterable[Decimal]) -> Decimal:
    return reduce(EXACT.add, numbers, ZERO)


def _kept(path: Path) -> PaperAccount | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=PaperAccount)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise WrongSettings(f"the paper account {path} cannot be read: {error}") from error
