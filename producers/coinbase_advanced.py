"""Coinbase Advanced Trade: `wss://advanced-trade-ws.coinbase.com`, channels level2, market_trades, heartbeats. Pure.

    {"channel":"l2_data","timestamp":"2026-01-01T00:00:00.483587501Z","sequence_num":3,"events":[{"type":"snapshot",
        "product_id":"BTC-USD","updates":[{"side":"bid","event_time":"2026-01-01T00:00:00.170326Z",
        "price_level":"90999.10","new_quantity":"0.5"}]}]}
    {"channel":"l2_data", ... "events":[{"type":"update","product_id":"BTC-USD","updates":[{"side":"offer", ...
        "price_level":"91000.25","new_quantity":"0"}]}]}
    {"channel":"market_trades","timestamp":"...","sequence_num":5,"events":[{"type":"update","trades":[
        {"product_id":"BTC-USD","trade_id":"1000000001","price":"90999.10","size":"0.01034361",
        "time":"2026-01-01T00:00:00.567634Z","side":"SELL"}]}]}
    {"channel":"heartbeats","timestamp":"...","sequence_num":6,"events":[{"current_time":"...","heartbeat_counter":7}]}
    {"channel":"subscriptions","timestamp":"...","sequence_num":2,"events":[{"subscriptions":{"level2":["BTC-USD"]}}]}
    {"type":"error","message":"..."}

`sequence_num` starts at 0 on each connection and counts the frames of all channels. The side of a trade is the maker's.
The first `market_trades` of a connection is a `snapshot`: the last hundred trades, which are history.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec

from market.decimals import PRICE_TICKS, OutOfRange, check_sizes
from market.levels import FrameLayout
from market.records import Change, Side
from producers.coinbase_refusals import refusal
from producers.errors import MalformedFrame, WrongTime
from producers.iso_time import EPOCH_MS
from producers.protocol import Frame, News, ParsedTrade, Protocol, Subscription

SIDES: dict[str, Side] = {"bid": "bid", "offer": "ask", "ask": "ask"}
MAKERS: dict[str, Side] = {"BUY": "bid", "SELL": "ask"}
BOOK_CHANNELS = ("l2_data", "level2")
SHOWN = 60  # characters of a wrong value that a reason repeats
# Nearly all frames, to the letter.
_UPDATES = FrameLayout(
    '{"channel":"l2_data","timestamp":"<time>","sequence_num":<whole>,"events":[{"type":"update",'
    '"product_id":"<text>","updates":[<changes>]}]}',
    '{"side":"<side>","event_time":"<time>","price_level":"<price>","new_quantity":"<remaining>"}',
    SIDES,
)

Whole = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
TradeId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | Whole


class _Update(msgspec.Struct, gc=False):
    side: Literal["bid", "offer", "ask"]
    price_level: str
    new_quantity: str
    event_time: str = ""


class _Trade(msgspec.Struct, gc=False):
    product_id: str
    trade_id: TradeId
    price: str
    size: str
    side: str = ""


class _Event(msgspec.Struct):
    """Fields of the events of all channels."""

    type: str = ""
    product_id: str = ""
    updates: list[_Update] | None = None
    trades: list[_Trade] | None = None


class _AdvancedFrame(msgspec.Struct):
    channel: str = ""
    sequence_num: Whole | None = None
    timestamp: str = ""
    events: list[_Event] | None = None
    type: str = ""
    message: str = ""
    reason: str = ""


class _Head(msgspec.Struct):
    """What can still be known of a frame that does not fit."""

    sequence_num: Whole
    channel: Any = None


_frames = msgspec.json.Decoder(_AdvancedFrame)
_heads = msgspec.json.Decoder(_Head)


def address(base: str, subscription: Subscription) -> str:  # noqa: ARG001 - the greeting says it all
    """The address of a connection; `base` is such as `wss://advanced-trade-ws.coinbase.com`, `ws://` too."""
    return base


def greeting(subscription: Subscription) -> tuple[str, ...]:
    """One message a channel, within five seconds. Heartbeats keep quiet channels from being closed."""
    channels = ["level2", *(["market_trades"] if subscription.trades else []), "heartbeats"]
    return tuple(
        msgspec.json.encode({"type": "subscribe", "product_ids": subscription.symbols, "channel": channel}).decode()
        for channel in channels
    )


def parse(payload: bytes) -> Frame:
    """Read one frame. Raises MalformedFrame, whatever the bytes are, and nothing else."""
    usual = _UPDATES.match(payload)
    if usual is not None:
        time, sequence, symbol, changes = usual
        news = News(symbol=symbol, exchange_time=time, book="changes", changes=changes, sequence=sequence)
        return Frame(sequence=sequence, news=(news,))
    return parse_any(payload)


def parse_any(payload: bytes) -> Frame:
    """`parse` for whatever the frame's layout is."""
    try:
        frame = _frames.decode(payload)
    except (ValueError, RecursionError) as error:
        raise _malformed(payload, str(error)) from None
    if frame.type == "error":
        return Frame(refusal=refusal(frame.message, frame.reason))
    sequence, channel, events = frame.sequence_num, frame.channel, frame.events
    if sequence is None or not channel:
        raise MalformedFrame("neither a frame with channel and sequence_num nor an error", hides_changes=False)
    if channel in BOOK_CHANNELS:
        if events is None:
            raise MalformedFrame(f"{channel} without events", sequence=sequence)
        time = _frame_time(frame, sequence)
        return Frame(sequence=sequence, news=tuple([_book(event, time, sequence) for event in events]))
    if channel == "market_trades":
        time = _frame_time(frame, sequence)
        return Frame(sequence=sequence, news=_trades(events or [], time, sequence))
    if channel == "heartbeats":
        return Frame(sequence=sequence, exchange_time=_frame_time(frame, sequence))
    if channel == "subscriptions":
        return Frame(sequence=sequence)
    return Frame(sequence=sequence, ignored=1)


