"""From log prices to rows: exact differences, sides, and refusing what is no price."""

from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.errors import FitFailed
from forecasting.minutes import price_units, rows_of
from forecasting.model import minute_grid
from market.forecast import parse_table, table_text
from tests.forecasting.made_up import START


def test_first_row_has_its_delta_from_the_minute_before_which_is_not_written() -> None:
    units = np.array([10_000_000_000, 10_000_000_001, 9_000_000_000], dtype=np.int64)
    table = rows_of(minute_grid(START, 3), units)
    assert [row.ds for row in table.rows] == [(START + 60) * 1000, (START + 120) * 1000]
    assert table.rows[0].delta == Decimal("0.00000001")
    assert table.rows[0].side == "buy"
    assert table.rows[1].delta == Decimal("-10.00000001")
    assert table.rows[1].side == "sell"


def test_minute_that_is_expected_to_stay_says_sell() -> None:
    table = rows_of(minute_grid(START, 2), np.array([5, 5], dtype=np.int64))
    assert (table.rows[0].delta, table.rows[0].side) == (Decimal(0), "sell")


@given(st.lists(st.floats(min_value=-5, max_value=16), min_size=2, max_size=20))
def test_delta_is_exactly_the_difference_of_the_written_prices(log_prices: list[float]) -> None:
    table = rows_of(minute_grid(START, len(log_prices)), price_units(np.array(log_prices)))
    rows = parse_table(table_text(table)).rows
    for earlier, later in pairwise(rows):
        assert earlier.yhat is not None
        assert later.yhat is not None
        assert later.delta == later.yhat - earlier.yhat
        assert (later.side == "buy") == (later.yhat > earlier.yhat)


@pytest.mark.parametrize("log_price", [float("nan"), float("inf"), 24.0])
def test_curve_that_leaves_every_sensible_price_is_refused(log_price: float) -> None:
    with pytest.raises(FitFailed, match="sensible price"):
        price_units(np.array([9.0, log_price]))
