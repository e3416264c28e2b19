"""The feed's way into Kafka: encodes, publishes, counts."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from market.records import L2, FeedRecord, Gap, Tick, encode
from pipeline.kill_point import kill_point
from pipeline.log import get_log
from pipeline.metrics import Metrics
from pipeline.seldom_warning import SeldomWarning
from pipeline.topics import DEAD_LETTERS
from producers.feed_outcome import Outcome


class RecordSink(Protocol):
    """Where encoded records go: Kafka, as a rule."""

    def publish(self, topic: str, key: str, value: bytes) -> None:
        """Take a record. Raises TemporarilyUnavailable when it can't be kept or delivered."""


class FeedLog:
    """Writes what a feed gives out. Records of one symbol stay in their order."""

    def __init__(self, publisher: RecordSink, topic: str, metrics: Metrics) -> None:
        self._publisher = publisher
        self._topic = topic
        self._metrics = metrics
        self._log = get_log("producer")
        self._put_aside = SeldomWarning(self._log, "frame put aside")
        self.last_received: int | None = None
        # Counted apart and handed over for each outcome: the metrics' lock for each record would cost more than it.
        self._written: Counter[tuple[type[FeedRecord], str]] = Counter()

    def write(self, outcome: Outcome) -> None:
        """Hand everything to the Kafka client. Raises TemporarilyUnavailable when it can't be kept or delivered."""
        try:
            for record in outcome.records:
                self._write(record)
        finally:
            self._count_records()
        for letter in outcome.dead_letters:
            self._put_aside.tell(letter.symbol, symbol=letter.symbol, id=letter.id, reason=letter.reason)
            self._publisher.publish(DEAD_LETTERS, letter.symbol, encode(letter))
            self._metrics.count("dead_letters", symbol=letter.symbol)

    def _write(self, record: FeedRecord) -> None:
        if isinstance(record, Tick):
            kill_point("producer.before_tick")
        elif isinstance(record, Gap):
            self._log.info("gap", symbol=record.symbol, reason=record.reason, from_ms=record.from_, to_ms=record.to)
        self._publisher.publish(self._topic, record.symbol, encode(record))
        kill_point("producer.after_publish")
        self._written[type(record), record.symbol] += 1
        if isinstance(record, L2):
            self.last_received = record.received_time

    def _count_records(self) -> None:
        for (kind, symbol), number in self._written.items():
            self._metrics.count("records", number, kind=kind.__name__.lower(), symbol=symbol)
        self._written.clear()
