"""What the exchange answers over REST: orders, trades, balances and books in Gemini's JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any

from market.decimals import EXACT, PLACES_8, plain, rounded
from market.symbols import SymbolSteps
from simulator.account import CompletedOrder, Fill
from simulator.ladder import Ladder
from simulator.market_model import Market
from simulator.trading import IMMEDIATE_OR_CANCEL, ORDER_TYPE

Json = dict[str, Any]


def order_answer(order: CompletedOrder, *, with_trades: bool = False) -> Json:
    """An order. That it is cancelled says only that something of it was left."""
    executed, remaining = order.executed, order.remaining
    average = rounded(EXACT.divide(order.value, executed), PLACES_8) if executed else Decimal(0)
    answer: Json = {
        "order_id": str(order.order_id),
        "id": str(order.order_id),
        "symbol": order.symbol.lower(),
        "exchange": "gemini",
        "avg_execution_price": money(average),
        "side": order.side,
        "type": ORDER_TYPE,
        "timestamp": str(order.time_ms // 1000),
        "timestampms": order.time_ms,
        "is_live": False,
        "is_cancelled": bool(remaining),
        "is_hidden": False,
        "was_forced": False,
        "executed_amount": digits(executed),
        "options": [IMMEDIATE_OR_CANCEL],
        "price": plain(order.price),
        "original_amount": digits(order.amount),
        "remaining_amount": digits(remaining),
    }
    if order.client_order_id is not None:
        answer["client_order_id"] = order.client_order_id
    if remaining:
        answer["reason"] = "ImmediateOrCancelWouldPost"
    if with_trades:
        answer["trades"] = [_trade(order, fill) for fill in order.fills]
    return answer


def trade_answers(orders: Iterable[CompletedOrder]) -> Iterable[Json]:
    """The trades of these orders, newest first if the orders are."""
    for order in orders:
        for fill in reversed(order.fills):
            answer = _trade(order, fill) | {"symbol": order.symbol}
            if order.client_order_id is not None:
                answer["client_order_id"] = order.client_order_id
            yield answer


def _trade(order: CompletedOrder, fill: Fill) -> Json:
    return {
        "price": plain(fill.price),
        "amount": digits(fill.amount),
        "timestamp": fill.time_ms // 1000,
        "timestampms": fill.time_ms,
        "type": order.side.capitalize(),
        "aggressor": True,
        "fee_currency": order.quote,
        "fee_amount": digits(fill.fee),
        "tid": fill.trade_id,
        "order_id": str(order.order_id),
        "exchange": "gemini",
        "is_clearing_fill": False,
    }


def balance_answers(balances: Mapping[str, Decimal]) -> list[Json]:
    """All balances that are not 0; no order rests, so all of each is available."""
    return [
        {
            "type": "exchange",
            "currency": currency,
            "amount": digits(amount),
            "available": digits(amount),
            "availableForWithdrawal": digits(amount),
        }
        for currency, amount in balances.items()
        if amount
    ]


def details_answer(steps: SymbolSteps) -> Json:
    """A symbol: `tick_size` is the step of the amount, `quote_increment` that of the price."""
    return {
        "symbol": steps.symbol,
        "base_currency": steps.base,
        "quote_currency": steps.quote,
        "tick_size": float(steps.quantity_step),
        "quote_increment": float(steps.tick_size),
        "min_order_size": plain(steps.minimum),
        "status": "open",
        "wrap_enabled": False,
        "product_type": "spot",
        "contract_type": "vanilla",
        "contract_price_currency": steps.quote,
    }


def book_answer(market: Market, most_bids: int, most_asks: int) -> Json:
    """The book, best levels first; 0 levels mean all."""
    return {"bids": _levels(market, market.bids, most_bids), "asks": _levels(market, market.asks, most_asks)}


def _levels(market: Market, ladder: Ladder, most: int) -> list[Json]:
    timestamp = str(market.time_ms // 1000)
    return [
        {"price": market.units.price_text(price), "amount": market.units.size_text(size), "timestamp": timestamp}
        for price, size in islice(ladder.levels(), most or None)
    ]


def ticker_answer(market: Market, steps: SymbolSteps) -> Json:
    """The touch and the last price: the best bid before there was a trade. Volumes are not kept."""
    last = market.last_trade.price if market.last_trade is not None else market.bids.best
    return {
        "bid": market.units.price_text(market.bids.best),
        "ask": market.units.price_text(market.asks.best),
        "last": market.units.price_text(last),
        "volume": {steps.base: "0", steps.quote: "0", "timestamp": market.time_ms // 60_000 * 60_000},
    }


def error_answer(reason: str, message: str) -> Json:
    """A refusal."""
    return {"result": "error", "reason": reason, "message": message}


def digits(number: Decimal) -> str:
    """All digits, without zeros at the end."""
    text = plain(number)
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def money(number: Decimal) -> str:
    """As `digits`, but with at least two places."""
    text = digits(number)
    _, _, places = text.partition(".")
    return text if len(places) >= 2 else plain(number.quantize(Decimal("0.01"), context=EXACT))
