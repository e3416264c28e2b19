"""`python -m producers COMMAND`: exchange feeds to Kafka, and what else is done with them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from producers.commands import book, latency, lines, record, replay, run, tops, watch

# Each module adds one command and sets `execute`.
COMMANDS = (run, record, replay, book, watch, tops, lines, latency)


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and run; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m producers", description="Exchange feeds to Kafka: order book changes, trades, ticks and gaps."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    chosen = parser.parse_args(arguments)
    execute: Callable[[argparse.Namespace], int] = chosen.execute
    return execute(chosen)


if __name__ == "__main__":
    sys.exit(main())
