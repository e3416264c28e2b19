"""`python -m bot backtest`: what it is told, and what it writes."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.backtest import backtest
from bot.backtest_result import result_of
from bot.backtest_shown import Shown, backtest_json, backtest_text, draw_backtest
from bot.entries import Author
from bot.execution import Profile
from bot.forecast_file import ForecastFile
from bot.paper import PaperAccount
from bot.paper_symbols import steps_on_paper
from bot.settings import BotSettings
from market.journal import JournalRecord
from market.records import FeedRecord, encode
from market.symbols import UnknownSymbol
from pipeline.command import refuse_to_overwrite, write_answer
from pipeline.errors import WrongSettings
from pipeline.feed_records import add_source, chosen_records
from pipeline.log import get_log

# From the end of a minute to the bot's decision on it: the liquidity job's delay, its trigger, and Kafka. On a demo of
# twelve minutes it was 3.2 to 3.6 s.
DELAY_SECONDS = 3.3
LONGEST_DELAY_SECONDS = 3600.0
# Beyond this the liquidity job refuses a record.
FARTHEST_FROM_RECEIPT_MS = 120_000
DESCRIPTION = """\
Runs the bot over a recorded feed: the same decisions, orders and ledger as live, on paper, in no time. Fees, limits,
the opening account and the forecast are those of the settings (BOT_FEE_BPS, BOT_PAPER_QUOTE, BOT_FORECAST, ...); the
exchange and the symbol are those of the records.
"""
EXAMPLE = """\
example:
  python -m producers replay btc.rec --exchange gemini --to jsonl --speed max --keep-times > btc.jsonl
  BOT_FORECAST=forecast.csv python -m bot backtest btc.jsonl --plot backtest.png
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "backtest",
        help="run it over a recorded feed, and say how it did",
        description=DESCRIPTION,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_source(parser)
    parser.add_argument(
        "--delay",
        type=_delay,
        default=round(DELAY_SECONDS * 1000),
        metavar="SECONDS",
        help=f"so long after its end a minute reaches the bot (default {DELAY_SECONDS:g})",
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of the text")
    parser.add_argument("--plot", type=Path, metavar="OUT.png", help="draw equity, prices and fills into this file")
    parser.add_argument(
        "--journal",
        type=Path,
        metavar="OUT.jsonl",
        help="write the bot's journal into this file: what bot.events holds",
    )


def run_backtest(chosen: argparse.Namespace, settings: BotSettings) -> None:
    """Raises `WrongSettings` for what does not fit together or cannot be written, `UnreadableRecords`."""
    for option, path in (("--journal", chosen.journal), ("--plot", chosen.plot)):
        refuse_to_overwrite(option, path, chosen.records)
    with chosen_records(chosen, settings.kafka_bootstrap) as records, TemporaryDirectory(prefix="backtest-") as folder:
        first = next(records, None)
        if first is None:
            raise WrongSettings("there is no record at all")
        believed = _BelievedTimes(chain([first], records))
        shown, journal = _tested(believed, first, chosen, settings, Path(folder))
    if believed.refused:
        get_log("backtest").warning(f"{believed.refused} records whose times lie minutes apart were passed over")
    if not shown.result.decisions:
        raise WrongSettings("no minute comes to the bot within the records: give longer ones, or a shorter --delay")
    write_answer(backtest_json(shown) if chosen.json else backtest_text(shown).encode())
    if chosen.journal is not None:
        _write_journal(chosen.journal, journal)
    if chosen.plot is not None:
        draw_backtest(shown, chosen.plot)


class _BelievedTimes:
    """The records that the liquidity job would read: one wrong time must not move the bot's clock."""

    def __init__(self, records: Iterator[FeedRecord]) -> None:
        self._records = records
        self.refused = 0

    def __iter__(self) -> Iterator[FeedRecord]:
        for record in self._records:
            if abs(record.event_time - record.received_time) <= FARTHEST_FROM_RECEIPT_MS:
                yield record
            else:
                self.refused += 1


def _tested(
    records: Iterable[FeedRecord], first: FeedRecord, chosen: argparse.Namespace, settings: BotSettings, folder: Path
) -> tuple[Shown, list[JournalRecord]]:
    try:
        steps = steps_on_paper(first.symbol)
    except UnknownSymbol as error:
        raise WrongSettings(f"{first.symbol} cannot be traded on paper: {error}") from error
    profile = Profile(
        author=Author(settings.bot_name, "paper", first.exchange, first.symbol),
        limits=settings.limits,
        fraction=settings.bot_trade_fraction,
        fee_bps=settings.bot_fee_bps,
        tolerance=settings.bot_balance_tolerance,
    )
    forecast = ForecastFile(settings.forecast_path)()
    opening = PaperAccount(base=settings.bot_paper_base, quote=settings.bot_paper_quote)
    journal, last = backtest(records, profile, steps, opening, forecast, folder, delay_ms=chosen.delay)
    shown = Shown(
        exchange=first.exchange,
        symbol=first.symbol,
        quote=steps.quote,
        fee_bps=settings.bot_fee_bps,
        delay_ms=chosen.delay,
        forecast=forecast,
        result=result_of(journal, last, settings.bot_fee_bps),
    )
    return shown, journal


def _write_journal(path: Path, journal: list[JournalRecord]) -> None:
    try:
        path.write_bytes(b"".join(encode(record) + b"\n" for record in journal))
    except OSError as error:
        raise WrongSettings(f"--journal: {path} cannot be written: {error.strerror}") from error


def _delay(text: str) -> int:
    """Milliseconds out of seconds."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_DELAY_SECONDS:
        raise argparse.ArgumentTypeError(f"expected 0 to {LONGEST_DELAY_SECONDS:g} seconds, got {text!r}")
    return round(seconds * 1000)
