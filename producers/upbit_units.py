"""Upbit's `orderbook_units`: from the array as it stands in a frame to asks and bids, number by number. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

import msgspec

from market.decimals import PRICE_TICKS, check_sizes
from market.records import Level
from producers.json_numbers import plain_number

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
S = TypeVar("S", bound=msgspec.Struct)


class Wrong(Exception):
    """A field is missing or of the wrong kind."""


def renamed(struct: type[S], names: Mapping[str, str]) -> type[S]:
    """The same fields by other names in the JSON."""
    fields = [(field.name, field.type, field.default) for field in msgspec.structs.fields(struct)]
    return cast(type[S], msgspec.defstruct(struct.__name__, fields, rename=names))


class Units:
    """Reads units whose fields go by these names (those that are not named have their own)."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._decoder = msgspec.json.Decoder(list[renamed(_Unit, names)])  # type: ignore[misc]

    def read(self, units: bytes) -> tuple[Levels, Levels]:
        """The asks and the bids, best first, of the whole array. Raises OutOfRange or Wrong."""
        try:
            decoded: list[_Unit] = self._decoder.decode(units)
        except (ValueError, RecursionError) as error:
            raise Wrong(f"units: {error}" if units else "a book without units") from None
        asks = _levels([(unit.ask_price, unit.ask_size) for unit in decoded])
        bids = _levels([(unit.bid_price, unit.bid_size) for unit in decoded])
        return asks, bids


class _Unit(msgspec.Struct):
    ask_price: msgspec.Raw
    bid_price: msgspec.Raw
    ask_size: msgspec.Raw
    bid_size: msgspec.Raw


def _levels(numbers: list[tuple[msgspec.Raw, msgspec.Raw]]) -> Levels:
    """Prices and sizes as texts. There is no such level where its price is 0 or nothing remains."""
    levels = [(plain_number(bytes(price), "price"), plain_number(bytes(size), "size")) for price, size in numbers]
    check_sizes([size for _, size in levels])
    # The last condition raises what is wrong with a price.
    return tuple([level for level in levels if level[0].strip("0.") and level[1].strip("0.") and PRICE_TICKS[level[0]]])
