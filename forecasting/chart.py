"""The components plot: trend and seasonalities as the model sees them."""

from typing import IO

import matplotlib
import numpy as np
from matplotlib import pyplot

from forecasting.model import FittedModel, expected, minute_grid
from forecasting.quiet_prophet import plot_components, quiet_libraries

# The trend is a broken line: a few hundred points draw it.
DRAWN_POINTS = 500


def write_components(file: IO[bytes], model: FittedModel, first: int, count: int) -> None:
    """Draw the components over `count` minutes from `first` (epoch seconds) as a PNG."""
    grid = minute_grid(first, count)
    drawn = grid[np.linspace(0, count - 1, min(count, DRAWN_POINTS)).astype(int)]
    forecast = expected(model, drawn)
    # Agg draws into files and needs no screen.
    with matplotlib.rc_context({"backend": "Agg"}), quiet_libraries():
        figure = plot_components(model.prophet, forecast, uncertainty=False)
        figure.axes[0].set_ylabel("trend (log price)")
        figure.suptitle(model.settings.label, fontsize=9)
        figure.tight_layout()
        figure.savefig(file, format="png", dpi=100)
        pyplot.close(figure)
