"""The simulated price as a minute history in the layout of Kaggle's Bitstamp set. All of it is made up."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from simulator.price_process import PriceProcess, uniform

HEADER = "Timestamp,Open,High,Low,Close,Volume_(BTC),Volume_(Currency),Weighted_Price"
MINUTE_MS = 60_000
SAMPLES = 6  # a minute's price is looked at so often


@dataclass(frozen=True)
class MinuteBar:
    """One minute; `start` in epoch seconds, prices and volumes in units of their currency."""

    start: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    weighted_price: float

    def csv(self) -> str:
        """Its line."""
        turnover = self.volume * self.weighted_price
        return (
            f"{self.start},{self.open:.2f},{self.high:.2f},{self.low:.2f},{self.close:.2f},"
            f"{self.volume:.8f},{turnover:.8f},{self.weighted_price:.8f}"
        )


def minute_bars(process: PriceProcess, from_ms: int, until_ms: int) -> Iterator[MinuteBar]:
    """The whole minutes of [from, until)."""
    first = -(-from_ms // MINUTE_MS) * MINUTE_MS
    for start in range(first, until_ms - MINUTE_MS + 1, MINUTE_MS):
        yield minute_bar(process, start)


def minute_bar(process: PriceProcess, start_ms: int) -> MinuteBar:
    """The minute that begins at this time. Its weighted price is the mean of the price over the minute."""
    step = MINUTE_MS / SAMPLES
    prices = [process.fair(start_ms + number * step) for number in range(SAMPLES + 1)]
    between = [process.fair(start_ms + (number + 0.5) * step) for number in range(SAMPLES)]
    return MinuteBar(
        start=start_ms // 1000,
        open=prices[0],
        high=max(prices + between),
        low=min(prices + between),
        close=prices[-1],
        volume=0.5 + 9.5 * uniform(f"{process.seed}/{process.symbol}/volume/{start_ms}") ** 2,
        weighted_price=sum(between) / SAMPLES,
    )


def write_history(path: Path, bars: Iterable[MinuteBar]) -> int:
    """Writes the file whole or not at all, and returns how many minutes it holds. Raises OSError."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    count = 0
    try:
        with unfinished.open("w", encoding="ascii") as file:
            file.write(HEADER + "\n")
            for bar in bars:
                file.write(bar.csv() + "\n")
                count += 1
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return count
