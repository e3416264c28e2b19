"""One side of a book."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.ladder import Ladder, Side


@given(
    side=st.sampled_from(["bid", "ask"]),
    additions=st.lists(st.tuples(st.integers(1, 20), st.integers(-5, 5)), max_size=60),
)
def test_ladder_equals_a_plain_sum_of_all_changes(side: Side, additions: list[tuple[int, int]]) -> None:
    ladder = Ladder(side)
    sums: dict[int, int] = {}
    for price, delta in additions:
        if sums.get(price, 0) + delta < 0:
            with pytest.raises(ValueError, match="cannot change"):
                ladder.add(price, delta)
        else:
            sums[price] = sums.get(price, 0) + delta
            assert ladder.add(price, delta) == sums[price]
    expected = sorted(((price, size) for price, size in sums.items() if size), reverse=side == "bid")
    assert list(ladder.levels()) == expected
    assert len(ladder) == len(expected)
    if expected:
        assert (ladder.best, ladder.price_at(-1)) == (expected[0][0], expected[-1][0])
