"""JSON numbers as plain decimal text, digit for digit: no number goes through a float."""

from __future__ import annotations

import re
from decimal import Decimal

from market.decimals import OutOfRange, plain

NUMBER = re.compile(rb"(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?)(?:[eE]([+-]?[0-9]+))?")
# What nearly every number looks like is read without a detour.
is_plain = re.compile(rb"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?").fullmatch
LONGEST = 64
# Written out, a larger exponent would be a text of that length, and no price or size has one.
LARGEST_EXPONENT = 30


def plain_number(raw: bytes, name: str) -> str:
    """The number's own digits, an exponent written out: `1.50` stays, `2.2855E7` becomes `22855000`.

    Raises OutOfRange, naming the value by `name`, for anything that is not a JSON number of a sensible size.
    """
    if is_plain(raw) and len(raw) <= LONGEST:
        return raw.decode()
    parts = NUMBER.fullmatch(raw) if len(raw) <= LONGEST else None
    if parts is None:
        raise OutOfRange(f"{name}: expected a number, got {_shown(raw)}")
    exponent = parts[2]
    if exponent is None:
        return raw.decode()
    if len(exponent) > 3 or abs(int(exponent)) > LARGEST_EXPONENT:
        raise OutOfRange(f"{name}: {_shown(raw)} is too large or too small a number")
    return plain(Decimal(raw.decode()))


def _shown(raw: bytes) -> str:
    if not raw:
        return "nothing"
    shown = raw[:LONGEST].decode("utf-8", "replace")
    return shown if len(raw) <= LONGEST else shown + "…"
