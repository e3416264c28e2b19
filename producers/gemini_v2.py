"""Gemini's market data v2: the `l2` channel of `wss://api.gemini.com/v2/marketdata`. Pure.

    {"type":"subscribe","subscriptions":[{"name":"l2","symbols":["BTCUSD","ETHUSD"]}]}
    {"type":"l2_updates","symbol":"BTCUSD","changes":[["buy","90999.1","0.5"],["sell","91000.25","0.3"]],
        "trades":[{"type":"trade","symbol":"BTCUSD","event_id":6,"timestamp":1767225600070,"price":"90999.5",
        "quantity":"0.014","side":"sell"}],"auction_events":[]}
    {"type":"l2_updates","symbol":"BTCUSD","changes":[["sell","91000.25","0.0"]]}
    {"type":"trade","symbol":"BTCUSD","event_id":7,"tid":7,"timestamp":1767225601672,"price":"91000.25",
        "quantity":"0.0001","side":"buy"}
    {"type":"heartbeat","timestamp":1767225605331}

The first `l2_updates` of a symbol holds its whole book, and the trades before it. A size of zero removes a level, also
one that nobody knows of. `side` of a trade is the taker's, or a word such as `block`.

There is no sequence: **a frame that is lost cannot be noticed**, and the book stays wrong until the next connection.
Changes have no time: they happen by the clock that trades and heartbeats (each 5 s) set.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from market.decimals import PRICE_TICKS, SIZE_TICKS, OutOfRange
from market.levels import FrameLayout
from market.records import Change, Side
from producers.errors import MalformedFrame
from producers.protocol import Frame, News, ParsedTrade, Protocol, Refusal, Subscription

# A change's side is the book's; a trade's is the taker's.
SIDES: dict[str, Side] = {"buy": "bid", "sell": "ask"}
MAKER_SIDES: dict[str, Side] = {"buy": "ask", "sell": "bid"}
# Reasons of an error that will pass; those of an answer that will stay the same are many.
PASSING = ("RateLimit", "RateLimited", "System", "Maintenance")
SHOWN = 200  # characters of a wrong value that a reason repeats
# Nearly all frames, to the letter.
_UPDATES = FrameLayout(
    '{"type":"l2_updates","symbol":"<text>","changes":[<changes>]}', '["<side>","<price>","<remaining>"]', SIDES
)

Whole = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
TradeId = Whole | Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
BookSide = Literal["buy", "sell"]


class _PastTrade(msgspec.Struct, gc=False):
    """One of the trades before the subscription."""

    price: str
    quantity: str
    side: str = ""
    event_id: TradeId | None = None
    tid: TradeId | None = None


class _V2Frame(msgspec.Struct, gc=False):
    """Fields of all kinds of frames; what is needed is checked by kind."""

    type: str = ""
    symbol: str = ""
    changes: list[tuple[BookSide, str, str]] | None = None
    # Only a first book has these, be they empty.
    trades: list[_PastTrade] | None = None
    auction_events: list[Any] | None = None
    timestamp: Whole | None = None
    price: str | None = None
    quantity: str | None = None
    side: str = ""
    event_id: TradeId | None = None
    tid: TradeId | None = None
    result: str = ""
    reason: str = ""
    message: str = ""


class _Head(msgspec.Struct):
    """What can still be known of a frame that does not fit."""

    type: Any = None
    symbol: str = ""


_decode = msgspec.json.Decoder(_V2Frame).decode
_decode_head = msgspec.json.Decoder(_Head).decode


def address(base: str, subscription: Subscription) -> str:  # noqa: ARG001 - what is wanted is said by the greeting
    """Where a connection goes; `base` is such as `wss://api.gemini.com`, `ws://` too."""
    return f"{base.rstrip('/')}/v2/marketdata"


def greeting(subscription: Subscription) -> tuple[str, ...]:
    """One subscription for all symbols. Trades come with the books, wanted or not."""
    wanted = {"type": "subscribe", "subscriptions": [{"name": "l2", "symbols": list(subscription.symbols)}]}
    return (msgspec.json.encode(wanted).decode(),)


def parse(payload: bytes) -> Frame:
    """Read one frame. Raises MalformedFrame, whatever the bytes are, and nothing else."""
    usual = _UPDATES.match(payload)
    if usual is not None:
        symbol, changes = usual
        return Frame(news=(News(symbol=symbol, book="changes", changes=changes),))
    return parse_any(payload)


def parse_any(payload: bytes) -> Frame:
    """`parse` for whatever the frame's layout is."""
    try:
        frame = _decode(payload)
        kind = frame.type
        if kind == "l2_updates":
            return _l2_updates(frame)
        if kind == "trade":
            return _trade(frame)
        if kind == "heartbeat":
            return Frame(exchange_time=frame.timestamp)
    except (ValueError, RecursionError, OutOfRange, _Wrong) as error:
        raise _malformed(payload, str(error)) from None
    if frame.result == "error" or kind == "error":
        text = f"{frame.reason or kind}: {frame.message}"[:SHOWN]
        return Frame(refusal=Refusal(text, for_good=frame.reason not in PASSING))
    raise _unknown(kind, frame.symbol)