def _malformed(payload: bytes, reason: str) -> MalformedFrame:
    try:
        head = _heads.decode(payload)
    except (ValueError, RecursionError):
        return MalformedFrame(reason)
    return MalformedFrame(reason, sequence=head.sequence_num, hides_changes=_hides_changes(head.channel))


def _hides_changes(channel: object) -> bool:
    """Whether a frame of this channel may tell of the book: one of a channel that is not known might."""
    return channel not in ("market_trades", "heartbeats", "subscriptions")


def _frame_time(frame: _AdvancedFrame, sequence: int) -> int | None:
    try:
        return EPOCH_MS[frame.timestamp] if frame.timestamp else None
    except WrongTime as error:
        reason = f"timestamp: {error}"
        raise MalformedFrame(reason, sequence=sequence, hides_changes=_hides_changes(frame.channel)) from None


def _book(event: _Event, time: int | None, sequence: int) -> News:
    if event.updates is None or event.type not in ("update", "snapshot"):
        raise MalformedFrame(f"book event of type {event.type[:SHOWN]!r}", sequence=sequence, symbol=event.product_id)
    try:
        check_sizes([update.new_quantity for update in event.updates])
        changes = [
            Change(
                side=SIDES[update.side],
                price=update.price_level,
                remaining=update.new_quantity,
                time=EPOCH_MS[update.event_time] if update.event_time else None,
            )
            for update in event.updates
            if PRICE_TICKS[update.price_level]  # raises where it does not fit
        ]
    except (OutOfRange, WrongTime) as error:
        raise MalformedFrame(str(error), sequence=sequence, symbol=event.product_id) from None
    return News(
        symbol=event.product_id,
        exchange_time=time,
        book="snapshot" if event.type == "snapshot" else "changes",
        changes=changes,
        sequence=sequence,
    )


def _trades(events: list[_Event], time: int | None, sequence: int) -> tuple[News, ...]:
    """Those of each product, in the order of the frame."""
    news = []
    for event in events:
        by_product: dict[str, list[ParsedTrade]] = {}
        for trade in event.trades or ():
            try:
                check_sizes((trade.size,))
                if PRICE_TICKS[trade.price]:
                    told = ParsedTrade(str(trade.trade_id), trade.price, trade.size, MAKERS.get(trade.side))
                    by_product.setdefault(trade.product_id, []).append(told)
            except OutOfRange as error:
                reason = f"trade: {error}"
                raise MalformedFrame(reason, sequence=sequence, symbol=trade.product_id, hides_changes=False) from None
        news += [
            News(
                symbol=product,
                exchange_time=time,
                trades=tuple(trades),
                is_history=event.type == "snapshot",
                sequence=sequence,
            )
            for product, trades in by_product.items()
        ]
    return tuple(news)


COINBASE_ADVANCED = Protocol(
    exchange="coinbase",
    name="advanced",
    base_url="wss://advanced-trade-ws.coinbase.com",
    address=address,
    greeting=greeting,
    parse=parse,
    symbol_example="BTC-USD",
    # A product against USDC answers with the name and the book of the one against USD.
    symbol_pattern=re.compile(r"[A-Z0-9]{1,15}-(?!USDC$)[A-Z0-9]{2,10}"),
    first_sequence=0,
    # What one symbol loses, all symbols of its connection lose. Eight messages a second are allowed to an address.
    symbols_each=1,
    apart_seconds=0.5,
    # The first book of BTC-USD has 5 MB.
    most_frame_bytes=16 * 1024 * 1024,
)
