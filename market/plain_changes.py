"""Changes as most exchanges send them, a list of [price, new total] for each side, read in bulk.

Feeds of deep books are little else, so what is known of all levels at once is found out at once: one pattern checks the
shape and every text, one cut takes them apart, and the records' JSON is the exchange's own with names put in. Whoever
wants single changes sees a sequence of `Change`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, overload

from market.decimals import PRICE_TICKS
from market.records import Change, ReadyJson, Side

# What nearly every list looks like; `market.decimals` says what else fits.
_PRICE = rb'"(?:0|[1-9]\d{0,9}+)(?:\.\d{1,8}+)?+"'
_SIZE = rb'"(?:0|[1-9]\d{0,8}+)(?:\.\d{1,10}+)?+"'
_LEVEL = rb"\[" + _PRICE + rb"," + _SIZE + rb"\]"
_is_usual = re.compile(rb"\[(?:" + _LEVEL + rb"(?:," + _LEVEL + rb")*+)?+\]").fullmatch

# A total of nothing, in every spelling that the pattern lets through.
NOTHING: Final = frozenset({"0", *("0." + "0" * places for places in range(1, 11))})


class PlainSide:
    """One side's levels: `ticks` are the prices in whole ticks of 10^-8, `texts` each price and its new total."""

    __slots__ = ("side", "texts", "ticks")

    def __init__(self, side: Side, ticks: list[int], texts: list[tuple[str, str]]) -> None:
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


def plain_changes(bids: bytes, asks: bytes) -> PlainChanges | None:
    """The changes of two JSON lists; None where they look unusual: then they must be read level by level.

    Raises `OutOfRange` for a price of 0.
    """
    if not (_is_usual(bids) and _is_usual(asks)):
        return None
    bid_side, bid_json = _side("bid", bids)
    ask_side, ask_json = _side("ask", asks)
    between = b"," if bid_json and ask_json else b""
    return PlainChanges(bid_side, ask_side, b"[" + bid_json + between + ask_json + b"]")


def _side(side: Side, levels: bytes) -> tuple[PlainSide, bytes]:
    if len(levels) == len(b"[]"):
        return PlainSide(side, [], []), b""
    inner = levels[3:-3]
    texts = inner.decode("ascii").replace('"],["', '","').split('","')
    prices = texts[::2]
    pairs = list(zip(prices, texts[1::2], strict=True))
    begin = b'{"side":"' + side.encode() + b'","price":"'
    json = begin + inner.replace(b'","', b'","remaining":"').replace(b'"],["', b'"},' + begin) + b'"}'
    return PlainSide(side, list(map(PRICE_TICKS.__getitem__, prices)), pairs), json
