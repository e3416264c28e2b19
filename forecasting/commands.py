"""The commands: each reads, does, and prints what it found."""

import argparse
import time
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from forecasting.arguments import fit_settings
from forecasting.candle_history import keep_candles
from forecasting.candle_source import CandleSource, with_patience
from forecasting.errors import CannotWrite
from forecasting.history import summary_of
from forecasting.history_file import HistoryFile, read_history
from forecasting.model import FitSettings, suited_span
from forecasting.publishing import publish
from forecasting.report import forecast_lines, history_lines, measure_lines, model_lines, titled
from forecasting.settings import ForecastingSettings
from forecasting.steps import Steps
from forecasting.training import Request, Trained, held_out, train, write_outputs
from pipeline.back_off import BackOff


def run(arguments: argparse.Namespace, settings: ForecastingSettings) -> None:
    """Carry out one command. Raises PipelineError with one clear sentence; ArgumentTypeError for what does not fit."""
    # Progress goes to stderr, so that stdout holds the result alone.
    steps = Steps(Console(stderr=True), time.monotonic)
    if arguments.command == "check":
        _read(arguments.history, steps)
    elif arguments.command == "evaluate":
        _evaluate(arguments, steps)
    elif arguments.command == "candles":
        _candles(arguments, settings, steps)
    else:
        _train(arguments, settings, steps)


def _read(path: Path, steps: Steps) -> HistoryFile:
    with steps.step(f"Reading {path.name}") as advance:
        source = read_history(path, advance)
    _tell("History", history_lines(path, summary_of(source.history)))
    return source


def _evaluate(arguments: argparse.Namespace, steps: Steps) -> None:
    fit = fit_settings(arguments)
    source = _read(arguments.history, steps)
    fit = _suited(fit, arguments, source)
    measured = held_out(source, fit, arguments.holdout_days, steps)
    _tell("Measured", measure_lines(measured, fit))


def _train(arguments: argparse.Namespace, settings: ForecastingSettings, steps: Steps) -> None:
    request = Request(
        exchange=arguments.exchange,
        symbol=arguments.symbol,
        fit=fit_settings(arguments),
        minutes=arguments.periods,
        holdout_days=arguments.holdout_days,
    )
    source = _read(arguments.history, steps)
    request = replace(request, fit=_suited(request.fit, arguments, source))
    now_ms = settings.clock().wall_ms()
    trained = train(source, request, now_ms, steps)
    _tell("Model", model_lines(trained.model))
    _tell("Forecast", forecast_lines(trained.table, now_ms))
    _tell("Measured", measure_lines(trained.measure, request.fit))
    _tell("Written", _write(arguments.out or settings.state_dir / "forecast", trained, steps))
    if arguments.publish:
        with steps.step("Publishing"):
            sent = publish(settings.kafka_bootstrap, trained.origin, trained.table)
        _tell("Published", [f"{sent:,} records to the topic forecasts: what made the forecast, and its rows by day"])


def _suited(fit: FitSettings, arguments: argparse.Namespace, source: HistoryFile) -> FitSettings:
    """The settings with a span that suits the history, where none was asked for."""
    if arguments.resample or fit.cycle_seconds:
        return fit
    return replace(fit, resample_seconds=suited_span(source.history))


def _candles(arguments: argparse.Namespace, settings: ForecastingSettings, steps: Steps) -> None:
    title = f"Fetching candles of {arguments.symbol} from {settings.candles_url}"
    with CandleSource(settings.candles_url, settings.candles_answer_seconds) as source, steps.step(title):
        candles = with_patience(lambda: source.candles(arguments.symbol), BackOff(), time.sleep)
    with steps.step("Writing"):
        kept = keep_candles(arguments.out, candles)
    _tell("Candles", [f"{len(candles):,} finished minutes, {kept.added:,} of them new"])
    _read(arguments.out, steps)


def _write(folder: Path, trained: Trained, steps: Steps) -> list[str]:
    try:
        with steps.step("Writing"):
            return [str(path) for path in write_outputs(folder, trained)]
    except OSError as error:
        raise CannotWrite(f"{folder} cannot be written to: {error.strerror or error}") from error


def _tell(title: str, lines: list[str]) -> None:
    print(titled(title, lines), flush=True)
