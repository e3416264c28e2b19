"""Upbit's `orderbook_units`: from the array as it stands in a frame to asks and bids. Pure, but for what it remembers.

Most of a book stays the same from one frame to the next, and prices return for ever. So units that are written as they
always are are not read as JSON but looked up by their bytes; what is new is matched in one go; whatever looks different
is read as JSON, number by number. All three give the same.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from typing import TypeVar, cast

import msgspec

from market.decimals import PRICE_TICKS, exact_size
from market.records import Level
from producers.json_numbers import plain_number

MOST_REMEMBERED = 10_000
# A size that is more than nothing and fits, and a JSON number.
PLAIN_SIZE = r"(?=[0.]*[1-9])((?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,10})?)"

SIMPLE_NAMES = {
    "type": "ty",
    "code": "cd",
    "timestamp": "tms",
    "orderbook_units": "obu",
    "trade_price": "tp",
    "trade_volume": "tv",
    "ask_bid": "ab",
    "sequential_id": "sid",
    "total_ask_size": "tas",
    "total_bid_size": "tbs",
    "level": "lv",
    "stream_type": "st",
    "ask_price": "ap",
    "bid_price": "bp",
    "ask_size": "as",
    "bid_size": "bs",
}

Levels = tuple[Level, ...]
_Pair = tuple[Level | None, Level | None]
S = TypeVar("S", bound=msgspec.Struct)


class Wrong(Exception):
    """A field is missing or of the wrong kind."""


class Unusual(Exception):
    """A unit that is not written as they usually are, or lacks a side."""


def renamed(struct: type[S], names: Mapping[str, str]) -> type[S]:
    """The same fields by other names in the JSON."""
    fields = [(field.name, field.type, field.default) for field in msgspec.structs.fields(struct)]
    return cast(type[S], msgspec.defstruct(struct.__name__, fields, rename=names))


class Units:
    """Reads units whose fields go by these names (those that are not named have their own)."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._decoder = msgspec.json.Decoder(list[renamed(_Unit, names)])  # type: ignore[misc]
        self._pairs = _Pairs(names)
        self._find = self._pairs.__getitem__

    def usual(self, inner: bytes) -> tuple[Levels, Levels]:
        """The asks and the bids, best first, of what stands between the array's first `{` and its last `}`.

        Raises Unusual, or OutOfRange.
        """
        # Every piece is found to be four numbers by name, so this is what the array holds.
        asks, bids = zip(*map(self._find, inner.split(b"},{")))  # noqa: B905 - all are pairs
        return asks, bids

    def read(self, units: bytes) -> tuple[Levels, Levels]:
        """The asks and the bids, best first, of the whole array however it is written. Raises OutOfRange or Wrong."""
        if units[:2] == b"[{" and units[-2:] == b"}]":
            with contextlib.suppress(Unusual):
                return self.usual(units[2:-2])
        try:
            decoded: list[_Unit] = self._decoder.decode(units)
        except (ValueError, RecursionError) as error:
            raise Wrong(f"units: {error}" if units else "a book without units") from None
        pairs = [
            _pair(bytes(unit.ask_price), bytes(unit.bid_price), bytes(unit.ask_size), bytes(unit.bid_size))
            for unit in decoded
        ]
        return tuple(ask for ask, _ in pairs if ask), tuple(bid for _, bid in pairs if bid)


class _Unit(msgspec.Struct):
    ask_price: msgspec.Raw
    bid_price: msgspec.Raw
    ask_size: msgspec.Raw
    bid_size: msgspec.Raw


class _Pairs(dict[bytes, tuple[Level, Level]]):
    """A unit as it stands in a frame to its ask and bid. What was met is remembered: most of a book stays the same.

    Only units with four numbers in the usual order and a level on both sides; for any other it raises Unusual.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__()
        ask_price, bid_price, ask_size, bid_size = (names.get(name, name) for name in _Unit.__struct_fields__)
        number = "([0-9.eE+-]+)"
        prices = f'"{ask_price}":{number},"{bid_price}":{number}'
        # Sizes that need no further look, and any.
        self._plain = re.compile(f'{prices},"{ask_size}":{PLAIN_SIZE},"{bid_size}":{PLAIN_SIZE}'.encode()).fullmatch
        self._any = re.compile(f'{prices},"{ask_size}":{number},"{bid_size}":{number}'.encode()).fullmatch

    def __missing__(self, raw: bytes) -> tuple[Level, Level]:
        fields = self._plain(raw)
        if fields is not None:
            ask_price, bid_price, ask_size, bid_size = fields.groups()
            ask, bid = (_PRICES[ask_price], ask_size.decode()), (_PRICES[bid_price], bid_size.decode())
        elif (fields := self._any(raw)) is not None:
            ask_price, bid_price, ask_size, bid_size = fields.groups()
            ask, bid = (_PRICES[ask_price], _size(ask_size)), (_PRICES[bid_price], _size(bid_size))
        else:
            raise Unusual
        if not (ask[0] and ask[1] and bid[0] and bid[1]):
            raise Unusual
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        self[raw] = ask, bid
        return ask, bid


class _Prices(dict[bytes, str]):
    """A price as it stands in a frame to its plain text, checked; empty where there is no level.

    What was met is remembered: prices return, sizes seldom do.
    """

    def __missing__(self, raw: bytes) -> str:
        text = plain_number(raw, "price")
        if text.strip("0."):
            PRICE_TICKS[text]  # raises what is wrong with it
        else:
            text = ""
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        self[raw] = text
        return text


def _size(raw: bytes) -> str:
    """Empty where nothing remains."""
    text = plain_number(raw, "size")
    return text if exact_size(text) else ""


_PRICES = _Prices()


def _pair(ask_price: bytes, bid_price: bytes, ask_size: bytes, bid_size: bytes) -> _Pair:
    """A unit's ask and bid, None where that side has no such level."""
    return _level(ask_price, ask_size), _level(bid_price, bid_size)


def _level(raw_price: bytes, raw_size: bytes) -> Level | None:
    price, size = _PRICES[raw_price], _size(raw_size)
    return (price, size) if price and size else None
