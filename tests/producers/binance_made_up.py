"""Hand-written frames of Binance's spot streams."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

Levels = Sequence[tuple[str, str]]


def in_stream(stream: str, data: object) -> bytes:
    """As a combined stream wraps it."""
    return json.dumps({"stream": stream, "data": data}).encode()


def depth_event(
    first: int, last: int, *, time: int | None = 5, symbol: str = "BTCUSDT", bids: Levels = (), asks: Levels = ()
) -> dict[str, Any]:
    event = {"e": "depthUpdate", "E": time, "s": symbol, "U": first, "u": last, "b": bids, "a": asks}
    return {name: value for name, value in event.items() if value is not None}


def depth(
    first: int,
    last: int,
    *,
    time: int | None = 5,
    symbol: str = "BTCUSDT",
    bids: Levels = (("100.00000000", "1.50000000"),),
    asks: Levels = (),
) -> bytes:
    """Updates `first` to `last`; by default they place a bid at 100."""
    event = depth_event(first, last, time=time, symbol=symbol, bids=bids, asks=asks)
    return in_stream(f"{symbol.lower()}@depth@100ms", event)


def book(
    last: int,
    bids: Levels = (("100.00000000", "1.00000000"),),
    asks: Levels = (("101.00000000", "2.00000000"),),
) -> dict[str, Any]:
    return {"lastUpdateId": last, "bids": bids, "asks": asks}


def snapshot(last: int, symbol: str = "BTCUSDT", **levels: Levels) -> bytes:
    """The answer to the request for the whole book, as it stands among the frames."""
    return in_stream(f"{symbol.lower()}@depthSnapshot", book(last, **levels))


def depth5(last: int, symbol: str = "BTCUSDT", **levels: Levels) -> bytes:
    return in_stream(f"{symbol.lower()}@depth5@100ms", book(last, **levels))


def trade_event(trade_id: int, price: str, size: str, *, time: int = 5, buyer_is_maker: bool = True) -> dict[str, Any]:
    return {
        "e": "trade",
        "E": time,
        "s": "BTCUSDT",
        "t": trade_id,
        "p": price,
        "q": size,
        "T": time - 1,
        "m": buyer_is_maker,
        "M": True,
    }


def trade(trade_id: int, price: str, size: str, *, time: int = 5, buyer_is_maker: bool = True) -> bytes:
    event = trade_event(trade_id, price, size, time=time, buyer_is_maker=buyer_is_maker)
    return in_stream("btcusdt@trade", event)


BOOK_TICKER = {"u": 7, "s": "BTCUSDT", "b": "100.00000000", "B": "1.0", "a": "101.00000000", "A": "2.0"}
KLINE = {"e": "kline", "E": 5, "s": "BTCUSDT", "k": {"t": 0, "T": 59_999, "o": "1", "x": False}}
AGGREGATE = {
    "e": "aggTrade",
    "E": 5,
    "s": "BTCUSDT",
    "a": 9,
    "p": "100.0",
    "q": "1",
    "f": 1,
    "l": 2,
    "T": 4,
    "m": False,
    "M": True,
}
TICKER = {"e": "24hrTicker", "E": 5, "s": "BTCUSDT", "p": "1", "Q": "2", "b": "100", "B": "1", "a": "101", "A": "2"}
ALL_TICKERS = [TICKER, TICKER]
OLD_TRADE_IDS = {"b": 133829535, "a": 133829504}  # buyer's and seller's order, sent with trades until 2023
