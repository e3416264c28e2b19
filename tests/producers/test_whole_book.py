"""What changed between two whole books, held against a slow and obvious reckoning."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.records import Change, Level, Side
from producers.symbol_feed import Doubt, SymbolFeed
from producers.whole_book import difference, first_view

Book = tuple[Sequence[Level], Sequence[Level]]
ASKS: tuple[Level, ...] = (("101", "1"), ("102", "2"), ("104", "4"))
BIDS: tuple[Level, ...] = (("100", "1"), ("99", "2"), ("97", "4"))


def asks_changed(*asks: Level) -> Sequence[Change]:
    return difference((BIDS, ASKS), (BIDS, asks))


def ask(price: str, remaining: str, *, initial: bool = False) -> Change:
    return Change(side="ask", price=price, remaining=remaining, reason="initial" if initial else None)


def test_first_view_is_initial() -> None:
    assert first_view(BIDS[:1], ASKS[:1]) == [
        Change(side="bid", price="100", remaining="1", reason="initial"),
        Change(side="ask", price="101", remaining="1", reason="initial"),
    ]


def test_same_book_has_no_difference() -> None:
    assert asks_changed(*ASKS) == []
    assert difference(((), ()), ((), ())) == []


def test_new_size_of_a_level_is_its_new_total() -> None:
    assert asks_changed(("101", "1"), ("102", "2.5"), ("104", "4")) == [ask("102", "2.5")]


def test_other_spelling_of_the_same_numbers_is_no_difference() -> None:
    assert asks_changed(("101.0", "1.00"), ("102", "2.0"), ("104.00", "4")) == []


def test_level_taken_away_within_view_is_a_removal_and_the_one_that_moves_up_into_view_is_initial() -> None:
    found = asks_changed(("102", "2"), ("104", "4"), ("105", "5"))
    assert found == [ask("105", "5", initial=True), ask("101", "0")]


def test_level_that_a_better_one_pushes_out_of_view_is_no_removal() -> None:
    found = asks_changed(("100.5", "7"), ("101", "1"), ("102", "2"))
    assert found == [ask("100.5", "7")]


def test_shorter_view_removes_nothing_beyond_its_edge() -> None:
    assert asks_changed(("101", "1")) == []


def test_side_that_shows_nothing_any_more_removes_nothing_and_what_comes_back_is_initial() -> None:
    assert asks_changed() == []
    assert difference((BIDS, ()), (BIDS, ASKS)) == first_view((), ASKS)


def reckoned(old: Sequence[Level], new: Sequence[Level], side: Side) -> set[object]:
    """The same by the design's words, price by price."""
    before = {Decimal(price): Decimal(size) for price, size in old}
    after = {Decimal(price): (price, size) for price, size in new}

    def shows(book: Sequence[Level], price: Decimal) -> bool:
        prices = [Decimal(text) for text, _ in book]
        return bool(prices) and (price >= min(prices) if side == "bid" else price <= max(prices))

    changes: set[object] = set()
    for price, (text, size) in after.items():
        if price not in before:
            changes.add((side, price, Decimal(size), None if shows(old, price) else "initial"))
        elif before[price] != Decimal(size):
            changes.add((side, price, Decimal(size), None))
        assert Decimal(text) == price
    for price in before.keys() - after.keys():
        if shows(new, price):
            changes.add((side, price, Decimal(0), None))
    return changes


def plainly(changes: Sequence[Change], side: Side) -> set[object]:
    told = [change for change in changes if change.side == side]
    plain = {(change.side, Decimal(change.price), Decimal(change.remaining), change.reason) for change in told}
    assert len(plain) == len(told)
    return set(plain)


SIZES = st.sampled_from(["1", "1.0", "01", "10", "10.0", "2", "0.5", "0.50", "00.5", "0.05"])
SPELLINGS = st.sampled_from(["{}", "{}.0", "{}.00"])
SIDE = st.dictionaries(st.integers(90, 110), st.tuples(SPELLINGS, SIZES), max_size=9)


def ladder(levels: dict[int, tuple[str, str]], *, best_first: bool) -> tuple[Level, ...]:
    return tuple((levels[p][0].format(p), levels[p][1]) for p in sorted(levels, reverse=best_first))


@given(SIDE, SIDE, SIDE, SIDE)
def test_differences_are_those_of_the_design(
    old_bids: dict[int, tuple[str, str]],
    old_asks: dict[int, tuple[str, str]],
    new_bids: dict[int, tuple[str, str]],
    new_asks: dict[int, tuple[str, str]],
) -> None:
    old = ladder(old_bids, best_first=True), ladder(old_asks, best_first=False)
    new = ladder(new_bids, best_first=True), ladder(new_asks, best_first=False)
    found = difference(old, new)
    sides: tuple[tuple[Side, Sequence[Level], Sequence[Level]], ...] = (
        ("bid", old[0], new[0]),
        ("ask", old[1], new[1]),
    )
    for side, before, after in sides:
        assert plainly(found, side) == reckoned(before, after, side)


@given(SIDE, SIDE, SIDE, SIDE, st.integers(0, 10))
def test_symbol_shows_the_last_book_however_it_is_looked_at(
    old_bids: dict[int, tuple[str, str]],
    old_asks: dict[int, tuple[str, str]],
    new_bids: dict[int, tuple[str, str]],
    new_asks: dict[int, tuple[str, str]],
    depth: int,
) -> None:
    old = ladder(old_bids, best_first=True), ladder(old_asks, best_first=False)
    new = ladder(new_bids, best_first=True), ladder(new_asks, best_first=False)
    looked_at, left_alone = (SymbolFeed("KRW-BTC", Doubt("start", None)) for _ in range(2))
    for symbol in (looked_at, left_alone):
        assert symbol.take_whole(*old) == first_view(*old)
    assert decimals(looked_at.book.top(depth)) == decimals((old[0][:depth], old[1][:depth]))
    assert looked_at.take_whole(*new) == left_alone.take_whole(*new) == difference(old, new)
    for symbol in (looked_at, left_alone):
        shown, is_crossed = symbol.top(depth), symbol.is_crossed
        assert shown == symbol.book.top(depth) == (new[0][:depth], new[1][:depth])
        assert is_crossed == symbol.book.is_crossed == symbol.is_crossed
        symbol.forget_book()
        assert symbol.top(depth) == symbol.book.top(depth) == ((), ())
        assert not symbol.is_crossed


def decimals(book: Book) -> list[list[tuple[Decimal, Decimal]]]:
    return [[(Decimal(price), Decimal(size)) for price, size in side] for side in book]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_one_level_that_only_changes_its_price_text_keeps_its_size(count: int) -> None:
    old = tuple((str(100 + n), "1") for n in range(count))
    new = tuple((f"{100 + n}.0", "1") for n in range(count))
    assert difference(((), old), ((), new)) == []
