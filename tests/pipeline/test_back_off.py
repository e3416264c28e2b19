"""Delays between tries."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.back_off import BackOff


def test_longest_delays_double_up_to_the_cap() -> None:
    back_off = BackOff(first=0.5, cap=3.0, draw=lambda: 1.0)
    assert [back_off.next() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_shortest_delays_are_half_of_the_longest() -> None:
    back_off = BackOff(first=0.5, cap=3.0, draw=lambda: 0.0)
    assert [back_off.next() for _ in range(5)] == [0.25, 0.5, 1.0, 1.5, 1.5]


def test_after_a_reset_delays_begin_anew() -> None:
    back_off = BackOff(first=0.5, cap=3.0, draw=lambda: 1.0)
    for _ in range(10):
        back_off.next()
    back_off.reset()
    assert back_off.next() == 0.5


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_no_delay_is_longer_than_the_cap_or_nothing(draws: list[float]) -> None:
    remaining = iter(draws)
    back_off = BackOff(first=0.5, cap=30.0, draw=lambda: next(remaining))
    assert all(0.25 <= back_off.next() <= 30 for _ in draws)
