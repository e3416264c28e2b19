"""One training from history to files: fit, predict, hold out, write."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from forecasting.atomic_file import write_text, write_whole
from forecasting.chart import write_components
from forecasting.errors import FitFailed, TooLittleHistory
from forecasting.evaluation import Measure, held_out_seconds, measure
from forecasting.history import MINUTE
from forecasting.history_file import HistoryFile
from forecasting.minutes import forecast_table
from forecasting.model import FitSettings, FittedModel, fit
from forecasting.steps import Steps
from market.forecast import ForecastOrigin, ForecastTable, encode_forecast, forecast_id, table_text

TABLE_FILE, MODEL_FILE, PLOT_FILE, ORIGIN_FILE = "forecast.csv", "model.json", "components.png", "origin.json"


@dataclass(frozen=True)
class Request:
    """What to train: for which market, how to fit, how many minutes to predict, how many days to hold out."""

    exchange: str
    symbol: str
    fit: FitSettings
    minutes: int
    holdout_days: float


@dataclass(frozen=True)
class Trained:
    """A finished training; `measure` is None when nothing was held out or no held-out minute could be judged."""

    model: FittedModel
    table: ForecastTable
    origin: ForecastOrigin
    measure: Measure | None


def train(source: HistoryFile, request: Request, now_ms: int, steps: Steps) -> Trained:
    """Fit, predict, measure. `now_ms` is the time of training. Raises TooLittleHistory or FitFailed.

    What is left of a history without its held-out days may be too little to fit: then nothing is measured.
    """
    with steps.step(f"Fitting {request.fit.label}"):
        model = fit(source.history, request.fit)
    with steps.step(f"Predicting {request.minutes:,} minutes"):
        table = forecast_table(model, source.history.last, request.minutes)
    try:
        measured = held_out(source, request.fit, request.holdout_days, steps)
    except (TooLittleHistory, FitFailed):
        measured = None
    return Trained(model, table, origin_of(source, request, model, table, measured, now_ms), measured)


def held_out(source: HistoryFile, settings: FitSettings, holdout_days: float, steps: Steps) -> Measure | None:
    """Measure on held-out days; None without days, or when none of their minutes can be judged."""
    seconds = held_out_seconds(source.history, holdout_days)
    if seconds < MINUTE:
        return None
    with steps.step(f"Measuring on the last {seconds / 86_400:.1f} days, held out"):
        return measure(source.history, settings, seconds)


def origin_of(
    source: HistoryFile,
    request: Request,
    model: FittedModel,
    table: ForecastTable,
    measured: Measure | None,
    now_ms: int,
) -> ForecastOrigin:
    """The record of what made this table."""
    table_sha256 = hashlib.sha256(table_text(table).encode()).hexdigest()
    return ForecastOrigin(
        id=forecast_id(request.symbol, now_ms, table_sha256),
        exchange=request.exchange,
        symbol=request.symbol,
        event_time=now_ms,
        label=request.fit.label,
        history=source.path.name,
        history_sha256=source.sha256,
        history_rows=len(source.history),
        history_first=source.history.first * 1000,
        history_last=source.history.last * 1000,
        rows_used=model.points,
        resample_seconds=request.fit.resample_seconds,
        cycle_seconds=request.fit.cycle_seconds,
        first=table.first,
        last=table.last,
        rows=len(table),
        buys=table.buys,
        table_sha256=table_sha256,
        holdout_minutes=measured.minutes if measured else None,
        holdout_right=measured.right if measured else None,
    )


def write_outputs(folder: Path, trained: Trained) -> list[Path]:
    """Write the model, the plot, the origin and, last, the table that the bot watches; each whole or not at all."""
    table = trained.table
    model_file, plot_file, origin_file, table_file = (
        folder / name for name in (MODEL_FILE, PLOT_FILE, ORIGIN_FILE, TABLE_FILE)
    )
    write_text(model_file, trained.model.as_json())
    write_whole(plot_file, lambda file: write_components(file, trained.model, table.first // 1000, len(table)))
    write_text(origin_file, msgspec.json.format(encode_forecast(trained.origin), indent=2).decode() + "\n")
    write_text(table_file, table_text(table))
    return [table_file, model_file, plot_file, origin_file]
