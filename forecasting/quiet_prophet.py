"""Prophet, without its small talk: import its names from here.

Prophet logs a line when plotly is absent (we draw with matplotlib), reports on every fit which seasonalities it chose,
cmdstanpy when its chain starts and ends, and pandas 3 warns about keywords that Prophet still uses. None of it is for
our user; what goes wrong raises.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import cmdstanpy
from pandas.errors import Pandas4Warning

_LEVELS = {"prophet": logging.ERROR, "prophet.plot": logging.CRITICAL}


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Hold the loggers down and drop Prophet's own deprecation warnings, while the block runs."""
    loggers = {name: logging.getLogger(name) for name in _LEVELS}
    before = {name: logger.level for name, logger in loggers.items()}
    for name, logger in loggers.items():
        logger.setLevel(_LEVELS[name])
    try:
        with warnings.catch_warnings(), cmdstanpy.disable_logging():
            warnings.filterwarnings("ignore", category=Pandas4Warning, module=r"prophet\.")
            yield
    finally:
        for name, logger in loggers.items():
            logger.setLevel(before[name])


with quiet_libraries():
    from prophet import Prophet
    from prophet.plot import plot_components
    from prophet.serialize import model_from_json, model_to_json

__all__ = ["Prophet", "model_from_json", "model_to_json", "plot_components", "quiet_libraries"]
