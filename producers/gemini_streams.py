"""Gemini's current market data: the depth and trade streams of `wss://ws.gemini.com`. Pure.

    {"id":"1","method":"subscribe","params":["btcusd@depth@100ms","btcusd@trade"]}
    {"id":1,"status":200}
    {"e":"depthUpdate","E":1767225600217514400,"s":"btcusd","U":91,"u":94,"b":[["90999.10","0.00000000"]],"a":[]}
    {"E":1767225600285684200,"s":"btcusd","t":422,"p":"91000.25000","q":"0.0162522200","m":true}
    {"id":"1","status":401,"error":{"code":-1002,"msg":"Authentication required"}}

`E` is in nanoseconds. `U` to `u` are the numbers of the updates that a depth frame holds, each symbol's own: a frame
that begins after the one expected shows a loss, one that begins with the last number again does not. A size of zero
removes a level. `m`: the buyer is the maker.

With `?snapshot=-1` the first depth frame of a symbol holds its whole book, and nothing in it says so. There is no
heartbeat: a `ping` is sent now and then, whose answer shows that a quiet connection lives. Answers repeat the id that
was sent, as a number though a text was sent. Other streams of the same address, whose frames tell nothing new, are
passed over:

    {"u":85,"E":1767225600117161000,"s":"btcusd","b":"90999.10","B":"1.25000000","a":"91000.25","A":"0.75000000"}
    {"lastUpdateId":90,"bids":[["90999.10","1.25000000"]],"asks":[["91000.25","0.75000000"]]}
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from market.decimals import PRICE_TICKS, SIZE_TICKS, OutOfRange
from market.levels import FrameLayout
from market.records import Change, Level, Side
from producers.errors import MalformedFrame
from producers.level_pairs import changes_of
from producers.protocol import QUIET, Frame, Keepalive, News, ParsedTrade, Protocol, Refusal, Subscription

SUBSCRIBE_ID = "1"
PING_SECONDS = 5.0
NS_PER_MS = 1_000_000
MAKER_SIDES: dict[bool, Side] = {True: "bid", False: "ask"}  # by whether the buyer is the maker
SHOWN = 200  # characters of an error's text that are repeated
# Statuses from 400 to 499 that will pass.
PASSING = (408, 425, 429)
# Nearly all frames, to the letter.
_DEPTH = FrameLayout(
    '{"e":"depthUpdate","E":<whole>,"s":"<text>","U":<whole>,"u":<whole>,"b":[<bids>],"a":[<asks>]}',
    '["<price>","<remaining>"]',
)

Whole = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
TradeId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class _Stream(msgspec.Struct, gc=False):
    """All frames in one: which fields there are says what it is."""

    event: str = msgspec.field(name="e", default="")
    time: Whole | None = msgspec.field(name="E", default=None)
    symbol: str = msgspec.field(name="s", default="")
    first: Whole | None = msgspec.field(name="U", default=None)
    last: Whole | None = msgspec.field(name="u", default=None)
    bids: list[Level] | str | None = msgspec.field(name="b", default=None)
    asks: list[Level] | str | None = msgspec.field(name="a", default=None)
    trade: Whole | TradeId | None = msgspec.field(name="t", default=None)
    price: str | None = msgspec.field(name="p", default=None)
    size: str | None = msgspec.field(name="q", default=None)
    buyer_is_maker: bool | None = msgspec.field(name="m", default=None)
    last_of_depth: Whole | None = msgspec.field(name="lastUpdateId", default=None)
    id: int | str | None = None
    status: int | None = None
    error: Any = None


class _Head(msgspec.Struct):
    """What can still be known of a frame that does not fit."""

    symbol: str = msgspec.field(name="s", default="")


_decode = msgspec.json.Decoder(_Stream).decode
_decode_head = msgspec.json.Decoder(_Head).decode


def address(base: str, subscription: Subscription) -> str:  # noqa: ARG001 - what is wanted is said by the greeting
    """Where a connection goes that begins with whole books; `base` is such as `wss://ws.gemini.com`, `ws://` too."""
    return f"{base.rstrip('/')}/?snapshot=-1"


def greeting(subscription: Subscription) -> tuple[str, ...]:
    """One subscription for all symbols."""
    kinds = ("@depth@100ms", "@trade") if subscription.trades else ("@depth@100ms",)
    params = [symbol.lower() + kind for symbol in subscription.symbols for kind in kinds]
    return (msgspec.json.encode({"id": SUBSCRIBE_ID, "method": "subscribe", "params": params}).decode(),)


def ping(number: int) -> str:
    """The `number`th ping of a connection, the first being 1. Its id is never that of the subscription."""
    return f'{{"id":"{number + 1}","method":"ping"}}'


def parse(payload: bytes) -> Frame:
    """Read one frame. Raises MalformedFrame, whatever the bytes are, and nothing else."""
    usual = _DEPTH.match(payload)
    if usual is not None:
        time, symbol, first, last, changes = usual
        if first <= last:
            return _changed(symbol, time, first, last, changes)
    return parse_any(payload)


def parse_any(payload: bytes) -> Frame:
    """`parse` for whatever the frame's layout is."""
    try:
        frame = _decode(payload)
        if frame.event == "depthUpdate":
            return _depth(frame)
        if frame.trade is not None and frame.event in ("", "trade"):
            return _trade(frame)
    except (ValueError, RecursionError, OutOfRange, _Wrong) as error:
        raise _malformed(payload, str(error)) from None
    if frame.error is not None or (frame.status is not None and frame.status >= 400):
        return _refused(frame)
    if frame.id is not None:
        return QUIET
    if isinstance(frame.bids, str) or frame.last_of_depth is not None:
        return Frame(ignored=1)
    # An event of a name that is not known is none of those that were asked for.
    hides_changes = not frame.event and frame.symbol != ""
    raise MalformedFrame(
        f"neither an answer nor of a known stream: {frame.event[:SHOWN]!r}",
        symbol=frame.symbol.upper(),
        hides_changes=hides_changes,
    )


