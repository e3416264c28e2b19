"""Levels read in bulk against levels read one by one."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.decimals import PRICE_TICKS, SIZE_TICKS, OutOfRange
from market.order_book import OrderBook
from market.plain_changes import changes_of, plain_changes
from market.records import L2, Change, Side, decode_feed, encode

prices = st.from_regex(r"[0-9]{1,11}(\.[0-9]{1,9})?", fullmatch=True)
sizes = st.one_of(
    st.sampled_from(["0", "0.0", "0.00000000", "00", "0.000000000000"]),
    st.from_regex(r"[0-9]{1,10}(\.[0-9]{1,11})?", fullmatch=True),
)
pairs = st.lists(st.tuples(prices, sizes), max_size=12)


def fits(price: str, size: str) -> bool:
    try:
        return PRICE_TICKS[price] > 0 and SIZE_TICKS[size] >= 0
    except OutOfRange:
        return False


def one_by_one(bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> list[Change]:
    sides: tuple[tuple[Side, list[tuple[str, str]]], ...] = (("bid", bids), ("ask", asks))
    return [Change(side=side, price=p, remaining=q) for side, levels in sides for p, q in levels]


@given(pairs, pairs)
def test_what_is_read_in_bulk_is_what_is_read_one_by_one(
    bids: list[tuple[str, str]], asks: list[tuple[str, str]]
) -> None:
    if not all(fits(*level) for level in (*bids, *asks)):
        with pytest.raises(OutOfRange):
            plain_changes(bids, asks)
        return
    changes = plain_changes(bids, asks)
    assert list(changes) == one_by_one(bids, asks)
    assert len(changes) == len(bids) + len(asks)
    assert changes == one_by_one(bids, asks)
    assert json.loads(changes.json) == [msgspec.to_builtins(change) for change in one_by_one(bids, asks)]
    in_bulk, slowly = OrderBook(), OrderBook()
    in_bulk.apply(changes)
    slowly.apply(one_by_one(bids, asks))
    assert in_bulk.top(30) == slowly.top(30)


@pytest.mark.parametrize("wrong", [("1.5", "-2"), ("1.5", "1e5"), ("1.5", '1","x":"'), ('1"', "2"), ("1.5", "٢")])
def test_what_does_not_fit_is_out_of_range_on_either_side(wrong: tuple[str, str]) -> None:
    for read in (plain_changes, changes_of):
        with pytest.raises(OutOfRange):
            read([wrong], [])
        with pytest.raises(OutOfRange):
            read([], [("1", "1"), wrong])


@given(pairs, pairs)
def test_changes_are_the_same_however_many_they_are(bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> None:
    if all(fits(*level) for level in (*bids, *asks)):
        assert changes_of(bids, asks) == one_by_one(bids, asks)
        assert len(changes_of(bids, asks)) == len(bids) + len(asks)


def test_price_of_zero_is_out_of_range() -> None:
    with pytest.raises(OutOfRange, match="must be more than 0"):
        plain_changes([("0.000", "2")], [])


def test_record_with_levels_read_in_bulk_is_read_back_as_any_other() -> None:
    changes = plain_changes([("1.50", "2"), ("1.4", "0.0")], [("1.6", "3")])
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
