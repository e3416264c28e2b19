"""Frames made wrong on purpose, each from a right one. Pure."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

OVERSIZED_BYTES = 50_000_000


def _cut_in_half(text: str) -> str:
    return text[: len(text) // 2]


def _without_prices(text: str) -> str:
    return re.sub(r'"price":"[^"]*",', "", text)


def _priced(price: str) -> Callable[[str], str]:
    return lambda text: re.sub(r'"price":"([^"]*)"', lambda found: f'"price":"{price or "-" + found[1]}"', text)


def _of_unknown_type(text: str) -> str:
    return text.replace('"type":"update"', '"type":"surprise"', 1)


WAYS_TO_SPOIL: dict[str, Callable[[str], str]] = {
    "malformed": _cut_in_half,
    "missing-field": _without_prices,
    "negative-price": _priced(""),
    "absurd-price": _priced("9" * 40),
    "text-price": _priced("cheap"),
    "unknown-type": _of_unknown_type,
}


def oversized_header() -> bytes:
    """The head of a text message that announces 50 MB."""
    return struct.pack("!BBQ", 0x81, 127, OVERSIZED_BYTES)
