"""`python -m study RECORDS`: how the queues beside the reference price change (the queue-reactive model)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO

from market.reference_price import tick_size
from pipeline.command import argument, number_up_to, refuse_to_overwrite, run_command, write_answer
from pipeline.feed_records import add_source, chosen_records
from pipeline.picture import write_picture
from pipeline.settings import PartSettings
from study.chart import drawn
from study.errors import NothingToStudy, StudyError
from study.estimates import estimates
from study.moments import TimesMet, moments
from study.queues import QueueEvents, Queues
from study.queues_shown import Study, events_json, study_json, study_text

LEVELS = 10
MOST_LEVELS = 50
DESCRIPTION = """\
Studies how the queues beside the reference price change, as the queue-reactive model does (Huang, Lehalle and Rosenbaum
2015): the average size of an event at each queue, how long it is between events, how often something arrives at a queue
of each size and departs from it, and how long the queue would be if that were all there is to it.
"""
EXAMPLE = """\
example:
  python -m producers record coinbase ETC-USD --seconds 28800 --out etc.rec
  python -m producers replay etc.rec --exchange coinbase --to jsonl --speed max --keep-times | \\
      python -m study - --plot etc.png
"""


def main(argv: Sequence[str]) -> int:
    """The command line; returns the exit code."""
    chosen = _parser().parse_args(argv)
    return run_command("study", PartSettings, partial(_run, chosen))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m study",
        description=DESCRIPTION,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_source(parser)
    parser.add_argument(
        "--levels",
        type=number_up_to(MOST_LEVELS),
        default=LEVELS,
        metavar="N",
        help=f"queues on each side (default {LEVELS})",
    )
    parser.add_argument(
        "--tick",
        type=argument(tick_size),
        metavar="T",
        help="price step; default: what all prices of the first book are multiples of",
    )
    parser.add_argument(
        "--symmetric", action="store_true", help="take the queues at the same distance on both sides for one"
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table, with every waiting time")
    parser.add_argument("--plot", type=Path, metavar="OUT.png", help="draw what was found into this file besides")
    parser.add_argument(
        "--events",
        type=Path,
        metavar="OUT.jsonl",
        help="write each moment into this file: all queues, and what changed",
    )
    return parser


def _run(chosen: argparse.Namespace, settings: PartSettings) -> None:
    refuse_to_overwrite("--events", chosen.events, chosen.records)
    study = _studied(chosen, settings)
    write_answer(study_json(study) if chosen.json else study_text(study).encode())
    if chosen.plot is not None:
        write_picture(drawn(study), chosen.plot)


def _studied(chosen: argparse.Namespace, settings: PartSettings) -> Study:
    """Raises `NothingToStudy` when nothing changed at any queue."""
    queues, times = Queues(chosen.levels, chosen.tick), TimesMet()
    with chosen_records(chosen, settings.kafka_bootstrap) as records, ExitStack() as opened:
        first = next(records, None)
        if first is None:
            raise NothingToStudy("there is no record at all")
        write_events = _events_written(chosen.events, chosen.levels, opened)
        for moment in moments(chain([first], records), times):
            events = queues.take(moment)
            if events is not None:
                write_events(events)
    found = estimates(queues.stints, symmetric=chosen.symmetric)
    if not found:
        raise NothingToStudy(_why_nothing(queues))
    return Study(first.exchange, first.symbol, chosen.levels, chosen.symmetric, queues, times, found)


def _events_written(path: Path | None, levels: int, opened: ExitStack) -> Callable[[QueueEvents], None]:
    """Writes moments into a file, which is made when there is one."""
    file: IO[bytes] | None = None

    def write(events: QueueEvents) -> None:
        nonlocal file
        if path is None:
            return
        try:
            if file is None:
                file = opened.enter_context(path.open("wb", buffering=0))
            file.write(events_json(events, levels) + b"\n")
        except OSError as error:
            raise StudyError(f"--events: {path} cannot be written: {error.strerror}") from error

    return write


def _why_nothing(queues: Queues) -> str:
    if not queues.books:
        return (
            "there is no whole book among the records: one comes after each `gap`, which every start of a feed writes; "
            "give the records from a start on"
        )
    if not queues.has_had_a_price:
        return "there is no reference price: the book never had two sides that do not cross"
    return "nothing changed at any queue: record for longer, or look at more of them (--levels)"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
