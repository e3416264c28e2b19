"""The journal in Kafka: written in transactions under the bot's identity, read back whole at the start."""

import time
from collections.abc import Iterator, Sequence

from kafka import TopicPartition
from kafka.errors import KafkaError

from bot.errors import TakenOver
from market.errors import MalformedRecord
from market.journal import JournalRecord, decode_journal
from market.records import encode
from pipeline.errors import Fenced, TemporarilyUnavailable
from pipeline.kafka_clients import make_consumer
from pipeline.log import Log
from pipeline.topics import BOT_EVENTS
from pipeline.transactions import TransactionalPublisher

POLL_MS = 500
# Another bot's open transaction hides what follows it, for at most a minute; then Kafka aborts it.
NO_PROGRESS_SECONDS = 120.0


class KafkaJournal:
    """The journal of one identity. Making one fences every older one: its next `write` raises `TakenOver`."""

    def __init__(self, bootstrap: str, bot: str, symbol: str, log: Log, *, topic: str = BOT_EVENTS) -> None:
        """Raises `TemporarilyUnavailable` when Kafka does not answer, `TakenOver` when yet another came meanwhile."""
        self._bootstrap = bootstrap
        self._bot = bot
        self._symbol = symbol
        self._log = log
        self._topic = topic
        try:
            self._publisher = TransactionalPublisher(bootstrap, f"bot.{bot}")
        except Fenced as error:
            raise TakenOver(str(error)) from error

    def write(self, records: Sequence[JournalRecord]) -> None:
        """One transaction; when it returns, all records are acknowledged and committed.

        Raises `TakenOver`, or `TemporarilyUnavailable` when it is not known whether they are there.
        """
        try:
            self._publisher.write(self._topic, self._symbol, *(encode(record) for record in records))
        except Fenced as error:
            raise TakenOver(str(error)) from error

    def recall(self) -> Iterator[JournalRecord]:
        """Every record that this identity ever wrote, in order. Raises `TemporarilyUnavailable`."""
        try:
            for value in self._values():
                try:
                    record = decode_journal(value)
                except MalformedRecord as error:
                    self._log.warning("a record of the journal is not readable; passed over", why=str(error))
                    continue
                if record.bot == self._bot:
                    yield record
        except KafkaError as error:
            raise TemporarilyUnavailable(f"the journal could not be read: {error!r}") from error

    def close(self) -> None:
        """Ends; everything written was acknowledged already."""
        self._publisher.abandon()

    def _values(self) -> Iterator[bytes]:
        partition = TopicPartition(self._topic, 0)
        end = self._end(partition)
        with make_consumer(self._bootstrap, self._topic) as consumer:
            last_progress, position = time.monotonic(), -1
            while consumer.position(partition) < end:
                for records in consumer.poll(timeout_ms=POLL_MS).values():
                    yield from (record.value or b"" for record in records)
                if consumer.position(partition) != position:
                    last_progress, position = time.monotonic(), consumer.position(partition)
                elif time.monotonic() - last_progress > NO_PROGRESS_SECONDS:
                    raise TemporarilyUnavailable("the journal could not be read to its end")

    def _end(self, partition: TopicPartition) -> int:
        """The real end: that of committed records may lie before ours while another bot's transaction is open."""
        with make_consumer(self._bootstrap, isolation_level="read_uncommitted") as consumer:
            end: int = consumer.end_offsets([partition])[partition]
            return end
