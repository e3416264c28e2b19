"""The commands: each reads, does, and prints what it found."""

import argparse
import time
from pathlib import Path

from rich.console import Console

from forecasting.arguments import fit_settings
from forecasting.errors import CannotWrite
from forecasting.history import summary_of
from forecasting.history_file import HistoryFile, read_history
from forecasting.publishing import publish
from forecasting.report import forecast_lines, history_lines, measure_lines, model_lines, titled
from forecasting.steps import Steps
from forecasting.training import Request, Trained, held_out, train, write_outputs
from pipeline.settings import PartSettings


def run(arguments: argparse.Namespace, settings: PartSettings) -> None:
    """Carry out one command. Raises PipelineError with one clear sentence; ArgumentTypeError for what does not fit."""
    # Progress goes to stderr, so that stdout holds the result alone.
    steps = Steps(Console(stderr=True), time.monotonic)
    if arguments.command == "check":
        _read(arguments.history, steps)
    elif arguments.command == "evaluate":
        _evaluate(arguments, steps)
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
    measured = held_out(source, fit, arguments.holdout_days, steps)
    _tell("Measured", measure_lines(measured, fit))


def _train(arguments: argparse.Namespace, settings: PartSettings, steps: Steps) -> None:
    request = Request(
        exchange=arguments.exchange,
        symbol=arguments.symbol,
        fit=fit_settings(arguments),
        minutes=arguments.periods,
        holdout_days=arguments.holdout_days,
    )
    source = _read(arguments.history, steps)
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


def _write(folder: Path, trained: Trained, steps: Steps) -> list[str]:
    try:
        with steps.step("Writing"):
            return [str(path) for path in write_outputs(folder, trained)]
    except OSError as error:
        raise CannotWrite(f"{folder} cannot be written to: {error.strerror or error}") from error


def _tell(title: str, lines: list[str]) -> None:
    print(titled(title, lines), flush=True)
