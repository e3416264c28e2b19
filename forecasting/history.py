"""A history of minutes in memory, and how it is cut."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MINUTE = 60


@dataclass(frozen=True)
class History:
    """Minutes in rising order: `starts` in epoch seconds, `prices` the weighted price, NaN where nothing was traded."""

    starts: NDArray[np.int64]
    prices: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def first(self) -> int:
        """Start of the first minute, epoch seconds."""
        return int(self.starts[0])

    @property
    def last(self) -> int:
        """Start of the last minute, epoch seconds."""
        return int(self.starts[-1])

    def before(self, moment: int) -> "History":
        """The minutes that start before `moment` (epoch seconds)."""
        cut = int(np.searchsorted(self.starts, moment))
        return History(self.starts[:cut], self.prices[:cut])

    def since(self, moment: int) -> "History":
        """The minutes that start at `moment` (epoch seconds) or later."""
        cut = int(np.searchsorted(self.starts, moment))
        return History(self.starts[cut:], self.prices[cut:])

    def traded(self) -> "History":
        """Only the minutes that have a price."""
        has_price = ~np.isnan(self.prices)
        return History(self.starts[has_price], self.prices[has_price])


@dataclass(frozen=True)
class HistorySummary:
    """What a history holds: counts of minutes, `longest_gap` in minutes from `longest_gap_start` (epoch seconds) on."""

    rows: int
    empty: int
    gaps: int
    missing: int
    longest_gap: int
    longest_gap_start: int
    first: int
    last: int


def summary_of(history: History) -> HistorySummary:
    """Count rows, minutes without a price, and the minutes that the file does not hold."""
    missing = np.diff(history.starts) // MINUTE - 1
    longest = int(missing.argmax()) if len(missing) else 0
    return HistorySummary(
        rows=len(history),
        empty=int(np.isnan(history.prices).sum()),
        gaps=int((missing > 0).sum()),
        missing=int(missing.sum()),
        longest_gap=int(missing[longest]) if len(missing) else 0,
        longest_gap_start=int(history.starts[longest]) + MINUTE,
        first=history.first,
        last=history.last,
    )
