"""Frames of Binance and Upbit as lines of text, with the exchange's own digits. Pure.

    btcusdt@orderbook,bids:[["16702.06000000","0.00069000"]],asks:[["16702.84000000","0.05546000"]]
    btcusdt@trade, p:16728.50000000,q:0.00626000
    btckrw@orderbook,[{"ask_price":2.2855E7,"bid_price":2.2845E7,"ask_size":2.21720611,"bid_size":0.00164598}]

What stands behind `bids:`, `asks:` and `btckrw@orderbook,` is cut out of the frame as it came, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

import msgspec

NOTHING = msgspec.Raw()
START = re.compile(rb"[a-z0-9]{1,40}@(orderbook,|trade, )")


@dataclass(frozen=True, slots=True)
class LineSource:
    """An exchange whose frames are written as lines: the protocol they come in, whether trades are wanted, and how.

    `name(symbol)` is what the lines call it. `line(payload)` is None for a frame that has no line: an answer, a
    heartbeat, something that cannot be read.
    """

    protocol: str
    trades: bool
    name: Callable[[str], str]
    line: Callable[[bytes], bytes | None]


class _BinanceData(msgspec.Struct):
    event: str = msgspec.field(name="e", default="")
    price: str = msgspec.field(name="p", default="")
    size: str = msgspec.field(name="q", default="")
    bids: msgspec.Raw = NOTHING
    asks: msgspec.Raw = NOTHING


class _BinanceFrame(msgspec.Struct):
    stream: str
    data: _BinanceData


class _UpbitFrame(msgspec.Struct):
    type: str
    code: str
    orderbook_units: msgspec.Raw = NOTHING


_binance = msgspec.json.Decoder(_BinanceFrame)
_upbit = msgspec.json.Decoder(_UpbitFrame)


def is_stream_line(torn: bytes, names: Collection[str]) -> bool:
    """Whether this is the beginning of such a line; of a very short one only for these names."""
    beginnings = [f"{name}@{kind}".encode() for name in names for kind in ("orderbook,", "trade, ")]
    return bool(START.match(torn)) or any(beginning.startswith(torn) for beginning in beginnings)


def upbit_name(code: str) -> str:
    """KRW-BTC goes by the name of btckrw."""
    quote, _, base = code.partition("-")
    return f"{base}{quote}".lower()


def binance_line(payload: bytes) -> bytes | None:
    """A partial book or a trade of a combined stream."""
    try:
        frame = _binance.decode(payload)
    except (ValueError, RecursionError):
        return None
    name, data = frame.stream.partition("@")[0].encode(), frame.data
    bids, asks = bytes(data.bids), bytes(data.asks)
    if bids and asks:
        return _one_line(name + b"@orderbook,bids:" + bids + b",asks:" + asks)
    if data.event == "trade":
        return _one_line(name + f"@trade, p:{data.price},q:{data.size}".encode())
    return None


def upbit_line(payload: bytes) -> bytes | None:
    """A whole book in the format DEFAULT: its units."""
    try:
        frame = _upbit.decode(payload)
    except (ValueError, RecursionError):
        return None
    units = bytes(frame.orderbook_units)
    if frame.type != "orderbook" or not units:
        return None
    return _one_line(f"{upbit_name(frame.code)}@orderbook,".encode() + units)


def _one_line(line: bytes) -> bytes:
    """JSON may have line ends between its values; a line must not."""
    return line.replace(b"\r", b" ").replace(b"\n", b" ")


LINE_SOURCES = {
    "binance": LineSource("depth5", True, str.lower, binance_line),
    "upbit": LineSource("default", False, upbit_name, upbit_line),
}
