"""Real events of Gemini's order book of 2019: where the first book's far levels and all sizes come from."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from simulator.ladder import Side

FILE = Path(__file__).with_name("gemini_events_2019.csv")
# In the middle of the touch in those minutes; both touching levels are among the events.
REFERENCE_PRICE = Decimal("7659.10")


@dataclass(frozen=True)
class RealEvent:
    """One change of a level as the exchange sent it."""

    reason: str
    side: Side
    price: Decimal
    delta: Decimal
    remaining: Decimal


@cache
def real_events() -> tuple[RealEvent, ...]:
    """All events of the file, in its order."""
    with FILE.open(encoding="ascii") as lines:
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        return tuple(
            RealEvent(
                row["reason"],
                "bid" if row["side"] == "bid" else "ask",
                Decimal(row["price"]),
                Decimal(row["delta"]),
                Decimal(row["remaining"]),
            )
            for row in rows
        )


def first_book() -> tuple[RealEvent, ...]:
    """The levels of the book at the start."""
    return tuple(event for event in real_events() if event.reason == "initial")


def sizes_near_the_touch() -> tuple[Decimal, ...]:
    """The sizes that were placed and cancelled after it."""
    return tuple(abs(event.delta) for event in real_events() if event.reason != "initial")
