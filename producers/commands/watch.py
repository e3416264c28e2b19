"""`python -m producers watch EXCHANGE SYMBOL`: print what arrives."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from functools import partial

from pipeline.process import StopSignal, run_part
from producers.arrivals import Connected, ConnectionLost, FrameArrived
from producers.commands.followed import FURTHER_SETTINGS, add_followed, told_settings
from producers.errors import MalformedFrame
from producers.following import Followed, Told, follow
from producers.settings import ProducerSettings
from producers.shown_frames import event_lines, frame_line


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "watch",
        help="print what an exchange sends",
        description="Print what an exchange sends of a symbol, as JSON: each event of a message on a line of its own, "
        "in the exchange's own words. When a connection was opened and closed is told on standard error.",
        epilog=FURTHER_SETTINGS,
    )
    add_followed(parser)
    parser.add_argument(
        "--frames", action="store_true", help="every frame whole and as it came, heartbeats and answers too"
    )
    parser.set_defaults(execute=_execute)


def _execute(chosen: argparse.Namespace) -> int:
    return run_part("producer", ProducerSettings, partial(_print, chosen), **told_settings(chosen))


def _print(chosen: argparse.Namespace, settings: ProducerSettings, stop: StopSignal) -> None:
    def show(told: Told) -> None:
        arrival = told.arrival
        if isinstance(arrival, Connected):
            _tell(f"Opened, {_time(arrival.at.wall_ms)}")
        elif isinstance(arrival, ConnectionLost):
            why = "" if arrival.reason == "stopped" else f": {arrival.detail}"
            _tell(f"Closed, {_time(arrival.at.wall_ms)}{why}")
        elif isinstance(arrival, FrameArrived):
            if chosen.frames:
                lines = [frame_line(arrival.payload)]
            elif _has_news(told, arrival.payload):
                lines = event_lines(arrival.payload)
            else:
                return
            try:
                sys.stdout.write("".join(f"{line}\n" for line in lines))
                sys.stdout.flush()
            except BrokenPipeError:
                # Whoever read this has seen enough.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                stop.set()

    follow([Followed(chosen.exchange, settings)], chosen.seconds, stop, show)


def _has_news(told: Told, payload: bytes) -> bool:
    try:
        return bool(told.protocol.parse(payload).news)
    except MalformedFrame:
        return False


def _tell(what: str) -> None:
    sys.stderr.write(what + "\n")


def _time(epoch_ms: int) -> str:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")
