"""`python -m producers latency EXCHANGE SYMBOL`: asking by REST against listening to the socket."""

from __future__ import annotations

import argparse
from functools import partial

from rich.console import Console

from pipeline.process import StopSignal, run_part
from producers.commands.arguments import above_zero
from producers.commands.followed import FURTHER_SETTINGS, add_followed, told_settings
from producers.following import Followed
from producers.latency import comparison, measure, remarks, rest_url
from producers.settings import ProducerSettings

SECONDS = 20.0


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "latency",
        help="compare asking for a book by REST with the socket",
        description="Ask for a symbol's book by REST while listening to its socket, and print how long each takes. "
        "Ctrl-C ends it early and prints what there is.",
        epilog=FURTHER_SETTINGS,
    )
    add_followed(parser, SECONDS)
    parser.add_argument(
        "--every",
        type=above_zero,
        default=1.0,
        metavar="N",
        help="seconds between two requests (1: exchanges limit it)",
    )
    parser.add_argument(
        "--rest-url",
        metavar="ADDRESS",
        help="base address for REST; default: FEED_REST_URL, or where --url points to, or the exchange's public one",
    )
    parser.set_defaults(execute=_execute)


def _execute(chosen: argparse.Namespace) -> int:
    told = told_settings(chosen) | ({"feed_rest_url": chosen.rest_url} if chosen.rest_url else {})
    return run_part("producer", ProducerSettings, partial(_compare, chosen), **told)


def _compare(chosen: argparse.Namespace, settings: ProducerSettings, stop: StopSignal) -> None:
    followed = Followed(chosen.exchange, settings)
    polled, heard = measure(followed, rest_url(followed), chosen.every, chosen.seconds, stop)
    console = Console()
    console.print(comparison(chosen.exchange, chosen.symbol, polled, heard))
    for remark in remarks(polled, heard, chosen.every):
        console.print(remark, soft_wrap=True)
