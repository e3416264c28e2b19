"""Binance spot, partial depth: `.../stream?streams=btcusdt@depth5@100ms/btcusdt@trade`, the best five levels. Pure.

    {"stream":"btcusdt@depth5@100ms","data":{"lastUpdateId":50000000160,
        "bids":[["90999.10000000","0.50000000"]],"asks":[["91000.25000000","0.30000000"]]}}

and the frames of `binance_frames`. Each frame is all that is shown of the book, without a time and without a symbol:
the stream's name tells the symbol; a frame without it (`/ws/btcusdt@depth5`) belongs to the connection's only one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from market.levels import BookLayout
from market.records import Level
from producers.binance_frames import (
    BASE_URL,
    IGNORED,
    KEEPALIVE,
    Event,
    checked,
    combined_address,
    greeting,
    other,
    read,
    trade,
)
from producers.errors import MalformedFrame
from producers.protocol import Frame, News, Protocol, Subscription

DEPTH = "depth5@100ms"
# Nearly all frames of the book, to the letter.
_BOOKS = BookLayout(
    '{"stream":"<text>@depth5@100ms","data":{"lastUpdateId":<whole>,"bids":[<bids>],"asks":[<asks>]}}',
    '["<price>","<remaining>"]',
)
# Streams that show the best levels: depth5, depth10, depth20, each second or each 100 ms.
_PARTIAL = re.compile(r"depth\d{1,4}(@\d{1,5}ms)?", re.ASCII)


def address(base: str, subscription: Subscription) -> str:
    """The address of a connection; `base` is such as `wss://stream.binance.com:9443`, `ws://` too."""
    return combined_address(base, subscription, DEPTH)


def parse(payload: bytes) -> Frame:
    """Read one frame. Raises MalformedFrame, whatever the bytes are, and nothing else."""
    usual = _BOOKS.match(payload)
    if usual is not None:
        stream, last, bids, asks = usual
        return _whole(stream.upper(), last, bids, asks)
    return parse_any(payload)


def parse_any(payload: bytes) -> Frame:
    """`parse` for whatever the frame's layout is."""
    found = read(payload)
    if isinstance(found, Frame):
        return found
    event, symbol, kind = found
    if event.lastUpdateId is not None:
        return _book(event, symbol) if not kind or _PARTIAL.fullmatch(kind) else IGNORED
    if event.e == "trade":
        return trade(event, symbol)
    return other(event)


def _book(event: Event, symbol: str) -> Frame:
    if event.bids is None or event.asks is None:
        raise MalformedFrame("book without bids and asks", symbol=symbol)
    return _whole(symbol, event.lastUpdateId, _shown(checked(event.bids, symbol)), _shown(checked(event.asks, symbol)))


def _whole(symbol: str, last: int | None, bids: Sequence[Level], asks: Sequence[Level]) -> Frame:
    return Frame(news=(News(symbol=symbol, book="whole", bids=bids, asks=asks, sequence=last, last_id=last),))


def _shown(levels: Sequence[Level]) -> list[Level]:
    """A level of which nothing remains is none."""
    return [level for level in levels if level[1].strip("0.")]


BINANCE_PARTIAL = Protocol(
    exchange="binance",
    name="depth5",
    base_url=BASE_URL,
    address=address,
    greeting=greeting,
    parse=parse,
    symbol_example="BTCUSDT",
    symbol_pattern=re.compile(r"[A-Z0-9]{3,30}"),
    resync="next_book",
    keepalive=KEEPALIVE,
    symbols_each=50,
    apart_seconds=1.0,
)
