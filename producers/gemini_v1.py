"""Gemini's market data v1: `wss://api.gemini.com/v1/marketdata/BTCUSD`. Pure.

    {"type":"update","eventId":5,"timestampms":1767225600527,"socket_sequence":1,"events":[
        {"type":"change","side":"bid","price":"90999.10","remaining":"1.3","delta":"0.8","reason":"place"}]}
    {"type":"update", ... "events":[
        {"type":"trade","tid":7,"price":"91000.25","amount":"0.1","makerSide":"ask"},
        {"type":"change","side":"ask","price":"91000.25","remaining":"0.2","delta":"-0.1","reason":"trade"}]}
    {"type":"heartbeat","socket_sequence":1656}

`socket_sequence` starts at 0 on each connection and counts heartbeats too. The first frame holds the whole book: all
its changes are `initial` and it has no time.

Where several symbols share a connection (`/v1/multimarketdata`), each event names its `symbol`. Where only the best
levels are wanted (`top_of_book=true`), the reason is `top-of-book` and there is no `delta`.

    {"type":"update", ... "events":[
        {"type":"change","side":"bid","price":"3100.10","remaining":"1.7","reason":"top-of-book","symbol":"ETHUSD"}]}
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec

from market.decimals import PRICE_TICKS, SIZE_TICKS, OutOfRange
from market.records import Change
from producers.errors import MalformedFrame
from producers.protocol import Frame, News, ParsedTrade, Protocol, Subscription

# Any of these flags alone switches the others off on some versions of the protocol: all are always sent.
FLAGS = "heartbeat=true&top_of_book=false&bids=true&offers=true"

SIDES: dict[Any, Literal["bid", "ask"]] = {"bid": "bid", "ask": "ask", "offer": "ask"}
REASONS: dict[Any, Literal["initial", "place", "trade", "cancel"]] = {
    "initial": "initial",
    "place": "place",
    "trade": "trade",
    "cancel": "cancel",
}
LONGEST_TRADE_ID = 64
SHOWN = 60  # characters of a wrong value that a reason repeats

Whole = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class _Event(msgspec.Struct):
    """Fields of all kinds of events. What is needed is checked by kind, so that an unknown kind spoils nothing."""

    type: str
    side: Any = None
    price: Any = None
    remaining: Any = None
    delta: Any = None
    reason: Any = None
    tid: Any = None
    amount: Any = None
    makerSide: Any = None
    symbol: Any = ""


class _V1Frame(msgspec.Struct):
    type: str
    socket_sequence: Whole
    timestampms: Whole | None = None
    events: list[_Event] | None = None


class _FrameHead(msgspec.Struct):
    """What can still be known of a frame that does not fit."""

    socket_sequence: Whole
    type: Any = None


_frames = msgspec.json.Decoder(_V1Frame)
_heads = msgspec.json.Decoder(_FrameHead)


def address(base: str, subscription: Subscription) -> str:
    """The address of a symbol's connection; `base` is such as `wss://api.gemini.com`, `ws://` too."""
    (symbol,) = subscription.symbols
    trades = "true" if subscription.trades else "false"
    return f"{base.rstrip('/')}/v1/marketdata/{quote(symbol, safe='')}?{FLAGS}&trades={trades}"


def greeting(subscription: Subscription) -> tuple[str, ...]:  # noqa: ARG001 - the address says it all
    """Nothing needs to be sent after connecting."""
    return ()


def parse(payload: bytes) -> Frame:
    """Read one frame. Raises MalformedFrame, whatever the bytes are, and nothing else."""
    try:
        frame = _frames.decode(payload)
    except (ValueError, RecursionError) as error:
        raise _malformed(payload, str(error)) from None
    if frame.type == "update":
        if frame.events is None:
            raise MalformedFrame("update without events", sequence=frame.socket_sequence)
        return _update(frame, frame.events)
    if frame.type == "heartbeat":
        return Frame(sequence=frame.socket_sequence)
    raise MalformedFrame(f"unknown type {frame.type[:SHOWN]!r}", sequence=frame.socket_sequence, hides_changes=False)


def _malformed(payload: bytes, reason: str) -> MalformedFrame:
    try:
        head = _heads.decode(payload)
    except (ValueError, RecursionError):
        return MalformedFrame(reason)
    return MalformedFrame(reason, sequence=head.socket_sequence, hides_changes=head.type != "heartbeat")


