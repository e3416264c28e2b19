"""The indexer's loop: records from Kafka, documents to Elasticsearch, then the offsets, in this order."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

from kafka import KafkaConsumer
from kafka.errors import KafkaError, OffsetOutOfRangeError

from indexer.dead_letters import DeadLetters
from indexer.documents import TOPICS, Document, documents
from indexer.elasticsearch_writer import ElasticsearchWriter
from indexer.errors import ElasticsearchAway
from indexer.settings import IndexerSettings
from market.errors import MarketError
from market.records import encode
from pipeline.alive import SignOfLife
from pipeline.back_off import BackOff
from pipeline.errors import TemporarilyUnavailable
from pipeline.kafka_clients import Publisher, await_topics, make_consumer, partitions_of
from pipeline.kill_point import kill_point
from pipeline.log import get_log
from pipeline.metrics import HealthReporter, Metrics
from pipeline.metrics_endpoint import metrics_endpoint
from pipeline.process import StopSignal
from pipeline.topics import DEAD_LETTERS, HEALTH

GROUP = "indexer"
POLL_MS = 500
RECORDS = 2000
_COMMIT_MS = 10_000
_FAREWELL_SECONDS = 2.0

Waiting = tuple[Document, Any]

log = get_log("indexer")


def run(settings: IndexerSettings, stop: StopSignal) -> None:
    """Runs until `stop` is set. Offsets are committed only for what is written or put aside.

    Raises `WrongSettings` when Elasticsearch does not let the user in, `TemporarilyUnavailable` when Kafka is away.
    """
    password, bootstrap = settings.password(), settings.kafka_bootstrap
    if not await_topics(bootstrap, (*TOPICS, DEAD_LETTERS), stop, log):
        return
    metrics, clock = Metrics(), settings.clock()
    with ExitStack() as opened:
        opened.enter_context(metrics_endpoint("indexer", metrics, settings))
        writer = ElasticsearchWriter(settings.elasticsearch_url, settings.elasticsearch_user, password)
        opened.callback(writer.close)
        # Two of them: a sample that could not be delivered must not put dead letters in doubt.
        publisher, samples = Publisher(bootstrap), Publisher(bootstrap)
        opened.callback(publisher.abandon)
        opened.callback(samples.abandon)
        # Not as `group`: the group keeps the offsets, but nobody is a member of it (see `Indexer`). Where it goes on
        # when its offset is gone is for the indexer to say, not for the client to do in silence.
        consumer = make_consumer(bootstrap, group_id=GROUP, max_poll_records=RECORDS, auto_offset_reset="none")
        opened.callback(consumer.close, timeout_ms=_FAREWELL_SECONDS * 1000)
        health = HealthReporter(
            "indexer",
            metrics,
            lambda sample: samples.publish(HEALTH, "indexer", encode(sample)),
            clock,
            settings.health_interval_seconds,
        )
        aside = DeadLetters(publisher, metrics, clock)
        with health:
            indexer = Indexer(consumer, writer, aside, metrics, settings.indexer_bulk_documents)
            indexer.run(stop, settings.sign_of_life())
        # Only the last sample of the metrics is on its way now: not worth an error.
        with suppress(TemporarilyUnavailable):
            samples.flush(_FAREWELL_SECONDS)


class Indexer:
    """Moves records from `consumer` to `writer`; what cannot be read, or is refused, is put aside.

    The partitions are taken by hand: Elasticsearch may be away for longer than a member of a group may be silent. Two
    indexers at once write the same documents under the same ids.
    """

    def __init__(
        self,
        consumer: KafkaConsumer,
        writer: ElasticsearchWriter,
        aside: DeadLetters,
        metrics: Metrics,
        bulk_documents: int,
    ) -> None:
        self._consumer = consumer
        self._writer = writer
        self._aside = aside
        self._metrics = metrics
        self._bulk_documents = bulk_documents
        self._back_off = BackOff(first=0.5, cap=10.0)
        self._away = False

    def run(self, stop: StopSignal, alive: SignOfLife) -> None:
        """Until `stop` is set; no sign of life while Elasticsearch is away.

        Raises `TemporarilyUnavailable` when Kafka is away for good.
        """
        try:
            partitions = partitions_of(self._consumer, *TOPICS)
            self._consumer.assign(partitions)
            if not self._until_taken(self._writer.put_templates, stop):
                return
            log.info("indexing", topics=TOPICS)
            self._stand(partitions)
            while not stop.is_set():
                try:
                    polled = self._consumer.poll(timeout_ms=POLL_MS)
                except OffsetOutOfRangeError:
                    self._stand(partitions)
                    continue
                records = [record for batch in polled.values() for record in batch]
                if records and self._index(records, stop):
                    self._consumer.commit(timeout_ms=_COMMIT_MS)
                    self._metrics.count("records", len(records))
                self._metrics.gauge("records_behind", self._behind(partitions))
                alive.give()
        except KafkaError as error:
            raise TemporarilyUnavailable(f"Kafka does not answer: {error!r}") from error

    def _stand(self, partitions: Sequence[Any]) -> None:
        """Goes on behind what is done, and says what Kafka has deleted before it could be indexed."""
        begins, ends = self._consumer.beginning_offsets(partitions), self._consumer.end_offsets(partitions)
        for partition in partitions:
            begin, done = begins[partition], self._consumer.committed(partition, timeout_ms=_COMMIT_MS)
            if done is not None and done < begin:
                self._metrics.count("records_lost", begin - done, topic=partition.topic)
                log.error(
                    "Kafka's retention deleted records before they were indexed; going on with those that are left",
                    topic=partition.topic,
                    partition=partition.partition,
                    records=begin - done,
                )
            elif done is not None and done > ends[partition]:
                log.warning("the topic was made anew; beginning with its first record", topic=partition.topic)
            stays = done is not None and begin <= done <= ends[partition]
            self._consumer.seek(partition, done if stays else begin)

    def _index(self, records: Sequence[Any], stop: StopSignal) -> bool:
        """Whether all is written or put aside; False when asked to stop before."""
        for bulk in self._bulks(records):
            if not self._until_taken(partial(self._write, bulk), stop):
                return False
        self._aside.settle()
        return True

    def _bulks(self, records: Sequence[Any]) -> Iterator[tuple[Waiting, ...]]:
        waiting: list[Waiting] = []
        for record in records:
            for document in self._read(record):
                waiting.append((document, record))
                if len(waiting) >= self._bulk_documents:
                    yield tuple(waiting)
                    waiting.clear()
        if waiting:
            yield tuple(waiting)

    def _read(self, record: Any) -> Iterator[Document]:
        try:
            yield from documents(record.topic, record.value)
        except MarketError as error:
            self._aside.put_aside(record, str(error))

    def _write(self, bulk: Sequence[Waiting]) -> None:
        refused = self._writer.write([document for document, _ in bulk])
        for each in refused:
            self._aside.put_aside(bulk[each.place][1], each.reason)
        self._metrics.count("documents", len(bulk) - len(refused))
        kill_point("indexer.mid_bulk")

    def _until_taken(self, write: Callable[[], None], stop: StopSignal) -> bool:
        while not stop.is_set():
            try:
                write()
            except ElasticsearchAway as error:
                self._now_away(True)
                self._metrics.count("waits_for_elasticsearch")
                log.warning(
                    f"{error}; nothing is lost while Kafka keeps it, and this goes on when Elasticsearch is back"
                )
                stop.wait(self._back_off.next())
            else:
                self._now_away(False)
                self._back_off.reset()
                return True
        return False

    def _now_away(self, away: bool) -> None:
        if self._away and not away:
            log.info("Elasticsearch is back")
        self._away = away
        self._metrics.gauge("elasticsearch", "away" if away else "ok")

    def _behind(self, partitions: Sequence[Any]) -> int:
        """How many records wait in Kafka, as far as its last answers tell."""
        known = ((self._consumer.highwater(partition), partition) for partition in partitions)
        return sum(end - self._consumer.position(partition) for end, partition in known if end is not None)
