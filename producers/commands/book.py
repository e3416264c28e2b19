"""`python -m producers book FILE --exchange X --symbol S`: the order book at a moment of a recording."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from market.reference_price import tick_size
from pipeline.command import argument, number_up_to
from pipeline.process import StopSignal, run_part
from producers.book_shown import book_json, book_table, plot_book
from producers.commands.arguments import moment
from producers.commands.replay import add_recording_options
from producers.recorded_book import book_at
from producers.recordings.opened import open_recording
from producers.settings import ProducerSettings

DEPTH = 10
DEEPEST = 100_000


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "book",
        help="show the order book at a moment of a recording: as a table, JSON or a chart",
        description="Show a symbol's order book as a recording leaves it at its end, or at a moment before: the best "
        "levels as a table or as JSON, with the reference price of the queue-reactive model and the queues on both "
        "sides of it, and these as a bar chart.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a recording, or any capture that replay can read")
    add_recording_options(parser)
    parser.add_argument("--symbol", type=str.upper, required=True, metavar="S", help="such as BTCUSD")
    parser.add_argument(
        "--depth",
        type=number_up_to(DEEPEST),
        default=DEPTH,
        metavar="N",
        help=f"levels, and queues, of each side (default {DEPTH})",
    )
    parser.add_argument(
        "--at",
        type=moment,
        metavar="TIME",
        help="with all that was received up to then: 2026-01-31T12:00:00.250 (UTC) or epoch ms; default: the end",
    )
    parser.add_argument(
        "--tick",
        type=argument(tick_size),
        metavar="T",
        help="the market's price step; default: what all prices are multiples of",
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    parser.add_argument("--plot", type=Path, metavar="OUT.png", help="draw the chart into this file besides")
    parser.set_defaults(execute=_execute)


def _execute(chosen: argparse.Namespace) -> int:
    def show(settings: ProducerSettings, stop: StopSignal) -> None:  # noqa: ARG001 - it is over in no time
        recording = open_recording(chosen.file, chosen.exchange, chosen.protocol, (chosen.symbol,))
        shown = book_at(
            recording,
            chosen.symbol,
            settings,
            at_ms=chosen.at,
            tick=chosen.tick,
            without_snapshot=chosen.without_snapshot,
        )
        text = book_json(shown, chosen.depth) if chosen.json else book_table(shown, chosen.depth)
        sys.stdout.write(text + "\n")
        if chosen.plot is not None:
            plot_book(shown, chosen.depth, chosen.plot)

    return run_part("producer", ProducerSettings, show)
