"""`python -m producers lines --exchange binance:btcusdt --exchange upbit:KRW-BTC`: frames as lines of one text file."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import WrongSettings
from pipeline.log import get_log
from pipeline.process import StopSignal, run_part
from pipeline.settings import load
from producers.arrivals import FrameArrived
from producers.commands.followed import FURTHER_SETTINGS, add_seconds
from producers.following import Followed, Told, follow
from producers.line_file import LineFile
from producers.settings import ProducerSettings
from producers.stream_lines import LINE_SOURCES, is_stream_line


class Wanted(NamedTuple):
    """A symbol of an exchange."""

    exchange: str
    symbol: str


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "lines",
        help="write order books and trades of Binance and Upbit to one text file, a line each",
        description="Append what arrives to a text file, in the order of receipt, a line for each frame: of Binance "
        "the five best levels and the trades, of Upbit the order book. Numbers are the exchange's own digits. Only "
        "whole lines are written.",
        epilog=FURTHER_SETTINGS,
    )
    parser.add_argument(
        "--exchange",
        type=_wanted,
        action="append",
        required=True,
        dest="wanted",
        metavar="EXCHANGE:SYMBOL",
        help="what to follow, such as binance:btcusdt or upbit:KRW-BTC; several times for several symbols or exchanges",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="the file to append to; default: stream-data-EXCHANGE.txt, of several exchanges stream-data-multi.txt",
    )
    parser.add_argument("--no-trades", action="store_true", help="order books alone")
    parser.add_argument(
        "--url",
        type=_address,
        action="append",
        default=[],
        metavar="EXCHANGE=ADDRESS",
        help="base address of an exchange, such as upbit=ws://127.0.0.1:8181; default: its public one",
    )
    add_seconds(parser)
    parser.set_defaults(execute=_execute)


def _execute(chosen: argparse.Namespace) -> int:
    exchanges = {wanted.exchange for wanted in chosen.wanted}
    out = chosen.out or Path(f"stream-data-{exchanges.pop() if len(exchanges) == 1 else 'multi'}.txt")
    return run_part("producer", ProducerSettings, partial(_write, chosen, out))


def _write(chosen: argparse.Namespace, out: Path, _: ProducerSettings, stop: StopSignal) -> None:
    log = get_log("producer")
    followed = _followed(chosen.wanted, dict(chosen.url), trades=not chosen.no_trades)
    names = [LINE_SOURCES[exchange].name(symbol) for exchange, symbol in chosen.wanted]
    lines = 0
    with LineFile(out, lambda torn: is_stream_line(torn, names)) as file:
        if file.cut_off:
            log.warning("cut off half a line that was left at the end", out=out, bytes=file.cut_off)

        def write(told: Told) -> None:
            nonlocal lines
            # What the feed put aside as unreadable is in the log already.
            if not isinstance(told.arrival, FrameArrived) or told.outcome.dead_letters:
                return
            line = LINE_SOURCES[told.protocol.exchange].line(told.arrival.payload)
            if line is not None:
                file.add(line)
                lines += 1

        follow(followed, chosen.seconds, stop, write, lambda: f"{lines:,} lines in {out}")
    log.info(f"wrote {lines:,} lines", out=out)


def _followed(wanted: list[Wanted], urls: dict[str, str], *, trades: bool) -> list[Followed]:
    """Each exchange with all its symbols; FEED_URL and FEED_PROTOCOL, which mean one exchange, are not used."""
    exchanges = list(dict.fromkeys(exchange for exchange, _ in wanted))
    if unused := urls.keys() - set(exchanges):
        raise WrongSettings(f"--url names {', '.join(sorted(unused))}, but no --exchange does")
    return [
        Followed(
            exchange,
            load(
                ProducerSettings,
                feed_url=urls.get(exchange, ""),
                feed_protocol=LINE_SOURCES[exchange].protocol,
                feed_symbols=",".join(symbol for at, symbol in wanted if at == exchange),
                feed_trades=trades and LINE_SOURCES[exchange].trades,
            ),
        )
        for exchange in exchanges
    ]


def _wanted(text: str) -> Wanted:
    exchange, _, symbol = text.partition(":")
    if exchange not in LINE_SOURCES or not symbol:
        known = " or ".join(f"{name}:SYMBOL" for name in LINE_SOURCES)
        raise argparse.ArgumentTypeError(f"expected {known}, got {text!r}")
    return Wanted(exchange, symbol.upper())


def _address(text: str) -> tuple[str, str]:
    exchange, _, address = text.partition("=")
    if exchange not in LINE_SOURCES or not address:
        known = " or ".join(f"{name}=ADDRESS" for name in LINE_SOURCES)
        raise argparse.ArgumentTypeError(f"expected {known}, got {text!r}")
    return exchange, address
