"""Frames read by their layout, from raw bytes to changes: all that fits, nothing else, and the same numbers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.decimals import PRICE_TICKS, SIZE_TICKS, OutOfRange
from market.levels import ARE_COMPILED, FrameLayout
from market.order_book import OrderBook
from market.plain_ladders import Ladders
from market.records import L2, Change, Side, decode_feed, encode
from producers.iso_time import EPOCH_MS

pytestmark = pytest.mark.skipif(not ARE_COMPILED, reason="nothing was compiled on this machine")

PAIRS = '["<price>","<remaining>"]'
SIDES: dict[str, Side] = {"buy": "bid", "sell": "ask"}
TWO_LISTS = FrameLayout('{"b":[<bids>],"a":[<asks>]}', PAIRS)
ONE_LIST = FrameLayout('{"n":<whole>,"s":"<text>","changes":[<changes>]}', '["<side>","<price>","<remaining>"]', SIDES)
TIMED = FrameLayout(
    '{"at":"<time>","l":[<changes>]}', '{"s":"<side>","t":"<time>","p":"<price>","r":"<remaining>"}', SIDES
)

# What is written as nearly all numbers are, and what is only nearly so.
prices = st.from_regex(r"[0-9]{1,10}(\.[0-9]{1,8})?", fullmatch=True)
sizes = st.one_of(
    st.sampled_from(["0", "0.0", "0.00000000", "999999999.9999999999"]),
    st.from_regex(r"[0-9]{1,9}(\.[0-9]{1,10})?", fullmatch=True),
)
any_prices = st.from_regex(r"[0-9]{0,12}(\.[0-9]{0,9})?", fullmatch=True)
any_sizes = st.from_regex(r"-?[0-9]{0,11}(\.[0-9]{0,12})?", fullmatch=True)
pairs = st.lists(st.tuples(prices.filter(lambda text: any(digit in "123456789" for digit in text)), sizes), max_size=12)
Pairs = list[tuple[str, str]]


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def changes_of(bids: Pairs, asks: Pairs) -> list[Change]:
    sides: tuple[tuple[Side, Pairs], ...] = (("bid", bids), ("ask", asks))
    return [Change(side=side, price=p, remaining=q) for side, levels in sides for p, q in levels]


def read(layout: FrameLayout, frame: Any) -> list[Any]:
    """What the layout makes of a frame that it must know."""
    found = layout.match(compact(frame))
    assert found is not None
    return found


@given(pairs, pairs)
def test_levels_are_read_digit_for_digit_and_change_a_book_as_any_others(bids: Pairs, asks: Pairs) -> None:
    (changes,) = read(TWO_LISTS, {"b": bids, "a": asks})
    expected = changes_of(bids, asks)
    assert list(changes) == expected
    assert changes == expected
    assert len(changes) == len(expected)
    assert json.loads(changes.json) == [msgspec.to_builtins(change) for change in expected]
    read_so, one_by_one = OrderBook(), Ladders()
    read_so.apply(changes)
    one_by_one.apply(expected)
    assert read_so.top(30) == (one_by_one.best("bid", 30), one_by_one.best("ask", 30))


@given(any_prices, any_sizes)
def test_what_a_layout_reads_of_any_number_fits_and_has_no_superfluous_digits(price: str, size: str) -> None:
    found = TWO_LISTS.match(compact({"b": [(price, size)], "a": []}))
    try:
        fits = PRICE_TICKS[price] > 0 and SIZE_TICKS[size] >= 0
    except OutOfRange:
        fits = False
    is_usual = all(
        len(part.partition(".")[0]) <= most and len(part.partition(".")[2]) <= places
        for part, most, places in ((price, 10, 8), (size, 9, 10))
    )
    assert (found is not None) == (fits and is_usual)


def test_sides_are_told_by_their_names_and_other_fields_are_returned_in_order() -> None:
    frame = {"n": 2**63 - 1, "s": "BTC-USD", "changes": [("sell", "1.5", "0.0"), ("buy", "1.25", "3")]}
    number, symbol, changes = read(ONE_LIST, frame)
    assert (number, symbol) == (2**63 - 1, "BTC-USD")
    assert changes == [
        Change(side="ask", price="1.5", remaining="0.0"),
        Change(side="bid", price="1.25", remaining="3"),
    ]


@pytest.mark.parametrize(
    "frame",
    [
        b'{"n":9223372036854775808,"s":"X","changes":[]}',
        b'{"n":18446744073709551617,"s":"X","changes":[]}',
        b'{"n":01,"s":"X","changes":[]}',
        b'{"n":-1,"s":"X","changes":[]}',
        b'{"n":1.0,"s":"X","changes":[]}',
        b'{"n":,"s":"X","changes":[]}',
        b'{"n":1,"s":"","changes":[]}',
        b'{"n":1,"s":"\\u0041","changes":[]}',
        '{"n":1,"s":"Ä","changes":[]}'.encode(),
        b'{"n":1,"s":"' + b"X" * 65 + b'","changes":[]}',
        b'{"n":1,"s":"X","changes":[["hold","1","2"]]}',
        b'{"n":1,"s":"X","changes":[["buyer","1","2"]]}',
        b'{"n":1,"s":"X","changes":[["buy","0.00","2"]]}',
        b'{"n":1,"s":"X","changes":[["buy","1","2"],]}',
        b'{"n":1,"s":"X","changes":[["buy","1","2"]["buy","1","2"]]}',
        b'{"n":1,"s":"X","changes":[,["buy","1","2"]]}',
        b'{"n":1,"s":"X","changes":[["buy",1,"2"]]}',
        b'{"n":1, "s":"X","changes":[]}',
        b'{"n":1,"s":"X","changes":[]} ',
        b'{"s":"X","n":1,"changes":[]}',
        b"",
    ],
)
def test_frame_that_differs_from_its_layout_is_not_read(frame: bytes) -> None:
    assert ONE_LIST.match(frame) is None


def test_frame_that_is_cut_anywhere_is_not_read() -> None:
    frame = compact(
        {"at": "2026-01-01T00:00:00.5Z", "l": [{"s": "buy", "t": "2026-01-01T00:00:01Z", "p": "1", "r": "2"}]}
    )
    assert TIMED.match(frame) is not None
    for length in range(len(frame)):
        assert TIMED.match(frame[:length]) is None


@given(
    st.integers(0, 253_402_300_799).map(lambda second: datetime.fromtimestamp(second, UTC)),
    st.from_regex(r"(\.[0-9]{1,18})?", fullmatch=True),
)
def test_times_are_those_of_the_general_reader(second: datetime, fraction: str) -> None:
    text = f"{second:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + fraction + "Z"
    time, changes = read(TIMED, {"at": text, "l": [{"s": "buy", "t": text, "p": "1", "r": "2"}]})
    assert time == EPOCH_MS[text]
    assert [change.time for change in changes] == [EPOCH_MS[text]]


def test_every_day_of_four_centuries_is_counted() -> None:
    first = datetime(1970, 1, 1, tzinfo=UTC)
    for day in range(365 * 401):
        when = first + timedelta(days=day)
        (time, _) = read(TIMED, {"at": f"{when:%Y-%m-%d}T00:00:00Z", "l": []})
        assert time == day * 86_400_000


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
        "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-04-31T00:00:00Z",
        "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:0-1Z",
        "2026-01-01T00:00:00.1234567890123456789Z", "",
    ],
)  # fmt: skip
def test_time_that_is_none_or_is_written_otherwise_is_not_read(text: str) -> None:
    assert TIMED.match(compact({"at": text, "l": []})) is None
    assert (
        TIMED.match(compact({"at": "2026-01-01T00:00:00Z", "l": [{"s": "buy", "t": text, "p": "1", "r": "2"}]})) is None
    )


def test_record_of_compiled_changes_is_read_back_as_any_other() -> None:
    (changes,) = read(TWO_LISTS, {"b": [("1.50", "2"), ("1.4", "0.0")], "a": [("1.6", "3")]})
    record = L2(exchange="binance", symbol="BTCUSDT", event_time=1, received_time=2, connection="c", changes=changes)
    back = decode_feed(encode(record))
    assert isinstance(back, L2)
    assert back.changes == tuple(changes_of([("1.50", "2"), ("1.4", "0.0")], [("1.6", "3")]))


def test_a_frame_of_forty_thousand_levels_is_read_and_a_small_one_after_it() -> None:
    bids = [(f"{price}.25", "1.5") for price in range(1, 40_001)]
    (changes,) = read(TWO_LISTS, {"b": bids, "a": []})
    (few,) = read(TWO_LISTS, {"b": [], "a": [("7", "8")]})
    assert changes == changes_of(bids, [])
    assert few == changes_of([], [("7", "8")])
    assert changes[39_999].price == "40000.25"
    assert [change.price for change in changes[1:3]] == ["2.25", "3.25"]


@pytest.mark.parametrize(
    ("frame", "level", "sides"),
    [
        ('{"b":[<changes>]}', '["<side>","<price>","<remaining>"]', {f"s{number}": "bid" for number in range(5)}),
        ('{"b":[]}', PAIRS, None),
        ('{"b":[<bids>]}', '["<remaining>","<price>"]', None),
        ('{"b":[<bids>]}', '["<price>"]', None),
        ('{"b":[<bids>]}', '["<side>","<price>","<remaining>"]', SIDES),
        ('{"b":[<changes>]}', PAIRS, None),
        ('{"b":[<bids>]}', PAIRS, SIDES),
        ('{"c":[<changes>],"b":[<bids>]}', '["<side>","<price>","<remaining>"]', SIDES),
        ('{"c":[<changes>],"b":[<bids>]}', PAIRS, None),
        ('{"b":[<bids>],"p":"<price>"}', PAIRS, None),
        ('{"b":[<bids>]}', '["<price>","<remaining>","<text>"]', None),
        ('{"b":[<bids>]' + ',"n":<whole>' * 20 + "}", PAIRS, None),
    ],
)
def test_layout_that_is_none_is_refused(frame: str, level: str, sides: dict[str, Side] | None) -> None:
    with pytest.raises(ValueError, match=r"layout|levels|place"):
        FrameLayout(frame, level, sides)
