"""The first book: real levels of Gemini's BTCUSD from 2019, and made-up ones in the gap around the price.

The real ones (`first_book.csv`) are the levels of the events in the notebook 'Gemini to Kafka' of the book *Real-Time
Crypto* that lie outside 7444.37 to 8167.68; between the two prices those events name hardly any.
"""

import csv
import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from market.records import Change, Side

TICK = Decimal("0.01")
FILLED_LEVELS = 60
_FILE = Path(__file__).with_name("first_book.csv")


def first_book(price: float, draw: random.Random) -> tuple[Change, ...]:
    """Every level of a book around a price, reason initial."""
    return (*_real_levels(), *_filled("bid", price, draw), *_filled("ask", price, draw))


def _real_levels() -> Iterator[Change]:
    with _FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            side: Side = "bid" if row["side"] == "bid" else "ask"
            yield _initial(side, row["price"], row["remaining"])


def _filled(side: Side, price: float, draw: random.Random) -> Iterator[Change]:
    sign = -1 if side == "bid" else 1
    at = Decimal(str(price)).quantize(TICK)
    for _ in range(FILLED_LEVELS):
        at += sign * TICK * draw.randint(1, 60)
        yield _initial(side, str(at), size_text(draw))


def size_text(draw: random.Random) -> str:
    """A made-up size in base: mostly small, sometimes large, 8 places at most."""
    return format(Decimal(str(round(min(draw.expovariate(1 / 0.4) + 0.001, 12.0), 8))), "f")


def _initial(side: Side, price: str, remaining: str) -> Change:
    return Change(side=side, price=price, remaining=remaining, delta=remaining, reason="initial")
