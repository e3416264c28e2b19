"""The indexer's loop: records from Kafka, documents to Elasticsearch, then the offsets, in this order."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from kafka import KafkaConsumer
from kafka.errors import KafkaError

from indexer.documents import TOPICS, Document, documents
from indexer.elasticsearch_writer import ElasticsearchWriter
from indexer.errors import ElasticsearchAway
from indexer.settings import IndexerSettings
from market.errors import MarketError
from market.records import encode
from pipeline.back_off import BackOff
from pipeline.clock import Clock
from pipeline.dead_letters import dead_letter
from pipeline.errors import TemporarilyUnavailable
from pipeline.kafka_clients import Publisher, await_topics, make_consumer, partitions_of
from pipeline.kill_point import kill_point
from pipeline.log import get_log
from pipeline.metrics import HealthReporter, Metrics
from pipeline.process import StopSignal
from pipeline.topics import DEAD_LETTERS, HEALTH

GROUP = "indexer"
POLL_MS = 500
RECORDS = 2000
FLUSH_SECONDS = 30.0

log = get_log("indexer")


def run(settings: IndexerSettings, stop: StopSignal) -> None:
    """Runs until `stop` is set. Offsets are committed only for what is written or put aside."""
    if not await_topics(settings.kafka_bootstrap, (*TOPICS, DEAD_LETTERS), stop, log):
        return
    metrics, clock = Metrics(), settings.clock()
    writer = ElasticsearchWriter(settings.elasticsearch_url, settings.elasticsearch_user, settings.password())
    publisher = Publisher(settings.kafka_bootstrap)
    consumer = make_consumer(settings.kafka_bootstrap, group=GROUP, max_poll_records=RECORDS)
    health = HealthReporter(
        "indexer",
        metrics,
        lambda sample: publisher.publish(HEALTH, "indexer", encode(sample)),
        clock,
        settings.health_interval_seconds,
    )
    try:
        with health:
            indexer = Indexer(consumer, writer, publisher, metrics, clock, settings.indexer_bulk_documents)
            indexer.run(stop)
        publisher.flush(FLUSH_SECONDS)
    finally:
        publisher.abandon()
        consumer.close()
        writer.close()


class Indexer:
    """Moves records from `consumer` to `writer`; what cannot be read, or is refused, goes to `dead-letters`.

    The partitions are taken by hand: Elasticsearch may be away for longer than a member of a group may be silent. Two
    indexers at once write the same documents under the same ids.
    """

    def __init__(
        self,
        consumer: KafkaConsumer,
        writer: ElasticsearchWriter,
        publisher: Publisher,
        metrics: Metrics,
        clock: Clock,
        bulk_documents: int,
    ) -> None:
        self._consumer = consumer
        self._writer = writer
        self._publisher = publisher
        self._metrics = metrics
        self._clock = clock
        self._bulk_documents = bulk_documents
        self._back_off = BackOff(first=0.5, cap=10.0)

    def run(self, stop: StopSignal) -> None:
        """Until `stop` is set. Raises `TemporarilyUnavailable` when Kafka is away for good."""
        self._consumer.assign(partitions_of(self._consumer, *TOPICS))
        if not self._until_taken(self._writer.put_templates, stop):
            return
        log.info("indexing", topics=TOPICS)
        while not stop.is_set():
            try:
                polled = self._consumer.poll(timeout_ms=POLL_MS)
                records = [record for batch in polled.values() for record in batch]
                if records and self._index(records, stop):
                    self._consumer.commit()
            except KafkaError as error:
                raise TemporarilyUnavailable(f"Kafka does not answer: {error!r}") from error

    def _index(self, records: Sequence[Any], stop: StopSignal) -> bool:
        """Whether all is written or put aside; False when asked to stop before."""
        waiting: list[tuple[Document, Any]] = []
        for record in records:
            for document in self._read(record):
                waiting.append((document, record))
                if len(waiting) >= self._bulk_documents:
                    if not self._until_taken(partial(self._write, tuple(waiting)), stop):
                        return False
                    waiting.clear()
        if not self._until_taken(partial(self._write, tuple(waiting)), stop):
            return False
        self._publisher.flush(FLUSH_SECONDS)
        self._metrics.count("records", len(records))
        return True

    def _read(self, record: Any) -> Sequence[Document]:
        try:
            return tuple(documents(record.topic, record.value))
        except MarketError as error:
            self._put_aside(record, str(error))
            return ()

    def _write(self, waiting: Sequence[tuple[Document, Any]]) -> None:
        refused = self._writer.write([document for document, _ in waiting])
        for each in refused:
            self._put_aside(waiting[each.place][1], each.reason)
        self._metrics.count("documents", len(waiting) - len(refused))
        kill_point("indexer.mid_bulk")

    def _until_taken(self, write: Callable[[], None], stop: StopSignal) -> bool:
        while not stop.is_set():
            try:
                write()
            except ElasticsearchAway as error:
                self._metrics.count("waits_for_elasticsearch")
                log.warning(f"{error}; nothing is lost, Kafka keeps it, and this goes on when Elasticsearch is back")
                stop.wait(self._back_off.next())
            else:
                self._back_off.reset()
                return True
        return False

    def _put_aside(self, record: Any, reason: str) -> None:
        self._metrics.count("dead_letters")
        id = f"{record.topic}/{record.partition}/{record.offset}"
        letter = dead_letter(
            source=f"indexer, {id}", payload=record.value, reason=reason, id=id, event_time=self._clock.wall_ms()
        )
        self._publisher.publish(DEAD_LETTERS, id, encode(letter))
