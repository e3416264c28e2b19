"""What a study found, as a table and as JSON."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
from rich.console import Console
from rich.table import Table

from market.decimals import plain
from study.estimates import AtSize, QueueEstimate
from study.moments import TimesMet
from study.queues import SIZE_PLACES, QueueEvents, Queues

WIDTH = 110
MOSTLY = 0.8
LEGEND = (
    "average event: in the base currency; mean size: over time, in average events; "
    "in/s, out/s: arrivals, departures a second"
)


@dataclass(frozen=True, slots=True)
class Study:
    """What was looked at, and what it tells of each queue."""

    exchange: str
    symbol: str
    levels: int
    symmetric: bool
    queues: Queues
    times: TimesMet
    estimates: Mapping[int, QueueEstimate]

    @property
    def seconds(self) -> float:
        """From the first moment to the last, gaps included."""
        first, last = self.queues.first_time, self.queues.last_time
        return 0.0 if first is None or last is None else (last - first) / 1000


def study_text(study: Study) -> str:
    """A table of the queues, with what is worth knowing of the records above it."""
    queues = study.queues
    lines = [
        f"{study.exchange} {study.symbol}: {study.seconds:,.1f} s from {_time(queues.first_time)}, "
        f"tick {plain(queues.tick or Decimal(0))}, {study.levels} queues on each side"
        + (", both sides as one" if study.symmetric else ""),
        f"{sum(found.events for found in study.estimates.values()):,} events; the reference price moved "
        f"{queues.reference_moves:,} times",
        *_warnings(study),
    ]
    table = Table(box=None, pad_edge=False, header_style="")
    for title in (
        "queue",
        "events",
        "arrivals",
        "departures",
        "average event",
        "mean size",
        "s an event",
        "in/s",
        "out/s",
    ):
        table.add_column(title, justify="right")
    for position in _positions(study):
        table.add_row(str(position), *_row(study.estimates.get(position)))
    text = io.StringIO()
    Console(file=text, width=WIDTH).print(table)
    return "\n".join([*lines, "", *(line.rstrip() for line in text.getvalue().splitlines()), "", LEGEND])


def study_json(study: Study) -> bytes:
    """One JSON object; sizes of queues are whole average events of that queue, rounded up, and waits are seconds."""
    queues = study.queues
    return msgspec.json.encode(
        {
            "exchange": study.exchange,
            "symbol": study.symbol,
            "first_time": queues.first_time,
            "last_time": queues.last_time,
            "tick": plain(queues.tick) if queues.tick else None,
            "levels": study.levels,
            "symmetric": study.symmetric,
            "whole_books": queues.books,
            "gaps": queues.gaps,
            "reference_moves": queues.reference_moves,
            "times_held": study.times.held,
            "times_not_the_exchanges": study.times.not_the_exchanges,
            "queues": [_queue(found) for found in study.estimates.values()],
        }
    )


def events_json(events: QueueEvents, levels: int) -> bytes:
    """One moment as a JSON line: the queues as they were, and the net change of each that changed."""
    positions = (*range(-levels, 0), *range(1, levels + 1))
    sizes = (None if size is None else _size(size) for size in events.sizes)
    queues = dict(zip(map(str, positions), sizes, strict=True))
    changes = {str(position): _size(change) for position, change in events.changes}
    return msgspec.json.encode(
        {
            "time": events.time,
            "reference_price": plain(events.reference_price),
            "queues": queues,
            "changes": changes,
        }
    )


def _warnings(study: Study) -> Iterator[str]:
    empty = study.queues.empty_share
    if empty > MOSTLY:
        yield (
            f"the queues are empty for {empty:.0%} of the time: a tick of {plain(study.queues.tick or Decimal(0))} "
            "is small beside what lies between the levels; more queues (--levels) reach farther"
        )
    if study.queues.gaps:
        yield f"{study.queues.gaps} gaps: nothing is counted between what was lost and the next whole book"
    if study.times.held:
        yield f"{study.times.held:,} changes bear an earlier time than one before them: they are held at the later one"
    if study.times.not_the_exchanges:
        yield (
            f"{study.times.not_the_exchanges:,} messages bear no time of the exchange: its clock as the producer "
            "knew it, or the time of receipt, stands for it"
        )


def _positions(study: Study) -> Iterator[int]:
    if not study.symmetric:
        yield from range(-study.levels, 0)
    yield from range(1, study.levels + 1)


def _row(found: QueueEstimate | None) -> tuple[str, ...]:
    if found is None:
        return ("0", *("-",) * 7)
    seconds = found.seconds
    rates = [f"{count / seconds:.4g}" if seconds else "-" for count in (found.arrivals, found.departures)]
    return (
        f"{found.events:,}",
        f"{found.arrivals:,}",
        f"{found.departures:,}",
        f"{found.average_event / 10**SIZE_PLACES:.6g}",
        f"{found.mean_size:.3g}" if found.mean_size is not None else "-",
        f"{seconds / found.events:.4g}",
        *rates,
    )


def _queue(found: QueueEstimate) -> dict[str, object]:
    shares, model = found.shares(), found.model_shares()
    return {
        "position": found.position,
        "events": found.events,
        "average_event": _size(round(found.average_event)),
        "sizes": [_at(size, at, shares, model) for size, at in found.at_size.items()],
    }


def _at(size: int, at: AtSize, shares: Mapping[int, float], model: Mapping[int, float]) -> dict[str, object]:
    return {
        "size": size,
        "seconds": at.seconds,
        "share": shares.get(size),
        "model_share": model.get(size),
        "arrivals_per_second": at.arrival_rate,
        "departures_per_second": at.departure_rate,
        "arrival_waits": at.arrival_waits,
        "departure_waits": at.departure_waits,
    }


def _size(size: int) -> str:
    return plain(Decimal(size).scaleb(-SIZE_PLACES).normalize())


def _time(epoch_ms: int | None) -> str:
    return "-" if epoch_ms is None else datetime.fromtimestamp(epoch_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
