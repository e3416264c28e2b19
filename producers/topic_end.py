"""Where a feed topic stands: its last event time, and each symbol's last one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event

from market.errors import MalformedRecord
from market.records import FeedRecord, decode_feed
from pipeline.errors import WrongSettings
from pipeline.kafka_clients import each_to_end, end_offsets, first_records, longest_partition
from producers.feed_rules import FeedStart

# So many of the last records of each partition are looked at, in steps, until every symbol was met.
LOOK_BACK = (1, 200, 5_000, 100_000)
# One of the first so many records of a topic is ours.
FIRST_ONES = 100
FARTHEST_AHEAD_MS = 60_000
SETTLE_SECONDS = 2.0


def read_start(
    bootstrap: str, topic: str, symbols: Collection[str], reason: str, look_back: Sequence[int] = LOOK_BACK
) -> FeedStart:
    """What a new start has to go on from. Raises TemporarilyUnavailable.

    A symbol that is not met in the whole topic is a new one. One that is not met among the records that are looked at
    may have its last record anywhere before them: it is taken for the topic's first one, for a gap that is too long is
    safe, and one that is too short is not.
    """
    last_of_symbol: dict[str, int] = {}
    for most in look_back:
        for record in _feed_records(each_to_end(bootstrap, topic, most)):
            last_of_symbol[record.symbol] = max(last_of_symbol.get(record.symbol, 0), record.event_time)
        unmet = [symbol for symbol in symbols if symbol not in last_of_symbol]
        if not unmet or most >= longest_partition(bootstrap, topic):
            break
    else:
        first = _feed_records(first_records(bootstrap, topic, FIRST_ONES))
        oldest = min((record.event_time for record in first), default=None)
        if oldest is not None:
            last_of_symbol |= dict.fromkeys(unmet, oldest)
    return FeedStart(max(last_of_symbol.values(), default=None), last_of_symbol, reason)


def _feed_records(values: Iterable[bytes]) -> Iterator[FeedRecord]:
    """Those that are ours: the others say nothing about our time."""
    for value in values:
        with suppress(MalformedRecord):
            yield decode_feed(value)


def refuse_the_future(start: FeedStart, topic: str, now_ms: int) -> None:
    """Raises WrongSettings when the topic's last record lies more than a minute ahead of this machine's clock.

    Event time never goes back, so all new records would be held at that time until the clock has reached it.
    """
    last = start.last_event_time
    if last is not None and last > now_ms + FARTHEST_AHEAD_MS:
        raise WrongSettings(
            f"the last record of {topic} is of {_shown(last)}, but this machine's clock says {_shown(now_ms)}: set the"
            " clock right, or use another state directory"
        )


def await_settled(bootstrap: str, topic: str, stop: Event) -> None:
    """Wait until the topic's end stands still: what an abandoned client sent last may still be on its way in."""
    before = end_offsets(bootstrap, topic)
    while not stop.wait(SETTLE_SECONDS):
        now = end_offsets(bootstrap, topic)
        if now == before:
            return
        before = now


def _shown(epoch_ms: int) -> str:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC).isoformat(timespec="seconds")
