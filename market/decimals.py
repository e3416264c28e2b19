"""Exact decimals: prices are decimal(18,8), sizes decimal(19,10); both travel as the exchange's own digits."""

import re
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from market.errors import OutOfRange

__all__ = [
    "EXACT",
    "PLACES_8",
    "PLACES_12",
    "PRICE_TICKS",
    "SIZE_TICKS",
    "OutOfRange",
    "check_sizes",
    "exact_price",
    "exact_size",
    "plain",
    "rounded",
]

EXACT = Context(prec=80)
PLACES_8 = Decimal(1).scaleb(-8)
PLACES_12 = Decimal(1).scaleb(-12)

# What fits: leading zeros aside, 10 and 8 digits; 9 and 10 digits. Trailing zeros beyond the scale change nothing.
_PRICE = re.compile(r"0*\d{1,10}(\.\d{1,8}0*)?", re.ASCII)
_SIZE = re.compile(r"0*\d{1,9}(\.\d{1,10}0*)?", re.ASCII)
# What nearly every size looks like, and many of them in a row.
_USUAL_SIZE = r"\d{1,9}+(?:\.\d{1,10}+)?+"
_are_usual_sizes = re.compile(f"{_USUAL_SIZE}(?:,{_USUAL_SIZE})*+", re.ASCII).fullmatch
_LONGEST = 64
_PRICE_SCALE = 8
_SIZE_SCALE = 10
# Texts that are remembered; then all are forgotten, so that no feed can fill the memory.
_MOST_REMEMBERED = 100_000


def exact_price(text: str) -> Decimal:
    """The price in plain digits, more than 0, as decimal(18,8); raises `OutOfRange` saying what was expected."""
    price = _matched(text, _PRICE, "a price: plain digits, at most 10 before and 8 after the point")
    if not price:
        raise OutOfRange(f"{_shown(text)} is not a price: it must be more than 0")
    return price


def exact_size(text: str) -> Decimal:
    """The size in plain digits, 0 or more, as decimal(19,10); raises `OutOfRange` saying what was expected."""
    return _matched(text, _SIZE, "a size: plain digits, at most 9 before and 10 after the point")


def check_sizes(texts: Sequence[str]) -> None:
    """Each must be a size; raises `OutOfRange` as `exact_size`.

    Sizes repeat little: to look at all of a message at once is faster than to remember each.
    """
    joined = ",".join(texts)
    if _are_usual_sizes(joined) is None or joined.count(",") != len(texts) - 1:
        for text in texts:
            exact_size(text)


class _Ticks(dict[str, int]):
    """Text to a whole number of the smallest step. What was met is remembered: feeds repeat their prices all the time.

    Asking for a text that does not fit raises `OutOfRange`, saying what was expected.
    """

    def __init__(self, read: Callable[[str], Decimal], usual: str, scale: int) -> None:
        super().__init__()
        self._read = read
        self._scale = scale
        # What nearly every text looks like is read without a detour.
        self._is_usual = re.compile(usual, re.ASCII).fullmatch
        self._powers: list[int] = [10 ** (scale - digits) for digits in range(scale + 1)]

    def __missing__(self, text: str) -> int:
        if type(text) is str and self._is_usual(text):
            whole, _, part = text.partition(".")
            ticks = int(whole + part) * self._powers[len(part)]
        else:
            ticks = int(self._read(text).scaleb(self._scale, EXACT))
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        self[text] = ticks
        return ticks


# PRICE_TICKS["0.5"] is 50,000,000 (of 10^-8); SIZE_TICKS["0.00"] is 0 (of 10^-10).
PRICE_TICKS: Final = _Ticks(exact_price, r"(?=[0.]*[1-9])\d{1,10}+(?:\.\d{1,8}+)?+", _PRICE_SCALE)
SIZE_TICKS: Final = _Ticks(exact_size, _USUAL_SIZE, _SIZE_SCALE)


def plain(number: Decimal) -> str:
    """The number in digits without an exponent: 1E-8 becomes 0.00000001."""
    return format(number, "f")


def rounded(number: Decimal, places: Decimal) -> Decimal:
    """The number rounded half up to `places` (such as PLACES_8)."""
    return number.quantize(places, ROUND_HALF_UP, context=EXACT)


def _matched(text: str, pattern: re.Pattern[str], what: str) -> Decimal:
    if not isinstance(text, str) or len(text) > _LONGEST or pattern.fullmatch(text) is None:
        raise OutOfRange(f"{_shown(text)} is not {what}")
    return Decimal(text)


def _shown(text: object) -> str:
    shown = repr(text)
    return shown if len(shown) <= _LONGEST else shown[:_LONGEST] + "…"
