"""Binance spot, partial depth: `.../stream?streams=btcusdt@depth5@100ms/btcusdt@trade`, the best five levels. Pure.

    {"stream":"btcusdt@depth5@100ms","data":{"lastUpdateId":50000000160,
        "bids":[["90999.10000000","0.50000000"]],"asks":[["91000.25000000","0.30000000"]]}}

and the frames of `binance_frames`. Each frame is all that is shown of the book, without a time and without a symbol:
the stream's name tells the symbol; a frame without it (`/ws/btcusdt@depth5`) belongs to the connection's only one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

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
# Streams that show the best levels: depth5, depth10, depth20, each second or each 100 ms.
_PARTIAL = re.compile(r"depth\d{1,4}(@\d{1,5}ms)?", re.ASCII)


def address(base: str, subscription: Subscription) -> str:
    """The address of a connection; `base` is such as `wss://stream.binance.com:9443`, `ws://` too."""
    return combined_address(base, subscription, DEPTH)


def parse(payload: bytes) -> Frame:
    """Read one frame. Raises MalformedFrame, whatever the bytes are, and nothing else."""
    found = read(payload)
    if isinstance(found, Frame):
        return found
    event, symbol, kind = found
    if event.lastUpdateId is not None:
        return _whole(event, symbol) if not kind or _PARTIAL.fullmatch(kind) else IGNORED
    if event.e == "trade":
        return trade(event, symbol)
    return other(event)


def _whole(event: Event, symbol: str) -> Frame:
    if event.bids is None or event.asks is None:
        raise MalformedFrame("book without bids and asks", symbol=symbol)
    news = News(
        symbol=symbol,
        book="whole",
        bids=_shown(checked(event.bids, symbol)),
        asks=_shown(checked(event.asks, symbol)),
        sequence=event.lastUpdateId,
        last_id=event.lastUpdateId,
    )
    return Frame(news=(news,))


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
