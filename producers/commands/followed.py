"""The arguments of the commands that follow an exchange, and the settings that they stand for."""

from __future__ import annotations

import argparse
from typing import Any

from producers.commands.arguments import above_zero
from producers.protocols import PROTOCOLS

FURTHER_SETTINGS = "Further settings (FEED_SILENCE_SECONDS, …) come from the environment and .env, as for run."


def add_followed(parser: argparse.ArgumentParser, seconds: float | None = None) -> None:
    """One exchange and one symbol, how they are followed, and how long when nothing is said."""
    parser.add_argument("exchange", choices=sorted(PROTOCOLS))
    parser.add_argument("symbol", metavar="SYMBOL", type=_symbol, help="as the exchange spells it, such as BTCUSD")
    add_way(parser)
    add_seconds(parser, seconds)


def add_way(parser: argparse.ArgumentParser) -> None:
    """How an exchange is spoken to, and where."""
    parser.add_argument(
        "--protocol",
        metavar="NAME",
        help="protocol to speak; default: FEED_PROTOCOL, or the exchange's first ("
        + "; ".join(f"{exchange}: {', '.join(names)}" for exchange, names in PROTOCOLS.items())
        + ")",
    )
    parser.add_argument(
        "--url",
        metavar="ADDRESS",
        help="base address of the exchange, such as ws://127.0.0.1:8181; default: FEED_URL, or its public one",
    )


def add_seconds(parser: argparse.ArgumentParser, default: float | None = None) -> None:
    """How long to go on."""
    otherwise = "at Ctrl-C" if default is None else f"{default:g}"
    parser.add_argument(
        "--seconds",
        type=above_zero,
        default=default,
        metavar="N",
        help=f"stop after so long, such as 28800; default: {otherwise}",
    )


def told_settings(chosen: argparse.Namespace) -> dict[str, Any]:
    """What the arguments say in place of the settings."""
    return {"feed_symbols": chosen.symbol} | told_way(chosen)


def told_way(chosen: argparse.Namespace) -> dict[str, Any]:
    """The same of `add_way` alone."""
    told = {"feed_protocol": chosen.protocol, "feed_url": chosen.url}
    return {name: value for name, value in told.items() if value is not None}


def _symbol(text: str) -> str:
    if not text or "," in text:
        raise argparse.ArgumentTypeError(f"expected one symbol, got {text!r}")
    return text.upper()
