"""Coinbase Exchange: `wss://ws-feed.exchange.coinbase.com`, channels level2_batch, matches, heartbeat. Pure.

    {"type":"snapshot","product_id":"BTC-USD","asks":[["91000.25","0.3"]],"bids":[["90999.10","0.5"]]}
    {"type":"l2update","product_id":"BTC-USD","changes":[["buy","90999.10","0.58667860"],["sell","91000.25","0"]],
        "time":"2026-01-01T00:00:00.075687Z"}
    {"type":"match","trade_id":280001,"side":"sell","size":"0.01","price":"90999.10","product_id":"BTC-USD",
        "sequence":177000001,"time":"2026-01-01T00:00:00.100000Z"}
    {"type":"last_match", ... as match: the last trade before the subscription}
    {"type":"heartbeat","sequence":177000002,"last_trade_id":280001,"product_id":"BTC-USD","time":"..."}
    {"type":"subscriptions","channels":[{"name":"level2_batch","product_ids":["BTC-USD"]}]}
    {"type":"error","message":"Failed to subscribe","reason":"..."}

Messages of the book have no numbers: one that is lost is not noticed before the book crosses. `level2`, which needs a
key, sends the same frames as `level2_batch`. The side of a match is the maker's.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec

from market.decimals import PRICE_TICKS, OutOfRange, check_sizes
from market.levels import FrameLayout
from market.records import Change, Level, Side
from producers.coinbase_refusals import refusal
from producers.errors import MalformedFrame, WrongTime
from producers.iso_time import EPOCH_MS
from producers.protocol import QUIET, Frame, News, ParsedTrade, Protocol, Subscription

SIDES: dict[str, Side] = {"buy": "bid", "sell": "ask"}
SHOWN = 60  # characters of a wrong value that a reason repeats
# Nearly all frames, to the letter.
_UPDATES = FrameLayout(
    '{"type":"l2update","product_id":"<text>","changes":[<changes>],"time":"<time>"}',
    '["<side>","<price>","<remaining>"]',
    SIDES,
)

Whole = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
TradeId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | Whole
_Side = Literal["buy", "sell"]
# What tells of the book; a frame of any other type cannot hide changes of it.
_BOOK_TYPES = ("snapshot", "l2update")


class _ExchangeFrame(msgspec.Struct):
    """Fields of all kinds of frames."""

    type: str
    product_id: str = ""
    time: str = ""
    changes: list[tuple[_Side, str, str]] | None = None
    bids: list[tuple[str, str]] | None = None
    asks: list[tuple[str, str]] | None = None
    trade_id: TradeId | None = None
    price: str | None = None
    size: str | None = None
    side: str = ""
    sequence: Whole | None = None
    message: str = ""
    reason: str = ""


class _Head(msgspec.Struct):
    """What can still be known of a frame that does not fit."""

    type: Any = None
    product_id: Any = None


_frames = msgspec.json.Decoder(_ExchangeFrame)
_heads = msgspec.json.Decoder(_Head)


def address(base: str, subscription: Subscription) -> str:  # noqa: ARG001 - the greeting says it all
    """The address of a connection; `base` is such as `wss://ws-feed.exchange.coinbase.com`, `ws://` too."""
    return base


def greeting(subscription: Subscription) -> tuple[str, ...]:
    """One message within five seconds."""
    channels = ["level2_batch", "heartbeat", *(["matches"] if subscription.trades else [])]
    return (
        msgspec.json.encode({"type": "subscribe", "product_ids": subscription.symbols, "channels": channels}).decode(),
    )


def parse(payload: bytes) -> Frame:
    """Read one frame. Raises MalformedFrame, whatever the bytes are, and nothing else."""
    usual = _UPDATES.match(payload)
    if usual is not None:
        symbol, time, changes = usual
        return Frame(news=(News(symbol=symbol, exchange_time=time, book="changes", changes=changes),))
    return parse_any(payload)


def parse_any(payload: bytes) -> Frame:
    """`parse` for whatever the frame's layout is."""
    try:
        frame = _frames.decode(payload)
    except (ValueError, RecursionError) as error:
        raise _malformed(payload, str(error)) from None
    kind = frame.type
    if kind == "l2update":
        return _update(frame)
    if kind == "snapshot":
        return _snapshot(frame)
    if kind in ("match", "last_match"):
        return _match(frame)
    if kind in ("heartbeat", "subscriptions"):
        # The time of a heartbeat is ahead of the batch of changes that is under way.
        return QUIET
    if kind == "error":
        return Frame(refusal=refusal(frame.message, frame.reason))
    return Frame(ignored=1)


