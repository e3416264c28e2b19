"""Binance spot, diff depth: `wss://stream.binance.com:9443/stream?streams=btcusdt@depth@100ms/btcusdt@trade`. Pure.

    {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1767225600308,"s":"BTCUSDT","U":50000000161,
        "u":50000000165,"b":[["90999.10000000","0.00000000"]],"a":[["91000.25000000","0.32332000"]]}}
    {"stream":"btcusdt@depthSnapshot","data":{"lastUpdateId":50000000160,
        "bids":[["90999.10000000","0.50000000"]],"asks":[["91000.25000000","0.30000000"]]}}

and the frames of `binance_frames`. Update numbers `U` to `u` go on from one message of a symbol to the next. The whole
book is asked for by REST; its answer is put among the frames under a stream name of our own, `depthSnapshot`, and is as
new as its `lastUpdateId`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from market.levels import FrameLayout
from market.records import Change
from producers.binance_frames import (
    BASE_URL,
    IGNORED,
    KEEPALIVE,
    Event,
    combined_address,
    greeting,
    levels_changed,
    other,
    read,
    stream_name,
    trade,
)
from producers.errors import MalformedFrame
from producers.protocol import Frame, News, Protocol, RestSnapshot, Subscription

DEPTH = "depth@100ms"
SNAPSHOT = "depthSnapshot"
REST_URL = "https://api.binance.com"
MOST_LEVELS = 5_000
# Nearly all frames, to the letter.
_UPDATES = FrameLayout(
    '{"stream":"<skip>@depth@100ms","data":{"e":"depthUpdate","E":<whole>,"s":"<text>","U":<whole>,"u":<whole>,'
    '"b":[<bids>],"a":[<asks>]}}',
    '["<price>","<remaining>"]',
)
# A book of 5,000 levels weighs 250 of the 6,000 that an address may ask for in a minute: 20 of them leave room.
SNAPSHOTS_APART_SECONDS = 3.0


def address(base: str, subscription: Subscription) -> str:
    """The address of a connection; `base` is such as `wss://stream.binance.com:9443`, `ws://` too."""
    return combined_address(base, subscription, DEPTH)


def parse(payload: bytes) -> Frame:
    """Read one frame. Raises MalformedFrame, whatever the bytes are, and nothing else."""
    usual = _UPDATES.match(payload)
    if usual is not None:
        time, symbol, first, last, changes = usual
        if first <= last:
            return _changed(symbol, time, first, last, changes)
    return parse_any(payload)


def parse_any(payload: bytes) -> Frame:
    """`parse` for whatever the frame's layout is."""
    found = read(payload)
    if isinstance(found, Frame):
        return found
    event, symbol, kind = found
    if event.e == "depthUpdate":
        return _update(event, symbol)
    if event.e == "trade":
        return trade(event, symbol)
    if event.lastUpdateId is not None:
        # Partial depth looks the same, but shows only the best levels.
        return _snapshot(event, symbol) if kind in ("", SNAPSHOT) else IGNORED
    return other(event)


def _update(event: Event, symbol: str) -> Frame:
    first, last = event.U, event.u
    if first is None or last is None or first > last or not isinstance(event.b, list) or not isinstance(event.a, list):
        raise MalformedFrame("depthUpdate without U <= u, b and a", symbol=symbol)
    return _changed(symbol, event.E, first, last, levels_changed(event.b, event.a, symbol))


def _changed(symbol: str, time: int | None, first: int, last: int, changes: Sequence[Change]) -> Frame:
    news = News(
        symbol=symbol,
        exchange_time=time,
        book="changes",
        changes=changes,
        sequence=last,
        first_id=first,
        last_id=last,
    )
    return Frame(news=(news,))


def _snapshot(event: Event, symbol: str) -> Frame:
    if event.bids is None or event.asks is None:
        raise MalformedFrame("whole book without bids and asks", symbol=symbol)
    news = News(
        symbol=symbol,
        book="snapshot",
        changes=levels_changed(event.bids, event.asks, symbol),
        sequence=event.lastUpdateId,
        last_id=event.lastUpdateId,
    )
    return Frame(news=(news,))


def snapshot_path(symbol: str) -> str:
    """Where the whole book of a symbol is asked for."""
    return f"/api/v3/depth?symbol={symbol}&limit={MOST_LEVELS}"


def snapshot_frame(symbol: str, body: bytes) -> bytes:
    """The answer under its stream's name. Raises MalformedFrame when it is not JSON."""
    try:
        answer = msgspec.json.decode(body, type=msgspec.Raw)
        return msgspec.json.encode({"stream": stream_name(symbol, SNAPSHOT), "data": answer})
    except (ValueError, RecursionError) as error:
        raise MalformedFrame(f"the answer is not JSON: {error}", symbol=symbol) from None


BINANCE_DEPTH = Protocol(
    exchange="binance",
    name="diff",
    base_url=BASE_URL,
    address=address,
    greeting=greeting,
    parse=parse,
    symbol_example="BTCUSDT",
    symbol_pattern=re.compile(r"[A-Z0-9]{3,30}"),
    resync="snapshot",
    snapshot=RestSnapshot(REST_URL, snapshot_path, snapshot_frame, SNAPSHOTS_APART_SECONDS),
    keepalive=KEEPALIVE,
    symbols_each=50,
    apart_seconds=1.0,
)
