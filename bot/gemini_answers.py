"""What Gemini's answers mean: errors in their four shapes, and orders, balances and prices. Pure.

Numbers are read as Decimal, and ids as text: an order's id is larger than what a float holds exactly.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from bot.errors import BotError, Refused, TryLater, Unclear, WrongKeys
from bot.exchange import Holding, OrderReport, TradeReport
from market.symbols import SymbolSteps

ORDER_NOT_FOUND = "OrderNotFound"
TRADABLE = ("open", "limit_only")
# Reasons that lie in the keys, their rights or the address, whatever the status says.
KEY_REASONS = frozenset(
    {
        "InvalidSignature", "InvalidApiKey", "InvalidAPIKey", "MissingApikeyHeader", "MissingSignatureHeader",
        "MissingPayloadHeader", "MissingRole", "RemoteAddressForbidden", "ApiKeyIpFilteringFailure", "MissingAccounts",
        "MissingAccountName", "AccountsOnGroupOnlyApi", "AccountClosed", "NoSSL", "EndpointMismatch",
        "EndpointNotFound", "HasNotAgreedToCustodyTerms",
    }
)  # fmt: skip
_SHOWN = 200


class Malformed(ValueError):
    """An answer is not what the documentation says."""


@dataclass(frozen=True)
class Answer:
    """Status and text of an answer; `retry_after` in seconds where the exchange asks for a pause."""

    status: int
    body: str
    retry_after: float | None = None


def error_of(answer: Answer, *, may_have_acted: bool) -> BotError | WrongKeys:
    """The error that an answer other than 200 stands for.

    `may_have_acted`: the request was an order, so an answer that is no clear refusal leaves open whether it exists.
    """
    status, retry_after = answer.status, answer.retry_after
    reason, message = _reason(answer.body)
    said = f"HTTP {status} {reason or 'without a reason'}{': ' + message if message else ''}"
    if 300 <= status < 400:
        return WrongKeys(f"the exchange's address is wrong: {said}")
    if status < 400 or status == 429 or status >= 500 or reason is None:
        # 4xx without a reason is not the order engine speaking, but something on the way to it.
        return Unclear(said) if may_have_acted else TryLater(said, retry_after)
    if reason in KEY_REASONS or status in (401, 403):
        return WrongKeys(f"the exchange does not accept the keys here: {said}")
    if reason == "InvalidNonce" and not may_have_acted:
        return TryLater(f"{said} (is our clock right, and the key a time-based one?)")
    return Refused(reason, message)


def is_not_found(answer: Answer) -> bool:
    """Whether the exchange says that it knows no such order; some of these answers have no body at all."""
    return answer.status == 404 and (not answer.body.strip() or _reason(answer.body)[0] == ORDER_NOT_FOUND)


def parsed(body: str) -> object:
    """The JSON of an answer, numbers as Decimal. Raises `Malformed`."""
    try:
        return json.loads(body, parse_float=Decimal)
    except ValueError:
        raise Malformed(f"no JSON: {_shown(body)}") from None


def order_report(answer: object) -> OrderReport:
    """One order. `executed_amount` decides, whatever the flags and the remaining amount say. Raises `Malformed`."""
    order = _object(answer)
    trades = order.get("trades")
    average = _decimal(order, "avg_execution_price") if order.get("avg_execution_price") not in (None, "") else None
    client_order_id, reason = order.get("client_order_id"), order.get("reason")
    return OrderReport(
        order_id=_text(order, "order_id"),
        client_order_id=None if client_order_id is None else str(client_order_id),
        symbol=_text(order, "symbol").upper(),
        side=_text(order, "side").lower(),
        order_type=_text(order, "type"),
        options=tuple(str(option) for option in _list(order.get("options") or [])),
        price=_decimal(order, "price"),
        amount=_decimal(order, "original_amount"),
        executed=_decimal(order, "executed_amount"),
        average_price=average,
        live=_flag(order, "is_live"),
        cancelled=_flag(order, "is_cancelled"),
        reason=None if reason is None else str(reason),
        trades=None if trades is None else tuple(trade_report(trade) for trade in _list(trades)),
    )


def order_reports(answer: object) -> tuple[OrderReport, ...]:
    """One order or several: asked by client id, Gemini answers with an array. Raises `Malformed`."""
    return tuple(order_report(order) for order in (answer if isinstance(answer, list) else [answer]))


def trade_report(answer: object) -> TradeReport:
    """One trade of an order. Raises `Malformed`."""
    trade = _object(answer)
    return TradeReport(
        trade_id=_text(trade, "tid"),
        price=_decimal(trade, "price"),
        amount=_decimal(trade, "amount"),
        fee=_decimal(trade, "fee_amount"),
        fee_currency=_text(trade, "fee_currency").upper(),
        time_ms=int(_decimal(trade, "timestampms")),
    )


def holdings_of(answer: object) -> dict[str, Holding]:
    """The balances by currency. Odd currencies and negative dust come along and harm nobody. Raises `Malformed`."""
    rows = [_object(row) for row in _list(answer)]
    return {
        _text(row, "currency").upper(): Holding(_decimal(row, "amount"), _decimal(row, "available")) for row in rows
    }


def best_of(book: object) -> tuple[Decimal | None, Decimal | None]:
    """Best bid and ask of `/v1/book`; None for an empty side. Raises `Malformed`."""
    sides = _object(book)
    best = [_list(sides.get(name)) for name in ("bids", "asks")]
    bid, ask = (_decimal(_object(levels[0]), "price") if levels else None for levels in best)
    return bid, ask


def ticker_of(answer: object) -> tuple[Decimal, Decimal, Decimal | None]:
    """Bid, ask and last of `/v1/pubticker`. Raises `Malformed`."""
    ticker = _object(answer)
    last = _decimal(ticker, "last") if ticker.get("last") is not None else None
    return _decimal(ticker, "bid"), _decimal(ticker, "ask"), last


def steps_of_details(answer: object) -> SymbolSteps:
    """A symbol's steps: Gemini's `tick_size` is that of the amount, `quote_increment` that of the price.

    Raises `Malformed`, and `Refused` when the symbol is not open for trading.
    """
    details = _object(answer)
    symbol, status = _text(details, "symbol").upper(), _text(details, "status").lower()
    if status not in TRADABLE or details.get("product_type", "spot") != "spot":
        raise Refused("NotTradable", f"{symbol} is {status} ({details.get('product_type', 'spot')})")
    return SymbolSteps(
        symbol=symbol,
        base=_text(details, "base_currency").upper(),
        quote=_text(details, "quote_currency").upper(),
        tick_size=_decimal(details, "quote_increment"),
        quantity_step=_decimal(details, "tick_size"),
        minimum=_decimal(details, "min_order_size"),
    )


def is_trader(answer: object) -> bool:
    """Whether `/v1/roles` lets the key trade."""
    return isinstance(answer, dict) and answer.get("isTrader") is True


def _reason(body: str) -> tuple[str | None, str]:
    try:
        answer = json.loads(body)
    except ValueError:
        return None, _shown(body)
    if not isinstance(answer, dict):
        return None, _shown(body)
    reason = answer.get("reason") or answer.get("error")
    return (str(reason)[:_SHOWN] if reason else None), str(answer.get("message") or "")[:_SHOWN]


def _object(answer: object) -> Mapping[str, object]:
    if not isinstance(answer, dict):
        raise Malformed(f"expected an object, it is {_shown(answer)}")
    return answer


def _list(answer: object) -> list[object]:
    if not isinstance(answer, list):
        raise Malformed(f"expected an array, it is {_shown(answer)}")
    return answer


def _text(answer: Mapping[str, object], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise Malformed(f"{name} is {_shown(value)}, expected a text")
    return str(value)


def _decimal(answer: Mapping[str, object], name: str) -> Decimal:
    value = answer.get(name)
    if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        try:
            number = Decimal(value)
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite():
            return number
    raise Malformed(f"{name} is {_shown(value)}, expected a number")


def _flag(answer: Mapping[str, object], name: str) -> bool:
    value = answer.get(name)
    if not isinstance(value, bool):
        raise Malformed(f"{name} is {_shown(value)}, expected true or false")
    return value


def _shown(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
