"""What came of an order: read off the exchange's answer, or looked up by the client order id. Never sends anything.

A pause between two questions is `wait(seconds)`, real time; it returns true when the bot is asked to stop.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from bot.errors import Disputed, Refused, TryLater, Unclear, Unsettled
from bot.exchange import Exchange, Order, OrderReport
from market.journal import OrderStatus

Wait = Callable[[float], bool]

# An order unknown at each of these looks was not placed: any request of ours has run into its time-out by then.
LOOK_UP_AFTER = (0.0, 1.0, 2.0, 4.0)
# Trades may become visible after the order itself.
TRADES_AFTER = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class Outcome:
    """How an order ended. `report` is there, with its trades, when the exchange took it."""

    status: OrderStatus
    report: OrderReport | None = None
    reason: str | None = None


def outcome_of_answer(exchange: Exchange, order: Order, report: OrderReport, wait: Wait) -> Outcome:
    """The outcome of an order that the exchange answered. Raises `Unsettled` and `Disputed`."""
    if not report.is_the_same_as(order):
        raise Disputed(f"the answer to order {order.client_order_id} is about another order: {report.order_id}")
    return _with_trades(exchange, order, report, wait)


def outcome_by_look_up(exchange: Exchange, order: Order, wait: Wait) -> Outcome:
    """The outcome of an order nobody heard of again. Raises `Unsettled` and `Disputed`."""
    for pause in LOOK_UP_AFTER:
        _pause(pause, wait, order)
        report = _found(exchange, order)
        if report is not None:
            return _with_trades(exchange, order, report, wait)
    return Outcome("not_placed", reason="the exchange does not know the order")


def _found(exchange: Exchange, order: Order) -> OrderReport | None:
    try:
        reports = exchange.find(order.client_order_id)
    except (TryLater, Unclear, Refused) as error:
        raise Unsettled(f"order {order.client_order_id} could not be looked up: {error}") from error
    same = [report for report in reports if report.is_the_same_as(order)]
    if len(same) > 1:
        raise Disputed(f"the exchange has {len(same)} orders like {order.client_order_id}")
    if reports and not same:
        raise Disputed(f"the exchange has another order under the id {order.client_order_id}")
    return same[0] if same else None


def _with_trades(exchange: Exchange, order: Order, report: OrderReport, wait: Wait) -> Outcome:
    """Fees come only with the trades, so the order is not settled before they add up to what was executed."""
    seen = report
    for pause in TRADES_AFTER:
        if _is_settled(seen):
            return _ended(seen)
        _pause(pause, wait, order)
        if seen.live:
            _cancel(exchange, order, seen)
        seen = _found(exchange, order) or seen
    if _is_settled(seen):
        return _ended(seen)
    raise Unsettled(
        f"order {order.client_order_id}: {seen.executed:f} of {seen.amount:f} executed, live {seen.live}, "
        f"cancelled {seen.cancelled}, and trades of {_traded(seen):f}"
    )


def _is_settled(report: OrderReport) -> bool:
    ended = not report.live and (report.cancelled or report.executed >= report.amount)
    return ended and _traded(report) == report.executed


def _traded(report: OrderReport) -> Decimal:
    return sum((trade.amount for trade in report.trades or ()), Decimal(0))


def _ended(report: OrderReport) -> Outcome:
    status: OrderStatus = "unfilled"
    if report.executed:
        status = "filled" if report.executed >= report.amount else "partly_filled"
    return Outcome(status, report, report.reason)


def _cancel(exchange: Exchange, order: Order, report: OrderReport) -> None:
    try:
        exchange.cancel(report.order_id)
    except (TryLater, Unclear, Refused) as error:
        raise Unsettled(f"order {order.client_order_id} lives on and could not be cancelled: {error}") from error


def _pause(seconds: float, wait: Wait, order: Order) -> None:
    if seconds and wait(seconds):
        raise Unsettled(f"asked to stop while order {order.client_order_id} was being settled")
