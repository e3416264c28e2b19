"""`python -m producers replay FILE --exchange X`: play a recording as if it were live."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from pathlib import Path

from pipeline.errors import EXIT_OK
from pipeline.process import run_part
from producers.commands.arguments import above_zero, symbol_list
from producers.protocols import PROTOCOLS
from producers.replay import ReplayOptions, replay
from producers.settings import ProducerSettings


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "replay",
        help="play a recording through the feed, into Kafka or as JSON lines",
        description="Play a recording through the same feed as live data. Read are what record writes, and captures "
        'of one frame a line: {"ts": time, "data": "frame"}, "time frame", or bare frames (their own time then stands '
        "for that of receipt); plain, .gz or .zst. All times are moved by one constant, so that the recording starts "
        "now. At the end it says what came of it.",
    )
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="the recording; the parts after it follow by themselves"
    )
    add_recording_options(parser)
    parser.add_argument(
        "--symbols", type=symbol_list, default=(), metavar="A,B", help="only these; default: all that it holds"
    )
    parser.add_argument(
        "--speed", type=_speed, default=1.0, metavar="1|10|max", help="how fast its time passes (default: 1, as it did)"
    )
    parser.add_argument(
        "--to",
        choices=("kafka", "jsonl"),
        default="kafka",
        help="where the records go: the feed's topic (default), or standard output, one a line",
    )
    parser.add_argument("--keep-times", action="store_true", help="leave all times as they were recorded")
    parser.set_defaults(execute=_execute)


def add_recording_options(parser: argparse.ArgumentParser) -> None:
    """How a recording is to be read: of use to each command that reads one."""
    parser.add_argument("--exchange", choices=sorted(PROTOCOLS), required=True, help="whose frames they are")
    parser.add_argument(
        "--protocol",
        default="",
        metavar="NAME",
        help="which of its protocols; default: what the recording says, or its frames show ("
        + "; ".join(f"{exchange}: {', '.join(names)}" for exchange, names in PROTOCOLS.items())
        + ")",
    )
    parser.add_argument(
        "--without-snapshot",
        action="store_true",
        help="a recording that begins in the middle: start from empty books in place of those that are missing",
    )


def _execute(chosen: argparse.Namespace) -> int:
    options = ReplayOptions(
        path=chosen.file,
        exchange=chosen.exchange,
        protocol=chosen.protocol,
        symbols=chosen.symbols,
        speed=chosen.speed,
        to=chosen.to,
        keep_times=chosen.keep_times,
        without_snapshot=chosen.without_snapshot,
    )
    out = sys.stdout.buffer
    try:
        code = run_part("producer", ProducerSettings, partial(replay, options, out, _say))
        out.flush()
    except BrokenPipeError:
        # Whoever read our output has gone; what is still buffered goes nowhere, without a complaint at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    return code


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def _speed(text: str) -> float | None:
    return None if text == "max" else above_zero(text)
