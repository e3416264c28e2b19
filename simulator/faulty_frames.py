"""Frames made wrong on purpose, each from a right one of any protocol. Pure."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

OVERSIZED_BYTES = 50_000_000

# A price has a name in v1; in the other protocols it is the last but one text of a level.
_PRICE = re.compile(r'(?P<name>"price":)?"(?P<price>[^"]*)",(?(name)|(?="[^"]*"\]))')
_TYPE = re.compile(r'("(?:type|e)":)"(?:update|depthUpdate|l2_updates)"')


def _cut_in_half(text: str) -> str:
    return text[: len(text) // 2]


def _without_prices(text: str) -> str:
    return _PRICE.sub("", text)


def _priced(price: str) -> Callable[[str], str]:
    return lambda text: _PRICE.sub(lambda found: f'{found["name"] or ""}"{price or "-" + found["price"]}",', text)


def _of_unknown_type(text: str) -> str:
    return _TYPE.sub(r'\1"surprise"', text, count=1)


WAYS_TO_SPOIL: dict[str, Callable[[str], str]] = {
    "malformed": _cut_in_half,
    "missing-field": _without_prices,
    "negative-price": _priced(""),
    "absurd-price": _priced("9" * 40),
    "text-price": _priced("cheap"),
    "unknown-type": _of_unknown_type,
}


def spoiled(text: str, fault: str | None) -> str:
    """The frame with this fault; None leaves it as it is."""
    return text if fault is None else WAYS_TO_SPOIL[fault](text)


def oversized_header() -> bytes:
    """The head of a text message that announces 50 MB."""
    return struct.pack("!BBQ", 0x81, 127, OVERSIZED_BYTES)
