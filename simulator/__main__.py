"""`python -m simulator serve` runs the exchange; `python -m simulator history` writes what its price was before."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pipeline.errors import WrongSettings
from pipeline.log import get_log
from pipeline.process import StopSignal, run_part
from simulator.minute_history import MINUTE_MS, minute_bars, write_history
from simulator.scenes import ALL_LASTING, ALL_ONCE
from simulator.serve import price_process, run_simulator
from simulator.settings import SimulatorSettings

DAY_MS = 86_400_000
SCENES = (
    """
scenes, by the simulator's clock (SIMULATOR_SCENES, or POST /simulator/faults {"scene": ...} counted from then):
  NAME@minute:K     in the whole minute K after the start, the first one being 0; NAME@minute:K-L in K to L
  NAME@minute:K+S   S seconds into that minute
  NAME@FROM-TO      seconds after the start; NAME@FROM
those that last:
"""
    + "\n".join(f"  {name:18} {what}" for name, what in ALL_LASTING.items())
    + """
those that happen once (in the middle of an interval):
"""
    + "\n".join(f"  {name:18} {what}" for name, what in ALL_ONCE.items())
)


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and run; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator", description="A Gemini-compatible exchange on this machine. Its market is simulated."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    _add_serve(
        commands.add_parser(
            "serve",
            help="run the exchange until stopped",
            description="Run the exchange on SIMULATOR_HOST until SIGTERM or Ctrl-C.",
            epilog=SCENES
            + "\n\nSettings come from the environment and .env: "
            + ", ".join(name.upper() for name in SimulatorSettings.model_fields),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )
    _add_history(
        commands.add_parser(
            "history",
            help="write the simulated price of past minutes",
            description="Write the simulated price of past minutes as CSV in the layout of Kaggle's Bitstamp set. "
            "It is the price that the exchange of the same seed and cycle had then.",
        )
    )
    chosen = parser.parse_args(arguments)
    if chosen.command == "serve":
        given = {
            "simulator_port": chosen.port,
            "simulator_play": chosen.play,
            "simulator_play_end": chosen.play_end,
            "simulator_scenes": ",".join(chosen.scene) or None,
        }
        overrides = {name: value for name, value in given.items() if value is not None}
        return run_part("simulator", SimulatorSettings, run_simulator, **overrides)
    return run_part("simulator", SimulatorSettings, partial(_history, chosen))


def _add_serve(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--port", type=int, help="instead of SIMULATOR_PORT")
    serve.add_argument(
        "--play", metavar="FILE", help="play this file of v1 frames (`<frame>` or `<ms> <frame>` a line)"
    )
    serve.add_argument("--play-end", choices=("close", "hold"), help="at its end; hold (default): heartbeats go on")
    serve.add_argument("--scene", action="append", default=[], metavar="NAME@WHEN", help="may be given several times")


def _add_history(history: argparse.ArgumentParser) -> None:
    history.add_argument("--out", required=True, type=Path, metavar="CSV", help="file to write")
    history.add_argument("--days", required=True, type=_days, help="how many days")
    history.add_argument(
        "--until", type=_epoch_ms, help="end, not included: ISO time (UTC) or epoch seconds; default now"
    )
    history.add_argument("--symbol", default="BTCUSD", type=str.upper, help="one of SIMULATOR_SYMBOLS")


def _days(text: str) -> float:
    days = float(text)
    if not 0 < days <= 3660:
        raise argparse.ArgumentTypeError("expected more than 0 and at most 3660 days")
    return days


def _epoch_ms(text: str) -> int:
    if text.isdecimal():
        return int(text) * 1000
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("expected such as 2026-01-01T00:00 or epoch seconds") from None
    return round((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)


def _history(chosen: argparse.Namespace, settings: SimulatorSettings, stop: StopSignal) -> None:  # noqa: ARG001
    if chosen.symbol not in settings.symbols:
        raise WrongSettings(f"--symbol {chosen.symbol} is not among SIMULATOR_SYMBOLS={settings.simulator_symbols}")
    until = settings.clock().wall_ms() if chosen.until is None else chosen.until
    until -= until % MINUTE_MS
    bars = minute_bars(price_process(settings, chosen.symbol), until - round(chosen.days * DAY_MS), until)
    try:
        count = write_history(chosen.out, bars)
    except OSError as error:
        raise WrongSettings(f"{chosen.out} cannot be written: {error.strerror or error}") from error
    get_log("simulator").info("SIMULATED history written", file=str(chosen.out), minutes=count)


if __name__ == "__main__":
    sys.exit(main())