class _Wrong(Exception):
    """A field is missing or of the wrong kind."""


def _l2_updates(frame: _V2Frame) -> Frame:
    if frame.changes is None or not frame.symbol:
        raise _Wrong("l2_updates: expected a symbol and its changes")
    changes: list[Change] = []
    # Looking up the ticks raises what does not fit.
    for side, price, size in frame.changes:
        PRICE_TICKS[price]
        SIZE_TICKS[size]
        changes.append(Change(side=SIDES[side], price=price, remaining=size))
    if frame.trades is None and frame.auction_events is None:
        return Frame(news=(News(symbol=frame.symbol, book="changes", changes=changes),))
    news = News(
        symbol=frame.symbol,
        book="snapshot",
        changes=changes,
        trades=tuple([_parsed(trade, trade.price, trade.quantity) for trade in frame.trades or ()]),
        is_history=True,
        ignored=len(frame.auction_events or ()),
    )
    return Frame(news=(news,))


def _trade(frame: _V2Frame) -> Frame:
    if frame.price is None or frame.quantity is None or not frame.symbol:
        raise _Wrong("trade: expected a symbol, a price and a quantity")
    trade = _parsed(frame, frame.price, frame.quantity)
    return Frame(news=(News(symbol=frame.symbol, exchange_time=frame.timestamp, trades=(trade,)),))


def _parsed(trade: _PastTrade | _V2Frame, price: str, size: str) -> ParsedTrade:
    PRICE_TICKS[price]
    SIZE_TICKS[size]
    # Older recordings have only the event's id.
    trade_id = trade.event_id if trade.tid is None else trade.tid
    if trade_id is None:
        raise _Wrong("trade: expected its tid or event_id")
    return ParsedTrade(trade_id=str(trade_id), price=price, size=size, maker_side=MAKER_SIDES.get(trade.side))


def _malformed(payload: bytes, reason: str) -> MalformedFrame:
    try:
        head = _decode_head(payload)
    except (ValueError, RecursionError):
        return MalformedFrame(reason)
    if isinstance(head.type, str) and head.type not in ("l2_updates", "trade", "heartbeat", ""):
        return _unknown(head.type, head.symbol)
    return MalformedFrame(reason, symbol=head.symbol, hides_changes=head.type != "heartbeat")


def _unknown(kind: str, symbol: str) -> MalformedFrame:
    return MalformedFrame(f"unknown type {kind[:SHOWN]!r}", symbol=symbol, hides_changes=kind == "")


GEMINI_V2 = Protocol(
    exchange="gemini",
    name="v2",
    base_url="wss://api.gemini.com",
    address=address,
    greeting=greeting,
    parse=parse,
    symbol_example="BTCUSD",
    first_changes_are_snapshot=True,
)