class _Wrong(Exception):
    """A field is missing or of the wrong kind."""


def _depth(frame: _Stream) -> Frame:
    bids, asks, first, last = frame.bids, frame.asks, frame.first, frame.last
    if first is None or last is None or first > last:
        raise _Wrong(f"U and u: expected the numbers of the first and the last update, got {first} and {last}")
    if not isinstance(bids, list) or not isinstance(asks, list):
        raise _Wrong("b and a: expected lists of levels")
    if not frame.symbol:
        raise _Wrong("s: expected a symbol")
    # Raises OutOfRange for what does not fit.
    return _changed(frame.symbol, frame.time, first, last, changes_of(bids, asks))


def _changed(symbol: str, time_ns: int | None, first: int, last: int, changes: Sequence[Change]) -> Frame:
    news = News(
        symbol=symbol.upper(),
        exchange_time=None if time_ns is None else time_ns // NS_PER_MS,
        book="changes",
        changes=changes,
        sequence=last,
        first_id=first,
        last_id=last,
    )
    return Frame(news=(news,))


def _trade(frame: _Stream) -> Frame:
    price, size = frame.price, frame.size
    if price is None or size is None:
        raise _Wrong("p and q: expected a price and a size")
    if not frame.symbol:
        raise _Wrong("s: expected a symbol")
    PRICE_TICKS[price]
    SIZE_TICKS[size]
    maker_side = None if frame.buyer_is_maker is None else MAKER_SIDES[frame.buyer_is_maker]
    news = News(
        symbol=frame.symbol.upper(),
        exchange_time=None if frame.time is None else frame.time // NS_PER_MS,
        trades=(ParsedTrade(trade_id=str(frame.trade), price=price, size=size, maker_side=maker_side),),
    )
    return Frame(news=(news,))


def _refused(frame: _Stream) -> Frame:
    """An answer that says no. To a ping it is an answer all the same."""
    if frame.id is not None and str(frame.id) != SUBSCRIBE_ID:
        return QUIET
    status = frame.status or 0
    text = f"status {frame.status}: {msgspec.json.encode(frame.error).decode()[:SHOWN]}"
    return Frame(refusal=Refusal(text, for_good=400 <= status < 500 and status not in PASSING))


def _malformed(payload: bytes, reason: str) -> MalformedFrame:
    try:
        head = _decode_head(payload)
    except (ValueError, RecursionError):
        return MalformedFrame(reason)
    return MalformedFrame(reason, symbol=head.symbol.upper())


GEMINI_STREAMS = Protocol(
    exchange="gemini",
    name="streams",
    base_url="wss://ws.gemini.com",
    address=address,
    greeting=greeting,
    parse=parse,
    symbol_example="BTCUSD",
    first_changes_are_snapshot=True,
    keepalive=Keepalive(PING_SECONDS, ping),
)
