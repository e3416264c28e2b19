"""The records of a feed: from a file of JSON lines, from standard input, or from their topic."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TaskProgressColumn, TextColumn

from market.errors import MalformedRecord
from market.records import FeedRecord, decode_feed
from pipeline.kafka_clients import each_to_end
from study.errors import MalformedRecords, StudyError

STANDARD_INPUT = "-"
_GZIP = b"\x1f\x8b"
_LONGEST_LINE = 16 * 1024 * 1024


def records_of_file(path: str) -> Generator[FeedRecord]:
    """The records of a file, also one that gzip made; `-` is standard input. A bar on the terminal says how far it is.

    Raises `StudyError` when it cannot be read, `MalformedRecords` at the first line that is no record.
    """
    name = "standard input" if path == STANDARD_INPUT else path
    try:
        with _opened(path) as file:
            for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE), b""), start=1):
                if line.strip():
                    yield _record(line, name, number)
    except (OSError, EOFError) as error:
        raise StudyError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def records_of_topic(bootstrap: str, topic: str) -> Generator[FeedRecord]:
    """All that the topic holds now. Raises `TemporarilyUnavailable`, `MalformedRecords`."""
    with _progress(MofNCompleteColumn()) as progress:
        task = progress.add_task(f"Records of {topic}:", total=None)
        for number, value in enumerate(each_to_end(bootstrap, topic), start=1):
            progress.update(task, completed=number)
            yield _record(value, topic, number)


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    if path == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    with Path(path).open("rb") as raw:
        is_compressed = raw.read(len(_GZIP)) == _GZIP
        raw.seek(0)
        with _progress(BarColumn(), TaskProgressColumn()) as progress:
            task = progress.add_task(f"Reading {Path(path).name}", total=Path(path).stat().st_size)
            seen = progress.wrap_file(raw, task_id=task)
            yield cast(BinaryIO, gzip.GzipFile(fileobj=seen)) if is_compressed else seen


def _progress(*columns: ProgressColumn) -> Progress:
    console = Console(stderr=True)
    title = TextColumn("{task.description}")
    return Progress(title, *columns, console=console, transient=True, disable=not console.is_terminal)


def _record(line: bytes, source: str, number: int) -> FeedRecord:
    try:
        return decode_feed(line)
    except MalformedRecord as error:
        raise MalformedRecords(
            source, number, f"no record of a feed, as `python -m producers replay --to jsonl` prints: {error}"
        ) from error
