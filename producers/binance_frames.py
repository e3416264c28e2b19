"""What all of Binance's spot streams have in common: the envelope, trades, answers, errors, farewells. Pure.

A frame of a combined stream names its stream; one of a single stream (`/ws/btcusdt@depth`) is the bare event.

    {"stream":"btcusdt@trade","data":{"e":"trade","E":1767225600343,"s":"BTCUSDT","t":3700000001,
        "p":"91000.25000000","q":"0.02000000","T":1767225600342,"m":true,"M":true}}
    {"result":["btcusdt@depth@100ms","btcusdt@trade"],"id":3}
    {"error":{"code":2,"msg":"Invalid request: unknown variant"},"id":3}
    {"code":-1121,"msg":"Invalid symbol."}
    {"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1767225660789}}
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from market.decimals import PRICE_TICKS, OutOfRange, check_sizes
from market.records import Change, Level
from producers.errors import MalformedFrame
from producers.level_pairs import changes_of
from producers.protocol import QUIET, Frame, Keepalive, News, ParsedTrade, Refusal, Subscription

BASE_URL = "wss://stream.binance.com:9443"
SHOWN = 60  # characters of a wrong value that a reason repeats
IGNORED = Frame(ignored=1)

# Errors that the same request will meet again: a request that is not understood, a symbol that is not there.
_FOR_GOOD = (0, 1, 2, 3, -1100, -1121)

Whole = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Levels = list[tuple[str, str]]


class _Error(msgspec.Struct):
    code: int
    msg: str = ""


class Event(msgspec.Struct):
    """Fields of all events that are used; other events have some of these names too, with other types."""

    e: str = ""
    E: Whole | None = None
    s: str = ""
    U: Whole | None = None
    u: Whole | None = None
    b: _Levels | str | int | None = None
    a: _Levels | str | int | None = None
    t: Whole | None = None
    p: str | None = None
    q: str | None = None
    m: bool | None = None
    lastUpdateId: Whole | None = None
    bids: _Levels | None = None
    asks: _Levels | None = None


class _Message(Event):
    """An envelope, or an event without one."""

    stream: str = ""
    data: Event | None = None
    result: Any = msgspec.UNSET
    error: _Error | None = None
    code: int | None = None
    msg: str = ""
    B: Any = None


class _EventHead(msgspec.Struct):
    e: Any = None
    s: Any = None
    lastUpdateId: Any = None


class _Head(_EventHead):
    """What can still be known of a frame that does not fit."""

    stream: Any = None
    data: Any = None


_messages = msgspec.json.Decoder(_Message)
_heads = msgspec.json.Decoder(_Head)

# Kinds of streams that tell of the book or of trades.
_USED = ("depth", "trade")


def stream_name(symbol: str, kind: str) -> str:
    """Such as `btcusdt@depth@100ms`."""
    return f"{symbol.lower()}@{kind}"


def combined_address(base: str, subscription: Subscription, kind: str) -> str:
    """The address of a connection with this stream of each symbol, and with its trades where they are wanted."""
    streams = [stream_name(symbol, kind) for symbol in subscription.symbols]
    if subscription.trades:
        streams += [stream_name(symbol, "trade") for symbol in subscription.symbols]
    return f"{base.rstrip('/')}/stream?streams={'/'.join(streams)}"


def greeting(subscription: Subscription) -> tuple[str, ...]:  # noqa: ARG001 - the address says it all
    """Nothing needs to be sent after connecting."""
    return ()


def _still_there(number: int) -> str:
    return f'{{"method":"LIST_SUBSCRIPTIONS","id":{number}}}'


# A symbol without a change sends nothing for minutes; the answer to this shows that the connection lives.
KEEPALIVE = Keepalive(seconds=5.0, message=_still_there)


def read(payload: bytes) -> tuple[Event, str, str] | Frame:
    """The event of a frame, its symbol (empty: not told) and its stream's kind (`depth@100ms`; empty: not told).

    A frame without an event that tells of a book or of trades is handed back read. Raises MalformedFrame.
    """
    try:
        message = _messages.decode(payload)
    except (ValueError, RecursionError) as error:
        return _unread(payload, str(error))
    if message.data is not None:
        symbol, _, kind = message.stream.partition("@")
        return message.data, message.data.s or symbol.upper(), kind
    if message.e or message.lastUpdateId is not None:
        return message, message.s, ""
    return _without_event(message)


def other(event: Event) -> Frame:
    """What an event means that tells neither of the book nor of a trade."""
    if event.e == "serverShutdown":
        return Frame(farewell="the server shuts down")
    return IGNORED


def trade(event: Event, symbol: str) -> Frame:
    """A trade. `m`: the buyer was the maker."""
    price, size = event.p, event.q
    if event.t is None or price is None or size is None or event.m is None:
        raise MalformedFrame("trade without t, p, q or m", symbol=symbol, hides_changes=False)
    try:
        check_sizes((size,))
        if PRICE_TICKS[price]:  # raises where it does not fit
            told = ParsedTrade(str(event.t), price, size, "bid" if event.m else "ask")
    except OutOfRange as error:
        raise MalformedFrame(f"trade: {error}", symbol=symbol, hides_changes=False) from None
    return Frame(news=(News(symbol=symbol, exchange_time=event.E, trades=(told,)),))


def levels_changed(bids: list[Level], asks: list[Level], symbol: str) -> list[Change]:
    """New totals of these levels, as changes. Raises MalformedFrame."""
    try:
        return changes_of(bids, asks)
    except OutOfRange as error:
        raise MalformedFrame(str(error), symbol=symbol) from None


def checked(levels: list[Level], symbol: str) -> list[Level]:
    """These levels, when each fits. Raises MalformedFrame."""
    try:
        check_sizes([remaining for _, remaining in levels])
        return [level for level in levels if PRICE_TICKS[level[0]]]
    except OutOfRange as error:
        raise MalformedFrame(str(error), symbol=symbol) from None


def _without_event(message: _Message) -> Frame:
    error = message.error
    if error is None and message.code is not None:
        error = _Error(message.code, message.msg)
    if error is not None:
        return Frame(refusal=Refusal(f"{error.msg[:300]} (code {error.code})", error.code in _FOR_GOOD))
    if message.result is not msgspec.UNSET:
        return QUIET
    if message.B is not None:
        return IGNORED  # a bookTicker, the only event without a name
    raise MalformedFrame("neither an event nor an answer", hides_changes=False)


def _unread(payload: bytes, reason: str) -> Frame:
    """A frame that does not fit is no fault where its stream is not used: only names are known of it then."""
    try:
        head = _heads.decode(payload)
    except (ValueError, RecursionError):
        raise MalformedFrame(reason) from None
    event: Any = head.data if isinstance(head.data, dict) else msgspec.structs.asdict(head)
    stream = head.stream if isinstance(head.stream, str) else ""
    name = event.get("e")
    symbol, _, kind = stream.partition("@")
    if isinstance(event.get("s"), str):
        symbol = event["s"]
    is_trade = name == "trade" or kind == "trade"
    is_used = is_trade or name == "depthUpdate" or kind.startswith(_USED) or event.get("lastUpdateId") is not None
    if not is_used and (kind or stream.startswith("!") or isinstance(name, str)):
        return IGNORED
    raise MalformedFrame(reason, symbol=symbol.upper(), hides_changes=not is_trade)
