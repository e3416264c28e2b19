"""The compiled levels of a book against those in plain Python: the same answers to everything, whatever happened."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market import levels, plain_ladders
from market.decimals import PRICE_TICKS
from market.errors import OutOfRange
from market.records import Change, Side

Ladders = levels.Ladders | plain_ladders.Ladders
of_both_kinds = pytest.mark.parametrize("make", [levels.Ladders, plain_ladders.Ladders], ids=["chosen", "plain"])
SIDES: tuple[Side, Side] = ("bid", "ask")
PRICES = (
    "9",
    "9.0",
    "9.1",
    "9.10",
    "0009.2",
    "10.50",
    "10.5000000000000",
    "11",
    "100",
    "0.00000001",
    "9999999999.99999999",
)

changes = st.builds(
    lambda side, price, remaining: Change(side=side, price=price, remaining=remaining),
    st.sampled_from(SIDES),
    st.sampled_from(PRICES),
    st.sampled_from(["0", "0.00", "00", "1", "2.50", "0.0000000001", "999999999.9999999999", "000001.5"]),
)
steps = st.lists(st.tuples(st.booleans(), st.lists(changes, max_size=20)), max_size=6)


def shown(ladders: Ladders) -> list[object]:
    """All answers."""
    found: list[object] = [len(ladders), ladders.is_crossed]
    for side in SIDES:
        found += [ladders.best(side, depth) for depth in (-1, 0, 1, 3, 99)]
        for price in PRICES:
            ticks = PRICE_TICKS[price]
            found += [ladders.level(side, ticks), ladders.count_to(side, ticks), ladders.count_to(side, ticks - 1)]
    return found


@given(steps)
def test_both_kinds_answer_the_same_after_any_changes(steps: list[tuple[bool, list[Change]]]) -> None:
    chosen, plain = levels.Ladders(), plain_ladders.Ladders()
    for is_whole, given_changes in steps:
        for ladders in (chosen, plain):
            (ladders.replace if is_whole else ladders.apply)(given_changes)
        assert shown(chosen) == shown(plain)


@of_both_kinds
def test_deep_book_that_is_emptied_and_filled_again_holds_what_it_was_given(make: Callable[[], Ladders]) -> None:
    ladders = make()
    deep = [Change(side="ask", price=f"{price}.5", remaining="1") for price in range(1, 3_001)]
    for _ in range(3):
        ladders.apply(reversed(deep))
        assert ladders.best("ask", 2) == (("1.5", "1"), ("2.5", "1"))
        assert len(ladders) == 3_000
        ladders.apply(Change(side="ask", price=change.price, remaining="0") for change in deep)
        assert len(ladders) == 0


@of_both_kinds
def test_price_that_does_not_fit_is_out_of_range_and_the_levels_before_it_stay(make: Callable[[], Ladders]) -> None:
    ladders = make()
    with pytest.raises(OutOfRange, match="1e5"):
        ladders.apply([Change(side="bid", price="7", remaining="1"), Change(side="bid", price="1e5", remaining="1")])
    assert ladders.best("bid", 9) == (("7", "1"),)


@of_both_kinds
def test_book_stays_as_it_is_when_what_is_to_replace_it_does_not_fit(make: Callable[[], Ladders]) -> None:
    ladders = make()
    ladders.apply([Change(side="bid", price="7", remaining="1")])
    with pytest.raises(OutOfRange, match="1e5"):
        ladders.replace([Change(side="bid", price="8", remaining="1"), Change(side="bid", price="1e5", remaining="1")])
    assert ladders.best("bid", 9) == (("7", "1"),)
