"""The records of a feed: from a file of JSON lines, from standard input, or from their topic."""

from __future__ import annotations

import argparse
import gzip
import io
import sys
import zlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TaskProgressColumn, TextColumn

from market.decimals import PRICE_TICKS, SIZE_TICKS
from market.errors import MalformedRecord, MarketError
from market.records import L2, Book, FeedRecord, Gap, decode_feed
from pipeline.errors import EXIT_CONFIG, PipelineError, WrongSettings
from pipeline.kafka_clients import each_to_end
from pipeline.log import get_log

STANDARD_INPUT = "-"
"""Stands for standard input in place of a file's name."""
_GZIP = b"\x1f\x8b"
_MOST_NAMED = 10
_LONGEST_LINE = 16 * 1024 * 1024
_READ_AT_ONCE = 256 * 1024
_YEAR_10000_MS = 253_402_300_800_000


class UnreadableRecords(PipelineError):
    """What was given cannot be read, or holds what is no record of a feed: mend it, or give another (exit 78)."""

    exit_code = EXIT_CONFIG


def add_source(parser: argparse.ArgumentParser) -> None:
    """The words by which a command line is told whose records to read (`chosen_records`)."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "records",
        nargs="?",
        metavar="RECORDS",
        help="records of a feed as JSON lines, also compressed by gzip; - is standard input",
    )
    source.add_argument("--topic", metavar="T", help="read this topic instead (KAFKA_BOOTSTRAP), such as gemini-feed")
    parser.add_argument("--symbol", default="", metavar="S", help="whose records; needed where there are several")


@contextmanager
def chosen_records(chosen: argparse.Namespace, bootstrap: str) -> Iterator[Iterator[FeedRecord]]:
    """The records of the symbol that was asked for. Raises as those that read them (`of_symbol`)."""
    if chosen.topic == "":
        raise WrongSettings("--topic: expected a topic's name, such as gemini-feed")
    read = records_of_file(chosen.records) if chosen.topic is None else records_of_topic(bootstrap, chosen.topic)
    with closing(read) as source:
        yield of_symbol(source, chosen.symbol)


def records_of_file(path: str) -> Generator[FeedRecord]:
    """The records of a file, also one that gzip made; `-` is standard input. A bar on the terminal says how far it is.

    Raises `UnreadableRecords`, also at the first line that is no record.
    """
    name = "standard input" if path == STANDARD_INPUT else path
    try:
        with _opened(path) as file:
            for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE), b""), start=1):
                if line.strip():
                    yield _record(line, name, number)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableRecords(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def records_of_topic(bootstrap: str, topic: str) -> Generator[FeedRecord]:
    """All that the topic holds now; what cannot be read is passed over and told. Raises `TemporarilyUnavailable`."""
    unreadable = 0
    with _progress(MofNCompleteColumn()) as progress:
        task = progress.add_task(f"Records of {topic}:", total=None)
        for number, value in enumerate(each_to_end(bootstrap, topic), start=1):
            progress.update(task, completed=number)
            try:
                record = _checked(decode_feed(value))
            except MarketError:
                unreadable += 1
            else:
                yield record
    if unreadable:
        get_log("pipeline").warning(f"{unreadable} records of {topic} cannot be read and were passed over")


def of_symbol(records: Iterable[FeedRecord], symbol: str) -> Iterator[FeedRecord]:
    """The records of one symbol; an empty `symbol` stands for the only one there is.

    Raises `WrongSettings` when there are several, or, at the end, when there was none of it; `UnreadableRecords` when
    they are not in their order, or of several exchanges.
    """
    met: dict[str, None] = {}
    last: FeedRecord | None = None
    for record in records:
        if record.symbol not in met and len(met) < _MOST_NAMED:
            met[record.symbol] = None
            if not symbol and len(met) > 1:
                raise WrongSettings(f"the records are of several symbols ({', '.join(met)}, …): say --symbol")
        if record.symbol == symbol or not symbol:
            if last is not None and (record.exchange != last.exchange or record.event_time < last.event_time):
                raise UnreadableRecords(
                    f"a record of {record.exchange} {record.symbol} at {record.event_time} follows one of "
                    f"{last.exchange} at {last.event_time}: expected the records of one feed, in their order"
                )
            last = record
            yield record
    if symbol and last is None:
        found = f"there are {', '.join(met)}" if met else "there is no record at all"
        raise WrongSettings(f"no record is of {symbol}: {found}")


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    """The lines of a file or of standard input, decompressed."""
    with ExitStack() as opened:
        if path == STANDARD_INPUT:
            # As it is: another buffer would wait until it is full.
            seen = cast(io.BufferedReader, sys.stdin.buffer)
        else:
            raw = opened.enter_context(Path(path).open("rb"))
            progress = opened.enter_context(_progress(BarColumn(), TaskProgressColumn()))
            task = progress.add_task(f"Reading {Path(path).name}", total=Path(path).stat().st_size)
            seen = io.BufferedReader(cast(io.RawIOBase, progress.wrap_file(raw, task_id=task)), _READ_AT_ONCE)
        yield cast(BinaryIO, gzip.GzipFile(fileobj=seen)) if seen.peek(len(_GZIP)).startswith(_GZIP) else seen


def _progress(*columns: ProgressColumn) -> Progress:
    console = Console(stderr=True)
    title = TextColumn("{task.description}")
    return Progress(title, *columns, console=console, transient=True, disable=not console.is_terminal)


def _record(line: bytes, source: str, number: int) -> FeedRecord:
    try:
        return _checked(decode_feed(line))
    except MarketError as error:
        raise UnreadableRecords(
            f"{source}, line {number}: no record of a feed, as `python -m producers replay --to jsonl` prints: {error}"
        ) from error


def _checked(record: FeedRecord) -> FeedRecord:
    """The record, if its times and numbers are in the ranges that readers count on. Raises `MarketError`."""
    times = [record.event_time, record.received_time, record.exchange_time or 1]
    if isinstance(record, L2):
        times += (change.time or 1 for change in record.changes)
        for change in record.changes:
            _ = PRICE_TICKS[change.price], SIZE_TICKS[change.remaining]
    elif isinstance(record, Book):
        for price, size in (*record.bids, *record.asks):
            _ = PRICE_TICKS[price], SIZE_TICKS[size]
    elif isinstance(record, Gap):
        times += (record.from_, record.to)
    if not all(0 < time < _YEAR_10000_MS for time in times):
        raise MalformedRecord(f"its times {times} are not all between the years 1970 and 9999")
    return record
