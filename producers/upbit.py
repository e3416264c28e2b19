"""Upbit: `wss://api.upbit.com/websocket/v1`, in its formats DEFAULT and SIMPLE. Pure.

One array asks for everything, the ticket first and the format last:

    [{"ticket":"5f0e…"},{"type":"orderbook","codes":["KRW-BTC"]},{"type":"trade","codes":["KRW-BTC"]},
     {"format":"DEFAULT"}]

Frames are binary messages that hold JSON. In DEFAULT:

    {"type":"orderbook","code":"KRW-BTC","timestamp":1767225600677,"total_ask_size":14.1,"total_bid_size":8.4,
     "orderbook_units":[{"ask_price":131000000.0,"bid_price":130990000.0,"ask_size":0.6,"bid_size":0.62562404}],
     "level":0,"stream_type":"REALTIME"}
    {"type":"trade","code":"KRW-BTC","timestamp":1767225600905,"trade_price":131000000.0,"trade_volume":0.01040133,
     "ask_bid":"ASK","sequential_id":1767225600000000,"stream_type":"REALTIME", ...}

and the same in SIMPLE:

    {"ty":"orderbook","cd":"KRW-BTC","tms":1767225600640,"tas":14.1,"tbs":8.4,
     "obu":[{"ap":131000000.0,"bp":130990000.0,"as":0.6,"bs":0.62}],"st":"REALTIME"}
    {"ty":"trade","cd":"KRW-BTC","tms":1767225600905,"tp":131000000.0,"tv":0.01040133,"ab":"ASK",
     "sid":1767225600000000,"st":"REALTIME", ...}

In both:

    {"status":"UP"}
    {"error":{"name":"WRONG_FORMAT","message":"..."}}

Each order book frame holds all that Upbit shows of the book, so nothing is numbered and nothing needs to be: the next
frame makes a book in doubt whole again. Prices and sizes are JSON numbers, some with an exponent (`2.2855E7`); their
digits are kept, the exponent is written out. A unit pairs the n-th ask with the n-th bid; where one side has no n-th
level its price is 0. `ask_bid` is the taker's side. Times are ms; in USDT markets microseconds were met.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import NAMESPACE_URL, uuid5

import msgspec

from market.decimals import PRICE_TICKS, OutOfRange, exact_size
from market.levels import BookLayout
from market.records import Level, Side
from producers.errors import MalformedFrame
from producers.json_numbers import plain_number
from producers.protocol import QUIET, Frame, Keepalive, News, ParsedTrade, Protocol, Refusal, Subscription
from producers.upbit_units import SIMPLE_NAMES, Units, Wrong, renamed

# ask_bid says what the taker did: "ASK" sold to a bid that was there.
MAKER_SIDES: dict[Any, Side] = {"ASK": "bid", "BID": "ask"}
# These find fault with the question: it would be the same the next time.
ERRORS_FOR_GOOD = frozenset({"INVALID_AUTH", "WRONG_FORMAT", "NO_TICKET", "NO_TYPE", "NO_CODES", "INVALID_PARAM"})
FIRST_MICROSECONDS = 10**14  # as ms this is the year 5138; as microseconds 1973
SHOWN = 60  # characters of a wrong value that a reason repeats
NOTHING = msgspec.Raw()
# What stands after the units of a book is no longer than this.
LAST_FIELDS = 64
# A connection without a message for 120 s is closed by Upbit; the answer also shows us that a quiet one lives.
KEEPALIVE_SECONDS = 5.0
SYMBOLS_EACH = 50


class _Frame(msgspec.Struct):
    """Fields of all kinds of frames. What is needed is checked by kind, so that an unknown kind spoils nothing."""

    type: str | None = None
    code: str = ""
    timestamp: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None = None
    orderbook_units: msgspec.Raw = NOTHING
    trade_price: msgspec.Raw = NOTHING
    trade_volume: msgspec.Raw = NOTHING
    ask_bid: Any = None
    sequential_id: Any = None
    stream_type: Any = None
    status: Any = None
    error: Any = None


class _Head(msgspec.Struct):
    """What can still be known of a frame that does not fit."""

    type: Any = None
    code: Any = None


def address(base: str, subscription: Subscription) -> str:  # noqa: ARG001 - what is wanted is said after connecting
    """The address of every connection; `base` is such as `wss://api.upbit.com`, `ws://` too."""
    return f"{base.rstrip('/')}/websocket/v1"


def _greeting(subscription: Subscription, form: str) -> tuple[str, ...]:
    codes = list(subscription.symbols)
    ticket = str(uuid5(NAMESPACE_URL, f"upbit:{form}:{','.join(codes)}"))
    asked: list[dict[str, Any]] = [{"ticket": ticket}, {"type": "orderbook", "codes": codes}]
    if subscription.trades:
        asked.append({"type": "trade", "codes": codes})
    # Whether a second array would add to the first or replace it is not documented: there is one.
    return (json.dumps([*asked, {"format": form}], separators=(",", ":")),)


class _Format:
    """One of the two formats: what it calls its fields."""

    def __init__(self, name: str, names: Mapping[str, str]) -> None:
        self.name = name
        self._frames = msgspec.json.Decoder(renamed(_Frame, names))
        self._heads = msgspec.json.Decoder(renamed(_Head, names))
        self._units = Units(names)
        self._level = f'"{names.get("level", "level")}":'.encode()
        self._book_with_level = _book_layout(names, has_level=True)
        self._book_without_level = _book_layout(names, has_level=False)

    def greeting(self, subscription: Subscription) -> tuple[str, ...]:
        """Everything that is wanted, in one array."""
        return _greeting(subscription, self.name)

    def parse(self, payload: bytes) -> Frame:
        """Read one frame. Raises MalformedFrame, whatever the bytes are, and nothing else."""
        # Nearly all frames are books, written to the letter as one of these.
        has_level = payload.find(self._level, -LAST_FIELDS) > 0
        usual = (self._book_with_level if has_level else self._book_without_level).match(payload)
        if usual is not None:
            return _whole(*usual)
        return self.parse_any(payload)

    def parse_any(self, payload: bytes) -> Frame:
        """`parse` for whatever the frame's layout is."""
        try:
            frame = self._frames.decode(payload)
        except (ValueError, RecursionError) as error:
            raise self._malformed(payload, str(error)) from None
        kind = frame.type
        try:
            if kind == "orderbook":
                return self._book(frame)
            if kind == "trade":
                return self._trade(frame)
        except (OutOfRange, Wrong) as error:
            raise MalformedFrame(str(error), symbol=frame.code, hides_changes=kind != "trade") from None
        if frame.error is not None:
            return Frame(refusal=_refusal(frame.error))
        if kind is None and frame.status is not None:
            return QUIET
        named = "no type" if kind is None else f"unknown type {kind[:SHOWN]!r}"
        raise MalformedFrame(named, symbol=frame.code, hides_changes=kind is None)

    def _malformed(self, payload: bytes, reason: str) -> MalformedFrame:
        try:
            head = self._heads.decode(payload)
        except (ValueError, RecursionError):
            return MalformedFrame(reason)
        symbol = head.code if isinstance(head.code, str) else ""
        return MalformedFrame(reason, symbol=symbol, hides_changes=head.type != "trade")

    def _book(self, frame: _Frame) -> Frame:
        asks, bids = self._units.read(bytes(frame.orderbook_units))
        return _whole(_code(frame), frame.timestamp, bids, asks)

    def _trade(self, frame: _Frame) -> Frame:
        number = frame.sequential_id
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 2**63:
            raise Wrong(f"sequential_id: expected a number, got {_shown(number)}")
        price = plain_number(bytes(frame.trade_price), "trade_price")
        size = plain_number(bytes(frame.trade_volume), "trade_volume")
        PRICE_TICKS[price]
        exact_size(size)
        taker = frame.ask_bid
        trade = ParsedTrade(
            trade_id=str(number),
            price=price,
            size=size,
            maker_side=MAKER_SIDES.get(taker) if isinstance(taker, str) else None,
        )
        news = News(
            symbol=_code(frame),
            exchange_time=_milliseconds(frame.timestamp),
            trades=(trade,),
            is_history=frame.stream_type == "SNAPSHOT",
        )
        return Frame(news=(news,))


