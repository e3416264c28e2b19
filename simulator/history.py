"""A minute history of the simulated price in the columns of the Kaggle Bitcoin set: what the forecast learns from."""

import csv
import random
from pathlib import Path
from typing import TextIO

from simulator.price import PriceProcess

COLUMNS = ("Timestamp", "Open", "High", "Low", "Close", "Volume_(BTC)", "Volume_(Currency)", "Weighted_Price")
MINUTE_S = 60
_SAMPLES = 6


def write_history(path: Path, price: PriceProcess, *, until_s: int, minutes: int) -> None:
    """Writes the minutes before `until_s` (epoch seconds); the file appears whole or not at all."""
    unfinished = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        _write(file, price, until_s // MINUTE_S * MINUTE_S, minutes)
    unfinished.replace(path)


def _write(file: TextIO, price: PriceProcess, until_s: int, minutes: int) -> None:
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(COLUMNS)
    for start in range(until_s - minutes * MINUTE_S, until_s, MINUTE_S):
        samples = [price.at((start + MINUTE_S * number / (_SAMPLES - 1)) * 1000) for number in range(_SAMPLES)]
        volume = random.Random(start ^ price.seed).uniform(0.5, 20)
        mean = sum(samples) / len(samples)
        bars = (samples[0], max(samples), min(samples), samples[-1])
        rows.writerow([start, *(f"{bar:.2f}" for bar in bars), f"{volume:.8f}", f"{volume * mean:.8f}", f"{mean:.8f}"])