def _malformed(payload: bytes, reason: str) -> MalformedFrame:
    try:
        head = _heads.decode(payload)
    except (ValueError, RecursionError):
        return MalformedFrame(reason)
    symbol = head.product_id if isinstance(head.product_id, str) else ""
    hides_changes = not isinstance(head.type, str) or head.type in _BOOK_TYPES
    return MalformedFrame(reason, symbol=symbol, hides_changes=hides_changes)


def _time(frame: _ExchangeFrame) -> int | None:
    try:
        return EPOCH_MS[frame.time] if frame.time else None
    except WrongTime as error:
        hides_changes = frame.type in _BOOK_TYPES
        raise MalformedFrame(f"time: {error}", symbol=frame.product_id, hides_changes=hides_changes) from None


def _update(frame: _ExchangeFrame) -> Frame:
    if frame.changes is None:
        raise MalformedFrame("l2update without changes", symbol=frame.product_id)
    try:
        check_sizes([remaining for _, _, remaining in frame.changes])
        changes = [
            Change(side=SIDES[side], price=price, remaining=remaining)
            for side, price, remaining in frame.changes
            if PRICE_TICKS[price]  # raises where it does not fit
        ]
    except OutOfRange as error:
        raise MalformedFrame(str(error), symbol=frame.product_id) from None
    news = News(symbol=frame.product_id, exchange_time=_time(frame), book="changes", changes=changes)
    return Frame(news=(news,))


def _snapshot(frame: _ExchangeFrame) -> Frame:
    if frame.bids is None or frame.asks is None:
        raise MalformedFrame("snapshot without bids and asks", symbol=frame.product_id)
    try:
        changes = _levels("bid", frame.bids) + _levels("ask", frame.asks)
    except OutOfRange as error:
        raise MalformedFrame(str(error), symbol=frame.product_id) from None
    news = News(symbol=frame.product_id, exchange_time=_time(frame), book="snapshot", changes=changes)
    return Frame(news=(news,))


def _levels(side: Side, levels: list[Level]) -> list[Change]:
    check_sizes([remaining for _, remaining in levels])
    return [
        Change(side=side, price=price, remaining=remaining, reason="initial")
        for price, remaining in levels
        if PRICE_TICKS[price]
    ]


def _match(frame: _ExchangeFrame) -> Frame:
    price, size = frame.price, frame.size
    if frame.trade_id is None or price is None or size is None:
        raise MalformedFrame("match without trade_id, price or size", symbol=frame.product_id, hides_changes=False)
    try:
        check_sizes((size,))
        if PRICE_TICKS[price]:
            trade = ParsedTrade(str(frame.trade_id), price, size, SIDES.get(frame.side))
    except OutOfRange as error:
        raise MalformedFrame(f"match: {error}", symbol=frame.product_id, hides_changes=False) from None
    news = News(
        symbol=frame.product_id,
        exchange_time=_time(frame),
        trades=(trade,),
        is_history=frame.type == "last_match",
        sequence=frame.sequence,
    )
    return Frame(news=(news,))


COINBASE_EXCHANGE = Protocol(
    exchange="coinbase",
    name="exchange",
    base_url="wss://ws-feed.exchange.coinbase.com",
    address=address,
    greeting=greeting,
    parse=parse,
    symbol_example="BTC-USD",
    symbol_pattern=re.compile(r"[A-Z0-9]{1,15}-[A-Z0-9]{2,10}"),
    # What one symbol loses, all symbols of its connection lose.
    symbols_each=1,
    apart_seconds=0.5,
    most_frame_bytes=16 * 1024 * 1024,
)
