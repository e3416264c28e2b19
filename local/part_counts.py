"""Each part's newest sample from the topic `health`: pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from market.errors import MalformedRecord
from market.records import decode_health


@dataclass(frozen=True)
class PartCounts:
    """A part's newest metrics and when Kafka received them (epoch ms, real time)."""

    received_ms: int
    metrics: Mapping[str, int | float | str | None]


def counts_by_part(samples: Iterable[tuple[int, bytes]]) -> dict[str, PartCounts]:
    """The newest sample of every part, from (receipt time, value) in the topic's order; unreadable ones left out."""
    newest: dict[str, PartCounts] = {}
    for received_ms, value in samples:
        try:
            record = decode_health(value)
        except MalformedRecord:
            continue
        if record.symbol:
            continue  # of one symbol alone
        newest[record.part] = PartCounts(received_ms, record.metrics)
    return newest