def _update(frame: _V1Frame, events: list[_Event]) -> Frame:
    if any(event.symbol for event in events):
        return _of_several(frame, events)
    return Frame(sequence=frame.socket_sequence, news=(_news(frame, "", list(enumerate(events))),))


def _of_several(frame: _V1Frame, events: list[_Event]) -> Frame:
    """The news of each symbol that the events name."""
    by_symbol: dict[str, list[tuple[int, _Event]]] = {}
    for number, event in enumerate(events):
        if not isinstance(event.symbol, str):
            raise MalformedFrame(f"event {number}: symbol: expected a text", sequence=frame.socket_sequence)
        by_symbol.setdefault(event.symbol.upper(), []).append((number, event))
    news = tuple([_news(frame, symbol, its) for symbol, its in by_symbol.items()])
    return Frame(sequence=frame.socket_sequence, news=news)


def _news(frame: _V1Frame, symbol: str, events: list[tuple[int, _Event]]) -> News:
    snapshot = frame.socket_sequence == 0
    changes: list[Change] = []
    trades: list[ParsedTrade] = []
    ignored = 0
    for number, event in events:
        try:
            if event.type == "change":
                changes.append(_change(event, snapshot))
            elif event.type == "trade":
                trades.append(_trade(event))
            else:
                ignored += 1
        except (OutOfRange, _Wrong) as error:
            raise MalformedFrame(f"event {number}: {error}", sequence=frame.socket_sequence) from None
    # Where several symbols share a connection, a symbol's first book may come in a frame of its own.
    if symbol and changes and all(change.reason == "initial" for change in changes):
        snapshot = True
    return News(
        symbol=symbol,
        book="snapshot" if snapshot else "changes",
        changes=changes,
        trades=tuple(trades),
        exchange_time=frame.timestampms,
        sequence=frame.socket_sequence,
        ignored=ignored,
    )


class _Wrong(Exception):
    """A field of an event is missing or of the wrong kind."""


def _change(event: _Event, snapshot: bool) -> Change:
    side_text, price, remaining, delta, reason = event.side, event.price, event.remaining, event.delta, event.reason
    if not (type(side_text) is type(price) is type(remaining) is str):
        raise _Wrong(_first_without_text(side=side_text, price=price, remaining=remaining))
    side = SIDES.get(side_text)
    if side is None:
        raise _Wrong(f"side: expected bid or ask, got {side_text[:SHOWN]!r}")
    PRICE_TICKS[price]
    SIZE_TICKS[remaining]
    if delta is not None:
        if type(delta) is not str:
            raise _Wrong(_first_without_text(delta=delta))
        SIZE_TICKS[delta[1:] if delta[:1] == "-" else delta]
    if not snapshot and type(reason) is not str:
        raise _Wrong(_first_without_text(reason=reason))
    # A reason that is not known does not make the new total of the level less true.
    return Change(
        side=side, price=price, remaining=remaining, delta=delta, reason="initial" if snapshot else REASONS.get(reason)
    )


def _trade(event: _Event) -> ParsedTrade:
    # Ids come as numbers, and as text in later recordings. A longer one would make a record that Kafka never takes.
    if isinstance(event.tid, bool) or not isinstance(event.tid, int | str):
        raise _Wrong(f"tid: expected a number or a text, got {_shown(event.tid)}")
    trade_id = str(event.tid)
    if not 1 <= len(trade_id) <= LONGEST_TRADE_ID:
        raise _Wrong(f"tid: expected 1 to {LONGEST_TRADE_ID} characters, got {len(trade_id)}")
    price, size = _text(event.price, "price"), _text(event.amount, "amount")
    PRICE_TICKS[price], SIZE_TICKS[size]  # raises what does not fit
    maker_side = SIDES.get(event.makerSide) if isinstance(event.makerSide, str) else None
    return ParsedTrade(trade_id=trade_id, price=price, size=size, maker_side=maker_side)


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise _Wrong(_first_without_text(**{name: value}))
    return value


def _first_without_text(**values: Any) -> str:
    name, value = next((name, value) for name, value in values.items() if not isinstance(value, str))
    return f"{name}: expected a text, got {_shown(value)}"


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    return repr(value)[:SHOWN] if isinstance(value, int | float | str) else f"a {type(value).__name__}"


GEMINI_V1 = Protocol(
    exchange="gemini",
    name="v1",
    base_url="wss://api.gemini.com",
    address=address,
    greeting=greeting,
    parse=parse,
    symbol_example="BTCUSD",
    first_sequence=0,
    # The address names the one symbol.
    most_symbols_each=1,
    apart_seconds=0.0,
)
