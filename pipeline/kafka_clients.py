"""How we talk to Kafka with kafka-python 3: idempotent producers with bounded memory, consumers that commit nothing."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Lock
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError, KafkaTimeoutError

from pipeline.errors import TemporarilyUnavailable
from pipeline.log import Log
from pipeline.process import StopSignal

# A record in the client's memory costs this much besides its value.
_RECORD_BYTES = 200
_POLL_MS = 1000


def await_broker(bootstrap: str, stop: StopSignal, log: Log) -> bool:
    """Waits until the broker answers; False when `stop` was set first. Says every few seconds what is waited for."""
    while not stop.is_set():
        try:
            KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=5000).close()
        except KafkaError:
            log.warning(
                f"waiting for Kafka at {bootstrap}: it does not answer yet; this part goes on as soon as it does",
                bootstrap=bootstrap,
            )
            stop.wait(1.0)
        else:
            return True
    return False


def await_topics(bootstrap: str, topics: Iterable[str], stop: StopSignal, log: Log) -> bool:
    """Waits until the broker answers and has the topics; False when `stop` was set first."""
    wanted = set(topics)
    while await_broker(bootstrap, stop, log):
        try:
            with KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=5000) as admin:
                missing = wanted - set(admin.list_topics())
        except KafkaError:
            continue
        if not missing:
            return True
        log.warning(f"waiting for topics: {', '.join(sorted(missing))} (python -m pipeline topics makes them)")
        stop.wait(1.0)
    return False


def producer_config(bootstrap: str, delivery_timeout_ms: int = 120_000) -> dict[str, Any]:
    """What all our producers share: idempotent, acks all, large batches, and never blocked for long."""
    return {
        "bootstrap_servers": bootstrap,
        "enable_idempotence": True,
        "acks": "all",
        "linger_ms": 10,
        "batch_size": 262_144,
        "compression_type": "gzip",
        "max_block_ms": 5_000,
        "delivery_timeout_ms": delivery_timeout_ms,
        "request_timeout_ms": min(30_000, delivery_timeout_ms),
        "bootstrap_timeout_ms": 10_000,
    }


class Publisher:
    """Hands records to Kafka and keeps count of what was acknowledged. Safe to use from several threads.

    What waits in memory is bounded: kafka-python itself would take any amount.
    """

    def __init__(self, bootstrap: str, *, delivery_timeout_ms: int = 120_000, memory_bytes: int = 32 << 20) -> None:
        """Raises `TemporarilyUnavailable` when the broker does not answer."""
        self.delivered = 0
        self.failed = 0
        self.in_flight_bytes = 0
        self.last_error: str | None = None
        self._memory_bytes = memory_bytes
        self._lock = Lock()
        try:
            self._producer = KafkaProducer(**producer_config(bootstrap, delivery_timeout_ms))
        except KafkaError as error:
            raise TemporarilyUnavailable(f"Kafka at {bootstrap} does not answer: {error}") from error

    def publish(self, topic: str, key: str, value: bytes) -> None:
        """Queues a record. Raises `TemporarilyUnavailable` when memory is full, or the topic is not to be reached."""
        size = len(value) + _RECORD_BYTES
        with self._lock:
            if self.in_flight_bytes + size > self._memory_bytes:
                raise TemporarilyUnavailable(
                    f"{self.in_flight_bytes} bytes wait for Kafka already, and {self._memory_bytes} are allowed"
                )
            self.in_flight_bytes += size
        try:
            future = self._producer.send(topic, value=value, key=key.encode())
        except KafkaError as error:
            self._settle(size, error)
            raise TemporarilyUnavailable(f"{topic} is not to be reached: {error!r}") from error
        future.add_both(self._settled(size))

    def flush(self, timeout: float) -> None:
        """Waits until all is acknowledged; raises `TemporarilyUnavailable` when it was not within `timeout` seconds."""
        try:
            self._producer.flush(timeout)
        except KafkaTimeoutError as error:
            raise TemporarilyUnavailable(f"Kafka did not acknowledge all records within {timeout:g} s") from error
        self.raise_if_failed()

    def raise_if_failed(self) -> None:
        """Raises `TemporarilyUnavailable` when a record could not be delivered: it, and all after it, are in doubt."""
        if self.failed:
            raise TemporarilyUnavailable(f"{self.failed} records could not be delivered: {self.last_error}")

    def close(self, timeout: float) -> None:
        """Delivers what waits, for at most `timeout` seconds, and ends. Raises as `flush` does."""
        try:
            self.flush(timeout)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Ends at once; what was not acknowledged may or may not arrive."""
        with suppress(KafkaError):
            self._producer.close(0)

    def _settled(self, size: int) -> Callable[[Any], None]:
        def settle(result: Any) -> None:
            self._settle(size, result if isinstance(result, BaseException) else None)

        return settle

    def _settle(self, size: int, error: BaseException | None) -> None:
        with self._lock:
            self.in_flight_bytes -= size
            if error is None:
                self.delivered += 1
            else:
                self.failed += 1
                self.last_error = repr(error)


def make_consumer(bootstrap: str, *topics: str, group: str | None = None, **config: Any) -> KafkaConsumer:
    """A consumer of committed records that commits only when told. Raises `TemporarilyUnavailable`.

    With a group it subscribes; without one it has every partition of the topics and stands at their beginning.
    """
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=group,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            bootstrap_timeout_ms=10_000,
            **config,
        )
        if group:
            consumer.subscribe(list(topics))
        elif topics:
            partitions = partitions_of(consumer, *topics)
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
    except KafkaError as error:
        raise TemporarilyUnavailable(f"Kafka at {bootstrap} does not answer: {error}") from error
    return consumer


def partitions_of(consumer: KafkaConsumer, *topics: str) -> list[TopicPartition]:
    """Every partition of the topics; raises `TemporarilyUnavailable` for a topic that is not there."""
    found = []
    for topic in topics:
        numbers = consumer.partitions_for_topic(topic)
        if not numbers:
            raise TemporarilyUnavailable(f"there is no topic {topic}")
        found += [TopicPartition(topic, number) for number in sorted(numbers)]
    return found


def end_offsets(bootstrap: str, *topics: str) -> dict[str, int]:
    """How many records each topic has held so far, over all its partitions. Raises `TemporarilyUnavailable`."""
    with make_consumer(bootstrap) as consumer:
        try:
            ends = consumer.end_offsets(partitions_of(consumer, *topics))
        except KafkaError as error:
            raise TemporarilyUnavailable(f"Kafka at {bootstrap} does not answer: {error}") from error
    totals = dict.fromkeys(topics, 0)
    for partition, end in ends.items():
        totals[partition.topic] += end
    return totals


def read_to_end(bootstrap: str, topic: str, last: int | None = None) -> list[bytes]:
    """The values of a topic up to its end as it is now; with `last`, only about the last so many of each partition.

    Transaction markers take offsets too, so fewer than `last` may come. Raises `TemporarilyUnavailable`.
    """
    values: list[bytes] = []
    with make_consumer(bootstrap, topic) as consumer:
        try:
            partitions = partitions_of(consumer, topic)
            ends = consumer.end_offsets(partitions)
            starts = consumer.beginning_offsets(partitions)
            for partition in partitions:
                if last is not None:
                    consumer.seek(partition, max(starts[partition], ends[partition] - last))
            while any(consumer.position(partition) < ends[partition] for partition in partitions):
                for records in consumer.poll(timeout_ms=_POLL_MS).values():
                    values += [record.value for record in records]
        except KafkaError as error:
            raise TemporarilyUnavailable(f"Kafka at {bootstrap} does not answer: {error}") from error
    return values
