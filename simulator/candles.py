"""Gemini's candles at the simulated exchange: `/v2/candles/{symbol}/1m`, one rolling window, newest first. Pure.

A row is `[start in ms, open, high, low, close, volume]`, and the first one is the minute that is still going on.
"""

from __future__ import annotations

from functools import lru_cache

from simulator.errors import Refusal
from simulator.minute_history import MINUTE_MS, MinuteBar, minute_bar
from simulator.price_process import PriceProcess

FRAME = "1m"
# A day, as it is said of Gemini.
WINDOW = 1440

Row = list[int | float]


def candles_answer(process: PriceProcess, frame: str, now_ms: int) -> list[Row]:
    """The window that ends with the minute of `now_ms`. Raises `Refusal` for another frame than `1m`."""
    if frame != FRAME:
        raise Refusal(400, "InvalidTimeFrame", f"there are candles of {FRAME} only, not of {frame[:20]!r}")
    going_on = now_ms // MINUTE_MS * MINUTE_MS
    first = going_on - (WINDOW - 1) * MINUTE_MS
    return [_row(process, start, now_ms) for start in range(going_on, first - 1, -MINUTE_MS)]


def _row(process: PriceProcess, start_ms: int, now_ms: int) -> Row:
    bar = _bar(process, start_ms)
    whole: Row = [start_ms, *(round(price, 2) for price in (bar.open, bar.high, bar.low, bar.close))]
    if start_ms + MINUTE_MS <= now_ms:
        return [*whole, round(bar.volume, 8)]
    # Of the minute that goes on, only what has happened is known: where it opened and where it is.
    so_far = [round(bar.open, 2), round(process.fair(now_ms), 2)]
    share = (now_ms - start_ms) / MINUTE_MS
    return [start_ms, so_far[0], max(so_far), min(so_far), so_far[1], round(bar.volume * share, 8)]


@lru_cache(maxsize=4 * WINDOW)
def _bar(process: PriceProcess, start_ms: int) -> MinuteBar:
    return minute_bar(process, start_ms)
