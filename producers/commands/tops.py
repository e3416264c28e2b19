"""`python -m producers tops EXCHANGE SYMBOL`: the best levels of the book, one line of JSON a message."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from market.records import L2, Trade
from pipeline.log import get_log
from pipeline.process import StopSignal, run_part
from producers.arrivals import FrameArrived
from producers.commands.followed import FURTHER_SETTINGS, add_followed, told_settings
from producers.following import Followed, Told, follow
from producers.line_file import LineFile
from producers.settings import ProducerSettings
from producers.top_lines import is_top_line, top_line


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "tops",
        help="write the best levels of a book to a file, a line of JSON for each message",
        description="Keep a symbol's whole order book and append its best levels to a file with each message of the "
        'exchange: {"bids": [[price, size], …], "asks": […], "ts": receipt time in epoch ms}, best level first. After '
        "a lost message nothing is written before the book is whole again.",
        epilog=FURTHER_SETTINGS,
    )
    add_followed(parser)
    parser.add_argument("--limit", type=_levels, default=10, metavar="N", help="levels of each side (10)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the file to append to; default: SYMBOL.txt")
    parser.set_defaults(execute=_execute)


def _execute(chosen: argparse.Namespace) -> int:
    out = chosen.out or Path(f"{chosen.symbol}.txt")
    return run_part("producer", ProducerSettings, partial(_write, chosen, out), **told_settings(chosen))


def _write(chosen: argparse.Namespace, out: Path, settings: ProducerSettings, stop: StopSignal) -> None:
    log = get_log("producer")
    followed = Followed(chosen.exchange, settings)
    (symbol,) = followed.symbols
    lines = 0
    with LineFile(out, is_top_line) as file:
        if file.cut_off:
            log.warning("cut off half a line that was left at the end", out=out, bytes=file.cut_off)

        def write(told: Told) -> None:
            nonlocal lines
            if not isinstance(told.arrival, FrameArrived):
                return
            known = told.feed.symbols[symbol]
            # Ticks come with other records, but tell nothing new.
            if known.is_trusted and any(isinstance(record, L2 | Trade) for record in told.outcome.records):
                bids, asks = known.top(chosen.limit)
                file.add(top_line(bids, asks, told.arrival.at.wall_ms).encode())
                lines += 1

        follow([followed], chosen.seconds, stop, write, lambda: f"{lines:,} lines in {out}")
    log.info(f"wrote {lines:,} lines", out=out)


def _levels(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, got {text!r}")
    return int(text)
