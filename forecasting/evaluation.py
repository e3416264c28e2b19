"""What the forecast is worth: how often its side was right in minutes that the model had not seen.

The last days of the history are held out, a model is fitted on what comes before, and each held-out minute whose real
change is known (the minute before is there, both have a price, and the price did change) is compared with the side.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from forecasting.history import MINUTE, History
from forecasting.minutes import price_units
from forecasting.model import DAY, FitSettings, expected, fit, minute_grid

# The project's own long measurement, to be read beside any short one.
LONG_SHARE = 50.0
LONG_SOURCE = (
    "measured for this project in 48 hold-out months, 2018 to 2025 "
    "(Binance BTCUSDT, 2.0 million minutes, 15-minute means of the three months before each)"
)


@dataclass(frozen=True)
class Measure:
    """A hold-out's outcome: counts of minutes, moves in percent of the price, `first` and `last` in epoch seconds."""

    first: int
    last: int
    minutes: int
    right: int
    rising: int
    typical_move: float

    @property
    def right_percent(self) -> float:
        """Share of the minutes whose side was right."""
        return 100 * self.right / self.minutes

    @property
    def rising_percent(self) -> float:
        """Share that somebody who always says buy has right."""
        return 100 * self.rising / self.minutes

    @property
    def standard_error(self) -> float:
        """How far chance alone moves `right_percent`, in points."""
        return 100 * sqrt(0.25 / self.minutes)


def held_out_seconds(history: History, wanted_days: float) -> int:
    """How much to hold out: what was wanted, but at most a quarter of the history."""
    return min(round(wanted_days * DAY), (history.last + MINUTE - history.first) // 4)


def measure(history: History, settings: FitSettings, holdout_seconds: int) -> Measure | None:
    """Hold out the last seconds of the history and count; None when no held-out minute can be judged.

    Raises TooLittleHistory when what is left cannot be fitted.
    """
    cut = history.last + MINUTE - holdout_seconds // MINUTE * MINUTE
    seen = history.before(cut)
    model = fit(seen, settings)
    # From the last minute before the cut, so that the first held-out one has a side.
    grid = minute_grid(cut - MINUTE, holdout_seconds // MINUTE + 1)
    buys = np.diff(price_units(expected(model, grid)["yhat"].to_numpy())) > 0
    starts, changes = known_changes(history, cut)
    if not len(changes):
        return None
    said_buy = buys[(starts - cut) // MINUTE]
    return Measure(
        first=int(starts[0]),
        last=int(starts[-1]),
        minutes=len(changes),
        right=int((said_buy == (changes > 0)).sum()),
        rising=int((changes > 0).sum()),
        typical_move=float(np.median(np.abs(changes)) * 100),
    )


def known_changes(history: History, cut: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The minutes from `cut` on whose change is known: their starts, and the change as a share of the price before."""
    changes = np.diff(history.prices) / history.prices[:-1]
    known = (np.diff(history.starts) == MINUTE) & (history.starts[1:] >= cut) & np.isfinite(changes) & (changes != 0)
    return history.starts[1:][known], changes[known]
