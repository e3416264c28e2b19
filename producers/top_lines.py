"""The best levels of a book as a line of JSON. Pure.

    {"bids": [[11398.73, 0.96304843], [11396.13, 2.0]], "asks": [[11407.42, 1.30814001]], "ts": 1562558996535}

Numbers look as Python's floats do (`2.0`, not `2`), but hold every digit that the exchange sent, and no exponent.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from market.decimals import plain
from market.records import Level

START = b'{"bids": ['


def top_line(bids: Sequence[Level], asks: Sequence[Level], ts: int) -> str:
    """The line, without its end; `ts` in epoch ms."""
    return f'{{"bids": {_levels(bids)}, "asks": {_levels(asks)}, "ts": {ts}}}'


def is_top_line(torn: bytes) -> bool:
    """Whether this is the beginning of such a line."""
    return torn[: len(START)] == START[: len(torn)]


def number(text: str) -> str:
    """A decimal text as a JSON number with at least one place: `1` and `1.00` become `1.0`, `0.10` becomes `0.1`."""
    shown = plain(Decimal(text).normalize())
    return shown if "." in shown else f"{shown}.0"


def _levels(levels: Sequence[Level]) -> str:
    return "[" + ", ".join(f"[{number(price)}, {number(size)}]" for price, size in levels) + "]"
