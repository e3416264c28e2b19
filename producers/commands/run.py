"""`python -m producers run EXCHANGE`: follow an exchange's sockets and write its feed topic."""

from __future__ import annotations

import argparse
from functools import partial

from pipeline.process import run_part
from producers.protocols import PROTOCOLS
from producers.run import run_producer
from producers.settings import ProducerSettings


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    run = commands.add_parser(
        "run",
        help="follow an exchange and write its feed topic until stopped",
        description="Follow an exchange's public market data and write <exchange>-feed until SIGTERM or Ctrl-C.",
        epilog="Protocols (FEED_PROTOCOL, the first is the default): "
        + "; ".join(f"{exchange}: {', '.join(names)}" for exchange, names in PROTOCOLS.items())
        + ". Settings come from the environment and .env: "
        + ", ".join(name.upper() for name in ProducerSettings.model_fields),
    )
    run.add_argument("exchange", choices=sorted(PROTOCOLS))
    run.set_defaults(execute=_execute)


def _execute(chosen: argparse.Namespace) -> int:
    return run_part("producer", ProducerSettings, partial(run_producer, chosen.exchange))
