"""From the model's log prices to the rows of the forecast table."""

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import FitFailed
from forecasting.history_columns import PRICE_LIMIT
from forecasting.model import FittedModel, expected, minute_grid
from market.forecast import ForecastRow, ForecastTable, side_of

# Prices are written with 8 places; counted in these units, delta is exactly the difference of the written prices.
UNITS_PER_PRICE = 10**8


def price_units(log_prices: NDArray[np.float64]) -> NDArray[np.int64]:
    """Log prices as whole 1e-8 of the quote currency. Raises FitFailed when the curve has left all reason."""
    if not (np.isfinite(log_prices) & (log_prices < np.log(PRICE_LIMIT))).all():
        raise FitFailed("the forecast leaves every sensible price: give fewer --periods or a longer history")
    units: NDArray[np.int64] = np.rint(np.exp(log_prices) * UNITS_PER_PRICE).astype(np.int64)
    return units


def forecast_table(model: FittedModel, last_known: int, count: int) -> ForecastTable:
    """`count` minutes after `last_known` (epoch seconds).

    That minute itself is predicted too and not written, so that the first row has its delta: from model to model, not
    from the market's price to the model's.
    """
    starts = minute_grid(last_known, count + 1)
    return rows_of(starts, price_units(expected(model, starts)["yhat"].to_numpy()))


def rows_of(starts: NDArray[np.int64], units: NDArray[np.int64]) -> ForecastTable:
    """The table of all but the first minute, which only lends the second its delta."""
    deltas = np.diff(units)
    rows = []
    for start, price, change in zip(starts[1:].tolist(), units[1:].tolist(), deltas.tolist(), strict=True):
        delta = Decimal(change).scaleb(-8)
        rows.append(ForecastRow(ds=start * 1000, yhat=Decimal(price).scaleb(-8), delta=delta, side=side_of(delta)))
    return ForecastTable(rows)
