"""Where a feed topic stands: its last event time, and each symbol's last one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from threading import Event

from market.errors import MalformedRecord
from market.records import decode_feed
from pipeline.errors import WrongSettings
from pipeline.kafka_clients import end_offsets, read_to_end
from producers.feed_rules import FeedStart

# So many of the last records of each partition are looked at, in steps, until every symbol was met. A symbol without
# a record among them is taken for a new one.
LOOK_BACK = (1, 200, 5_000)
FARTHEST_AHEAD_MS = 60_000
SETTLE_SECONDS = 2.0


def read_start(bootstrap: str, topic: str, symbols: Collection[str], reason: str) -> FeedStart:
    """What a new start has to go on from. Raises TemporarilyUnavailable."""
    last_of_symbol: dict[str, int] = {}
    for look_back in LOOK_BACK:
        for value in read_to_end(bootstrap, topic, look_back):
            try:
                record = decode_feed(value)
            except MalformedRecord:
                continue  # not ours: it says nothing about our time
            last_of_symbol[record.symbol] = max(last_of_symbol.get(record.symbol, 0), record.event_time)
        if all(symbol in last_of_symbol for symbol in symbols):
            break
    return FeedStart(max(last_of_symbol.values(), default=None), last_of_symbol, reason)


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
