"""Whole books read by their layout, and what changed between two of them: the same as number by number."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.levels import ARE_COMPILED, BookLayout, compiled_difference
from market.records import Level
from producers import whole_book
from producers.json_numbers import plain_number

pytestmark = pytest.mark.skipif(not ARE_COMPILED, reason="nothing was compiled on this machine")

PAIRS = BookLayout('{"s":"<text>","n":<whole>,"t":<number>,"b":[<bids>],"a":[<asks>]}', '["<price>","<remaining>"]')
UNITS = BookLayout('{"u":[<units>]}', '{"ap":<ask_price>,"bp":<bid_price>,"as":<ask_size>,"bs":<bid_size>}')
Levels = tuple[Level, ...]


def pairs(bids: Levels, asks: Levels, *, number: str = "1.5E7") -> bytes:
    lists = [",".join(f'["{price}","{size}"]' for price, size in levels) for levels in (bids, asks)]
    return f'{{"s":"BTC-USD","n":7,"t":{number},"b":[{lists[0]}],"a":[{lists[1]}]}}'.encode()


def unit(ask: Level, bid: Level) -> str:
    return f'{{"ap":{ask[0]},"bp":{bid[0]},"as":{ask[1]},"bs":{bid[1]}}}'


def units(*each: str) -> bytes:
    return f'{{"u":[{",".join(each)}]}}'.encode()


def test_pairs_are_read_digit_for_digit_best_first() -> None:
    bids, asks = (
        (("99.50", "1.0"), ("9", "999999999.9999999999")),
        (("100", "0.0000000001"), ("9999999999.99999999", "2")),
    )
    found = PAIRS.match(pairs(bids, asks))
    assert found is not None
    assert found[:2] == ["BTC-USD", 7]
    assert [tuple(levels) for levels in found[2:]] == [bids, asks]
    assert (len(found[2]), found[2][-1], found[2][:1], found[3] == asks) == (2, bids[1], [bids[0]], True)
    with pytest.raises(IndexError):
        found[2][2]


def test_side_without_levels_is_read_as_one() -> None:
    found = PAIRS.match(pairs((), ()))
    assert found is not None
    assert (list(found[2]), list(found[3])) == ([], [])
    found = UNITS.match(units())
    assert found is not None
    assert (list(found[0]), list(found[1])) == ([], [])


def test_level_of_nothing_is_none() -> None:
    found = PAIRS.match(pairs((("99", "0.0"), ("98", "1")), (("101", "0"),)))
    assert found is not None
    assert (found[2], found[3]) == ((("98", "1"),), ())
    # Where one side of a book is shorter, the other's last units have a price of 0.
    found = UNITS.match(
        units(unit(("101", "1"), ("100", "2")), unit(("0.0", "0.0"), ("99", "3")), unit(("103", "4"), ("0", "5")))
    )
    assert found is not None
    assert (found[0], found[1]) == ((("100", "2"), ("99", "3")), (("101", "1"), ("103", "4")))


def test_many_levels_of_nothing_take_no_room() -> None:
    none = [unit(("0.0", "999999999.9999999999"), ("0", "0"))] * 3_000
    found = UNITS.match(units(*none, unit(("101", "1"), ("100", "2"))))
    assert found is not None
    assert (found[0], found[1]) == ((("100", "2"),), (("101", "1"),))


numbers = st.one_of(
    st.from_regex(r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,8})?", fullmatch=True),
    st.from_regex(r"[1-9](\.[0-9]{1,8})?[eE][+-]?[0-9]{1,2}", fullmatch=True),
    st.from_regex(r"[0-9]{0,3}(\.[0-9]{0,12})?([eE][+-]?[0-9]{0,4})?", fullmatch=True),
    st.sampled_from(
        ["2.2855E7", "1.0E-4", "1E0", "1e-0", "9E9", "1.25E1", "1.25E2", "1.25E3", "1.0E10", "1E-8", "007", "-1"]
    ),
)


@given(numbers, numbers)
def test_numbers_of_units_are_written_out_as_the_general_reader_writes_them(price: str, size: str) -> None:
    found = UNITS.match(units(unit((price, size), ("0.5", "1"))))
    if found is None or not found[1]:
        return
    assert found[1][0] == (plain_number(price.encode(), "price"), plain_number(size.encode(), "size"))
    assert Decimal(found[1][0][0]) > 0
    assert Decimal(found[1][0][1]) > 0


@pytest.mark.parametrize(
    "number", ["127.0", "2.2855E7", "2.2855e+7", "1.0E-4", "5", "0.25", "1E1", "1.25E1", "12345678.9"]
)
def test_usual_numbers_of_units_are_read(number: str) -> None:
    assert UNITS.match(units(unit((number, number), ("0.00000001", number)))) is not None


@pytest.mark.parametrize(
    "payload",
    [
        pairs((("99", "1"), ("100", "1")), ()),
        pairs((("99", "1"), ("99.0", "1")), ()),
        pairs((), (("100", "1"), ("99", "1"))),
        pairs((("0", "1"),), ()),
        pairs((("9.9E1", "1"),), ()),
        pairs((("99", "1e2"),), ()),
        pairs((), (), number="01"),
        pairs((), (), number="1."),
        pairs((), (), number="1e"),
        pairs((), (), number=""),
        pairs((), ())[:-1],
        units(unit(("101", "1"), ("100", "1")), unit(("100", "1"), ("99", "1"))),
        units(unit(("007", "1"), ("1", "1"))),
        units(unit(("12.5E7", "1"), ("100", "1"))),
        units(unit(("1.5E999", "1"), ("100", "1"))),
        units(unit(("1." + "5" * 40 + "E2", "1"), ("100", "1"))),
        units(unit(("1.123456789", "1"), ("100", "1"))),
        units(unit(("1E", "1"), ("100", "1"))),
        units(unit(('"101"', "1"), ("100", "1"))),
        units("{}"),
    ],
)
def test_book_that_is_unusual_is_not_read(payload: bytes) -> None:
    assert PAIRS.match(payload) is None
    assert UNITS.match(payload) is None


def side(prices: list[str]) -> st.SearchStrategy[Levels]:
    """Some of the prices, in their order, with sizes that are often alike."""
    one_of_each = st.tuples(
        *(st.tuples(st.just(price), st.sampled_from(["", "1", "1.0", "2", "2.5"])) for price in prices)
    )
    return one_of_each.map(lambda levels: tuple(level for level in levels if level[1]))


def respelled(levels: Levels, zeros: list[bool]) -> Levels:
    """Some prices in another spelling."""
    return tuple((f"{price}.0" if zero else price, size) for (price, size), zero in zip(levels, zeros, strict=False))


asks_of = side([str(price) for price in range(101, 110)])
bids_of = side([str(price) for price in range(109, 100, -1)])
zeros = st.lists(st.booleans(), min_size=9, max_size=9)


@given(bids_of, asks_of, bids_of, asks_of, zeros)
def test_difference_is_that_of_plain_python_change_for_change(
    old_bids: Levels, old_asks: Levels, bids: Levels, asks: Levels, zeros: list[bool]
) -> None:
    bids, asks = respelled(bids, zeros), respelled(asks, zeros)
    old, new = PAIRS.match(pairs(old_bids, old_asks)), PAIRS.match(pairs(bids, asks))
    assert old is not None
    assert new is not None
    found = compiled_difference(old[2], old[3], new[2], new[3])
    assert found is not None
    assert list(found) == list(whole_book.difference((old_bids, old_asks), (bids, asks)))
    assert whole_book.difference((old[2], old[3]), (new[2], new[3])) == found


def test_books_that_were_not_both_read_by_a_layout_are_left_to_plain_python() -> None:
    book = PAIRS.match(pairs((("99", "1"),), (("100", "1"),)))
    assert book is not None
    old = ((("99", "2"),), (("100", "1"),))
    assert compiled_difference(*old, book[2], book[3]) is None
    (change,) = whole_book.difference(old, (book[2], book[3]))
    assert (change.price, change.remaining) == ("99", "1")


def test_book_of_ten_thousand_levels_is_read() -> None:
    bids = tuple((str(price), "1") for price in range(10_000, 0, -1))
    found = PAIRS.match(pairs(bids, ()))
    assert found is not None
    assert found[2] == bids


@pytest.mark.parametrize(
    ("frame", "level"),
    [
        ('{"b":[<bids>]}', '["<price>","<remaining>"]'),
        ('{"b":[<bids>],"a":[<asks>]}', "<ask_price><bid_price><ask_size><bid_size>"),
        ('{"u":[<units>]}', '["<price>","<remaining>"]'),
        ('{"u":[<units>]}', "<bid_price><ask_price><ask_size><bid_size>"),
        ('{"b":[<bids>],"a":[<asks>],"t":"<time>"}', '["<price>","<remaining>"]'),
    ],
)
def test_layout_that_is_none_is_refused(frame: str, level: str) -> None:
    with pytest.raises(ValueError, match=r"layout|place"):
        BookLayout(frame, level)
