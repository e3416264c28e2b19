"""The best levels as a line of JSON."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.top_lines import is_top_line, number, top_line

# As it was printed in 2019 (two levels of each side), from texts that had fewer digits: "2" and "1".
PRINTED = (
    '{"bids": [[11398.73, 0.96304843], [11396.13, 2.0]], "asks": [[11407.42, 1.30814001], [11407.92, 1.0]], '
    '"ts": 1562558996535}'
)


def test_line_is_the_printed_one() -> None:
    bids = (("11398.73", "0.96304843"), ("11396.13", "2"))
    asks = (("11407.42", "1.30814001"), ("11407.92", "1"))
    assert top_line(bids, asks, 1562558996535) == PRINTED


def test_side_without_levels_is_an_empty_list() -> None:
    assert json.loads(top_line((), (("1", "2"),), 5)) == {"bids": [], "asks": [[1.0, 2.0]], "ts": 5}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1", "1.0"),
        ("100", "100.0"),
        ("0.10", "0.1"),
        ("7363.00", "7363.0"),
        ("0.00000001", "0.00000001"),
        ("123456789.0123456789", "123456789.0123456789"),
    ],
)
def test_number_keeps_its_digits_and_has_a_place(text: str, shown: str) -> None:
    assert number(text) == shown


@given(st.decimals(min_value=Decimal("0.0001"), max_value=Decimal("9999999"), places=8))
def test_number_looks_like_a_float_where_a_float_holds_it(value: Decimal) -> None:
    assert number(f"{value:f}") == json.dumps(float(value))


def test_every_beginning_of_a_line_is_known_for_one_and_other_text_is_not() -> None:
    assert all(is_top_line(PRINTED[:length].encode()) for length in range(1, len(PRINTED)))
    assert not is_top_line(b'{"type": "update"')
    assert not is_top_line(b"dear diary")
