"""Small histories for the tests, made of formulas."""

import gzip
import zipfile
from collections.abc import Iterable
from math import pi
from pathlib import Path

import numpy as np

from forecasting.history import MINUTE, History
from forecasting.history_columns import COLUMNS

HEADER = ",".join(COLUMNS)
START = 1_514_764_800  # 2018-01-01 00:00:00 UTC
CYCLE = 720


def line_of(start: int, price: str = "100.5") -> str:
    """A sound row of the Kaggle layout."""
    return f"{start},{price},{price},{price},{price},1.5,150.75,{price}"


def rising_lines(count: int) -> list[str]:
    """So many minutes from START on, without a gap, a cent dearer each time."""
    return [line_of(START + MINUTE * place, f"{100 + place / 100:.2f}") for place in range(count)]


def written(folder: Path, lines: Iterable[str], name: str = "history.csv") -> Path:
    """A history file of these lines, packed as its name says."""
    path = folder / name
    content = "".join(line + "\n" for line in lines).encode()
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(content))
    elif name.endswith(".zip"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("inside.csv", content)
    else:
        path.write_bytes(content)
    return path


def cycle_history(minutes: int, amplitude: float = 0.002, noise: float = 0.0005) -> History:
    """A price around 9000 with the cycle, its phase counted from the Unix epoch, and seeded noise."""
    starts = START + MINUTE * np.arange(minutes, dtype=np.int64)
    waves = amplitude * np.sin(2 * pi * starts / CYCLE)
    wander = np.random.default_rng(7).normal(0, noise, minutes)
    return History(starts, 9000 * np.exp(waves + wander))


def lines_of(history: History) -> list[str]:
    """The history as a file's lines, header included."""
    pairs = zip(history.starts.tolist(), history.prices.tolist(), strict=True)
    return [HEADER, *(line_of(start, f"{price:.8f}") for start, price in pairs)]
