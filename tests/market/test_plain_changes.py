"""Levels read in bulk against levels read one by one."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.decimals import PRICE_TICKS, SIZE_TICKS, OutOfRange
from market.order_book import OrderBook
from market.plain_changes import PlainChanges, plain_changes
from market.records import L2, Change, Side, decode_feed, encode

prices = st.from_regex(r"[0-9]{1,11}(\.[0-9]{1,9})?", fullmatch=True)
sizes = st.one_of(
    st.sampled_from(["0", "0.0", "0.00000000"]), st.from_regex(r"[0-9]{1,10}(\.[0-9]{1,11})?", fullmatch=True)
)
pairs = st.lists(st.tuples(prices, sizes), max_size=12)


def compact(levels: object) -> bytes:
    return json.dumps(levels, separators=(",", ":")).encode()


def fits(price: str, size: str) -> bool:
    try:
        return PRICE_TICKS[price] > 0 and SIZE_TICKS[size] >= 0
    except OutOfRange:
        return False


def one_by_one(bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> list[Change]:
    sides: tuple[tuple[Side, list[tuple[str, str]]], ...] = (("bid", bids), ("ask", asks))
    return [Change(side=side, price=p, remaining=q) for side, levels in sides for p, q in levels]


def read(bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> PlainChanges | None:
    try:
        return plain_changes(compact(bids), compact(asks))
    except OutOfRange:
        return None


@given(pairs, pairs)
def test_what_is_read_in_bulk_is_what_is_read_one_by_one(
    bids: list[tuple[str, str]], asks: list[tuple[str, str]]
) -> None:
    changes = read(bids, asks)
    if changes is None:
        return
    assert all(fits(*level) for level in (*bids, *asks))
    assert list(changes) == one_by_one(bids, asks)
    assert len(changes) == len(bids) + len(asks)
    assert changes == one_by_one(bids, asks)
    assert json.loads(changes.json) == [msgspec.to_builtins(change) for change in one_by_one(bids, asks)]
    in_bulk, slowly = OrderBook(), OrderBook()
    in_bulk.apply(changes)
    slowly.apply(one_by_one(bids, asks))
    assert in_bulk.top(30) == slowly.top(30)


def test_usual_levels_are_read_in_bulk() -> None:
    assert read([("90999.10000000", "0.50000000")], []) is not None
    assert read([], [("0.00002246", "1215"), ("1", "0")]) is not None
    assert read([], []) is not None


@pytest.mark.parametrize(
    "levels",
    [
        b'[["1.5","2"],]',
        b'[["1.5","2"]["1.5","2"]]',
        b'[["1.5", "2"]]',
        b'[["1.5","2","3"]]',
        b'[["01.5","2"]]',
        b'[["1.5","-2"]]',
        b'[["1.5","1e5"]]',
        b'[["12345678901","2"]]',
        b'[["1.123456789","2"]]',
        b'[["1.5","1234567890"]]',
        b'[["\\u0031","2"]]',
        b'[[1.5,"2"]]',
        '[["1.5","٢"]]'.encode(),
        b"[[]]",
        b"[",
        b"",
    ],
)
def test_unusual_levels_are_left_to_closer_reading(levels: bytes) -> None:
    assert plain_changes(levels, b"[]") is None
    assert plain_changes(b"[]", levels) is None


def test_price_of_zero_is_out_of_range() -> None:
    with pytest.raises(OutOfRange, match="must be more than 0"):
        plain_changes(b'[["0.000","2"]]', b"[]")


def test_record_with_levels_read_in_bulk_is_read_back_as_any_other() -> None:
    changes = plain_changes(b'[["1.50","2"],["1.4","0.0"]]', b'[["1.6","3"]]')
    record = L2(
        exchange="binance",
        symbol="BTCUSDT",
        event_time=1,
        received_time=2,
        connection="c",
        changes=changes,  # type: ignore[arg-type] # as the feed writes them
    )
    back = decode_feed(encode(record))
    assert isinstance(back, L2)
    assert back.changes == tuple(one_by_one([("1.50", "2"), ("1.4", "0.0")], [("1.6", "3")]))
