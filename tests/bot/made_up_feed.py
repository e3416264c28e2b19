"""A made-up feed of one symbol, whole minutes of it, as a backtest reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from market.records import L2, Book, Change, FeedRecord, Gap, Tick

# 2026-01-01T00:00:00Z, the start of a minute.
START = 1_767_225_600_000
MINUTE = 60_000
SYMBOL = "BTCUSD"
LAG = 30
SECONDS_MORE = 5


def _at(time: int) -> dict[str, Any]:
    return {
        "exchange": "gemini",
        "symbol": SYMBOL,
        "event_time": time,
        "received_time": time + LAG,
        "connection": "c",
    }


def minutes_of_feed(prices: Sequence[str], ratios: Sequence[str], size: str = "50") -> Iterator[FeedRecord]:
    """In minute `n` the best bid is prices[n], the best ask 1 more, and what is asked is ratios[n] times what is bid.

    Each second has a tick and a book. The last minute is followed by some seconds more.
    """
    yield Gap(**_at(START), from_=START, to=START, reason="start")
    for number, (price, ratio) in enumerate(zip(prices, ratios, strict=True)):
        start = START + number * MINUTE
        asked = str(int(float(ratio) * 100))
        yield L2(
            **_at(start),
            changes=(Change(side="bid", price="1", remaining="100"), Change(side="ask", price="1", remaining=asked)),
        )
        for second in range(60):
            yield from _second(start + second * 1000, price, size)
    for second in range(SECONDS_MORE):
        yield from _second(START + len(prices) * MINUTE + second * 1000, prices[-1], size)


def _second(time: int, price: str, size: str) -> Iterator[FeedRecord]:
    yield Tick(**_at(time))
    yield Book(**_at(time), bids=((price, size),), asks=((str(int(price) + 1), size),))
