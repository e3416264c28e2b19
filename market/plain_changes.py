"""Changes as most exchanges send them, a list of (price, new total) for each side, read in bulk.

Feeds of deep books are little else, so all levels of a side are handled at once: one pattern checks their sizes, their
prices are looked up in one go, and the records' JSON is the exchange's own texts with names put in. Whoever wants
single changes sees a sequence of `Change`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import overload

from market.decimals import PRICE_TICKS, check_sizes
from market.records import Change, Level, ReadyJson, Side

# Prices with eight places each, as Binance writes them.
_all_places = re.compile(r"\d{1,10}+\.\d{8}(?:,\d{1,10}+\.\d{8})*+", re.ASCII).fullmatch
# Fewer changes are quicker handled one by one.
MANY = 6


class PlainSide:
    """One side's levels: `ticks` are the prices in whole ticks of 10^-8, `texts` each price and its new total."""

    __slots__ = ("side", "texts", "ticks")

    def __init__(self, side: Side, ticks: list[int], texts: list[Level]) -> None:
        self.side: Side = side
        self.ticks = ticks
        self.texts = texts


class PlainChanges(ReadyJson, Sequence[Change]):
    """New totals of levels, bids first; `json` is the list as the records have it."""

    __slots__ = ("asks", "bids")

    def __init__(self, bids: PlainSide, asks: PlainSide, json: bytes) -> None:
        self.bids = bids
        self.asks = asks
        self.json = json

    def __len__(self) -> int:
        return len(self.bids.ticks) + len(self.asks.ticks)

    def __iter__(self) -> Iterator[Change]:
        for levels in (self.bids, self.asks):
            side = levels.side
            for price, remaining in levels.texts:
                yield Change(side=side, price=price, remaining=remaining)

    @overload
    def __getitem__(self, index: int) -> Change: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Change]: ...
    def __getitem__(self, index: int | slice) -> Change | Sequence[Change]:
        return list(self)[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment] # equal to lists, which have none


def changes_of(bids: list[Level], asks: list[Level]) -> Sequence[Change]:
    """The changes of these levels, as suits their number. Raises `OutOfRange` for a price or size that does not fit."""
    if len(bids) + len(asks) >= MANY:
        return plain_changes(bids, asks)
    check_sizes([remaining for levels in (bids, asks) for _, remaining in levels])
    changes = [Change(side="bid", price=price, remaining=left) for price, left in bids if PRICE_TICKS[price]]
    return changes + [Change(side="ask", price=price, remaining=left) for price, left in asks if PRICE_TICKS[price]]


def plain_changes(bids: list[Level], asks: list[Level]) -> PlainChanges:
    """The changes of these levels. Raises `OutOfRange` for a price or a size that does not fit."""
    check_sizes([remaining for levels in (bids, asks) for _, remaining in levels])
    sides = PlainSide("bid", _ticks(bids), bids), PlainSide("ask", _ticks(asks), asks)
    # Texts that were checked are digits and points: nothing in them needs to be escaped.
    json = ",".join([_json(side.side, side.texts) for side in sides if side.texts])
    return PlainChanges(*sides, f"[{json}]".encode())


def _ticks(levels: list[Level]) -> list[int]:
    """The prices in whole ticks. Those with all places written out are whole ticks already, but for the point."""
    joined = ",".join([price for price, _ in levels])
    if _all_places(joined):
        ticks = list(map(int, joined.replace(".", "").split(",")))
        if len(ticks) == len(levels) and 0 not in ticks:
            return ticks
    return [PRICE_TICKS[price] for price, _ in levels]


def _json(side: Side, levels: list[Level]) -> str:
    begin = f'{{"side":"{side}","price":"'
    between = '"},' + begin
    return begin + between.join([price + '","remaining":"' + remaining for price, remaining in levels]) + '"}'
