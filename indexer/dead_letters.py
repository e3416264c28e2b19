"""What cannot be read, or is refused by Elasticsearch, is put aside: one dead letter a record."""

from typing import Any

from market.records import encode
from pipeline.clock import Clock
from pipeline.dead_letters import dead_letter
from pipeline.kafka_clients import Publisher
from pipeline.log import get_log
from pipeline.metrics import Metrics
from pipeline.seldom_warning import SeldomWarning
from pipeline.topics import DEAD_LETTERS

FLUSH_SECONDS = 30.0
# Elasticsearch repeats a refused value in its reason, whole.
LONGEST_REASON = 1000
# Letters of nearly 90 KiB each: more at once would not fit into the publisher's memory.
_MOST_ON_THEIR_WAY = 100


class DeadLetters:
    """Writes dead letters; what is written is only certain after `settle`."""

    def __init__(self, publisher: Publisher, metrics: Metrics, clock: Clock) -> None:
        self._publisher = publisher
        self._metrics = metrics
        self._clock = clock
        self._put_aside = SeldomWarning(get_log("indexer"), "a record was put aside")
        self._last = ""
        self._on_their_way = 0

    def put_aside(self, record: Any, reason: str) -> None:
        """Writes a letter of a record of Kafka, its id topic/partition/offset; not one again for the same record.

        Raises `TemporarilyUnavailable` when Kafka does not take it.
        """
        id = f"{record.topic}/{record.partition}/{record.offset}"
        if id == self._last:
            return
        letter = dead_letter(
            source=f"indexer, {id}",
            payload=record.value or b"",
            reason=reason[:LONGEST_REASON],
            id=id,
            event_time=self._clock.wall_ms(),
        )
        self._publisher.publish(DEAD_LETTERS, id, encode(letter))
        self._last = id
        self._metrics.count("dead_letters")
        self._put_aside.tell(record.topic, id=id, reason=letter.reason)
        self._on_their_way += 1
        if self._on_their_way >= _MOST_ON_THEIR_WAY:
            self.settle()

    def settle(self) -> None:
        """Waits until every letter is acknowledged. Raises `TemporarilyUnavailable`."""
        self._publisher.flush(FLUSH_SECONDS)
        self._on_their_way = 0
