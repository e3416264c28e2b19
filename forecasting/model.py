"""Prophet, fitted and asked for minutes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import FitFailed, TooLittleHistory
from forecasting.history import MINUTE, History
from forecasting.points import training_points
from forecasting.quiet_prophet import Prophet, model_to_json, quiet_libraries

CYCLE_NAME = "simulated_cycle"
MINIMUM_POINTS = 100
# Means over a span smooth the noise away, as long as enough of them are left to see a shape in.
SPANS, ENOUGH_POINTS = (15 * MINUTE, 5 * MINUTE), 200
DAY = 86_400
# Stan's optimiser starts from fixed values; the seed only makes that explicit.
SEED = 1


@dataclass(frozen=True)
class FitSettings:
    """How to fit: the span of a training point, and the period of a simulated market's cycle (None: a real market)."""

    resample_seconds: int = 900
    cycle_seconds: int | None = None

    @property
    def label(self) -> str:
        """What the model was shown, in words; says so when the market is simulated."""
        span = self.resample_seconds // MINUTE
        points = "single minutes" if span == 1 else f"{span}-minute means"
        if self.cycle_seconds is None:
            return f"Prophet on {points}"
        return f"SIMULATED market: Prophet on {points} with the simulator's cycle of {self.cycle_seconds} s"


def suited_span(history: History) -> int:
    """The span of a training point (seconds): 15 minutes, or less where that would leave too few points."""
    seconds = len(history.traded()) * MINUTE
    return next((span for span in SPANS if seconds // span >= ENOUGH_POINTS), MINUTE)


@dataclass(frozen=True)
class FittedModel:
    """A fitted model and how many points it saw."""

    prophet: Prophet
    settings: FitSettings
    points: int

    def as_json(self) -> str:
        """The model in Prophet's own form; `prophet.serialize.model_from_json` reads it."""
        return str(model_to_json(self.prophet))


def fit(history: History, settings: FitSettings) -> FittedModel:
    """Fit Prophet on log weighted prices. Raises TooLittleHistory or FitFailed."""
    points = training_points(history, settings.resample_seconds)
    if len(points) < MINIMUM_POINTS:
        raise TooLittleHistory(
            f"{len(points)} points of {settings.resample_seconds // MINUTE} min are too few to fit, "
            f"at least {MINIMUM_POINTS} are needed: give a longer history or a smaller --resample"
        )
    with quiet_libraries():
        prophet = Prophet(uncertainty_samples=0)
        if settings.cycle_seconds is not None:
            # Prophet's Fourier terms count days from the Unix epoch, as the simulator's cycle does.
            period = settings.cycle_seconds / DAY
            prophet.add_seasonality(CYCLE_NAME, period=period, fourier_order=_cycle_order(settings))
        try:
            prophet.fit(points, seed=SEED)
        except RuntimeError as error:  # what cmdstanpy raises when neither optimiser gets anywhere
            raise FitFailed(f"the optimiser found no fit: {str(error).splitlines()[0]}") from error
    return FittedModel(prophet, settings, len(points))


def _cycle_order(settings: FitSettings) -> int:
    """Waves for the cycle: up to three, but never more than its points can tell apart."""
    assert settings.cycle_seconds is not None
    return min(3, max(1, settings.cycle_seconds // settings.resample_seconds // 4))


def minute_grid(first: int, count: int) -> NDArray[np.int64]:
    """`count` minute starts from `first` (epoch seconds) on."""
    return first + MINUTE * np.arange(count, dtype=np.int64)


def expected(model: FittedModel, starts: NDArray[np.int64]) -> pd.DataFrame:
    """Prophet's forecast for these minute starts (epoch seconds): its frame, with `yhat` the log price."""
    with quiet_libraries():
        return model.prophet.predict(pd.DataFrame({"ds": pd.to_datetime(starts, unit="s")}))
