"""Upbit's `orderbook_units`: from the array as it stands in a frame to asks and bids, number by number. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

import msgspec

from market.decimals import PRICE_TICKS, exact_size
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
        asks = [_level(unit.ask_price, unit.ask_size) for unit in decoded]
        bids = [_level(unit.bid_price, unit.bid_size) for unit in decoded]
        return tuple([ask for ask in asks if ask]), tuple([bid for bid in bids if bid])


class _Unit(msgspec.Struct):
    ask_price: msgspec.Raw
    bid_price: msgspec.Raw
    ask_size: msgspec.Raw
    bid_size: msgspec.Raw


def _level(raw_price: msgspec.Raw, raw_size: msgspec.Raw) -> Level | None:
    """None where that side has no such level: its price is 0, or nothing remains."""
    price, size = plain_number(bytes(raw_price), "price"), plain_number(bytes(raw_size), "size")
    if not exact_size(size) or not price.strip("0."):
        return None
    PRICE_TICKS[price]  # raises what is wrong with it
    return price, size