def _book_layout(names: Mapping[str, str], *, has_level: bool) -> BookLayout:
    """Of an order book; `level` (by which prices are grouped) is not in all of them."""

    def name(field: str) -> str:
        return f'"{names.get(field, field)}":'

    level = f"{name('level')}<number>," if has_level else ""
    return BookLayout(
        f'{{{name("type")}"orderbook",{name("code")}"<text>",{name("timestamp")}<whole>,{name("total_ask_size")}<number>,'
        f'{name("total_bid_size")}<number>,{name("orderbook_units")}[<units>],{level}{name("stream_type")}"<skip>"}}',
        f"{{{name('ask_price')}<ask_price>,{name('bid_price')}<bid_price>,"
        f"{name('ask_size')}<ask_size>,{name('bid_size')}<bid_size>}}",
    )


def _whole(code: str, time: int | None, bids: Sequence[Level], asks: Sequence[Level]) -> Frame:
    if time is not None and time >= FIRST_MICROSECONDS:
        time //= 1000
    return Frame(news=(News(symbol=code, exchange_time=time, book="whole", bids=bids, asks=asks),))


def _code(frame: _Frame) -> str:
    if not frame.code:
        raise Wrong("no code says whose frame it is")
    return frame.code


def _milliseconds(time: int | None) -> int | None:
    return time // 1000 if time is not None and time >= FIRST_MICROSECONDS else time


def _refusal(error: Any) -> Refusal:
    if not isinstance(error, dict):
        return Refusal(_shown(error))
    name, message = error.get("name"), error.get("message")
    text = ": ".join(part for part in (name, message) if isinstance(part, str)) or _shown(error)
    return Refusal(text, for_good=isinstance(name, str) and name in ERRORS_FOR_GOOD)


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    return repr(value)[:SHOWN] if isinstance(value, int | float | str) else f"a {type(value).__name__}"


def _protocol(form: _Format, name: str) -> Protocol:
    return Protocol(
        exchange="upbit",
        name=name,
        base_url="wss://api.upbit.com",
        address=address,
        greeting=form.greeting,
        parse=form.parse,
        symbol_example="KRW-BTC",
        symbol_pattern=re.compile(r"[A-Z0-9]{2,10}-[A-Z0-9]{1,20}"),
        resync="next_book",
        keepalive=Keepalive(KEEPALIVE_SECONDS, lambda number: "PING"),  # noqa: ARG005 - all are alike
        symbols_each=SYMBOLS_EACH,
        apart_seconds=0.25,
        most_frame_bytes=1 << 20,
    )


UPBIT_DEFAULT = _protocol(_Format("DEFAULT", {}), "default")
UPBIT_SIMPLE = _protocol(_Format("SIMPLE", SIMPLE_NAMES), "simple")
