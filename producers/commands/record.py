"""`python -m producers record EXCHANGE SYMBOL…`: keep an exchange's raw frames in a file."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from pipeline.process import run_part
from producers.commands.arguments import above_zero
from producers.commands.followed import FURTHER_SETTINGS, add_seconds, add_way, told_way
from producers.protocols import PROTOCOLS
from producers.record import RecordOptions, record
from producers.recordings.recording_writer import Rotation
from producers.settings import ProducerSettings


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "record",
        help="keep an exchange's raw frames in a file, to be replayed",
        description="Keep an exchange's raw frames in a file, each with the time of its receipt, until SIGTERM, Ctrl-C "
        "or --seconds. What was written a second ago can be replayed even when this process is killed. An existing "
        "file is never overwritten.",
        epilog=f"{FURTHER_SETTINGS} docs/feeds.md describes the file.",
    )
    parser.add_argument("exchange", choices=sorted(PROTOCOLS))
    parser.add_argument("symbols", nargs="*", metavar="SYMBOL", help="default: FEED_SYMBOLS, or the exchange's Bitcoin")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to write, such as btc.zst")
    add_way(parser)
    add_seconds(parser)
    parser.add_argument(
        "--rotate-mb", type=above_zero, metavar="N", help="go on in a new file (btc.0002.zst, …) after N MB packed"
    )
    parser.add_argument("--rotate-minutes", type=above_zero, metavar="N", help="and after so many minutes")
    parser.set_defaults(execute=_execute)


def _execute(chosen: argparse.Namespace) -> int:
    rotation = Rotation(
        most_bytes=round(chosen.rotate_mb * 1e6) if chosen.rotate_mb else None,
        most_seconds=chosen.rotate_minutes * 60 if chosen.rotate_minutes else None,
    )
    symbols = tuple(symbol.upper() for symbol in chosen.symbols)
    options = RecordOptions(chosen.exchange, symbols, chosen.out, chosen.seconds, rotation)
    return run_part("producer", ProducerSettings, partial(record, options), **told_way(chosen))
