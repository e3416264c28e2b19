"""How we talk to Kafka with kafka-python 3: producers with bounded memory, consumers that commit only when told."""

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from threading import Condition
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from pipeline.bounded_producer import BoundedProducer, check_size, producer_config
from pipeline.broker_address import require_broker
from pipeline.errors import TemporarilyUnavailable
from pipeline.log import Log
from pipeline.process import StopSignal

# A record in the client's memory costs this much besides its value.
_RECORD_BYTES = 200
_POLL_MS = 1000
_TRY_MS = 3000
_TELL_SECONDS = 5.0
_NO_PROGRESS_SECONDS = 60.0
_AGAIN_SECONDS = 0.5


def await_broker(bootstrap: str, stop: StopSignal, log: Log) -> bool:
    """Waits until the broker answers; False when `stop` was set first. Says every 5 s what is waited for."""
    return _await(
        lambda: None if _topics(bootstrap) is not None else f"Kafka at {bootstrap}: it does not answer yet", stop, log
    )


def await_topics(bootstrap: str, topics: Iterable[str], stop: StopSignal, log: Log) -> bool:
    """Waits until the broker answers and has the topics; False when `stop` was set first."""
    wanted = set(topics)

    def lacking() -> str | None:
        there = _topics(bootstrap)
        if there is None:
            return f"Kafka at {bootstrap}: it does not answer yet"
        missing = ", ".join(sorted(wanted - there))
        return f"topics at Kafka ({bootstrap}): {missing} (python -m pipeline topics makes them)" if missing else None

    return _await(lacking, stop, log)


def _await(lacking: Callable[[], str | None], stop: StopSignal, log: Log) -> bool:
    told: float | None = None
    while not stop.is_set():
        what = lacking()
        if what is None:
            if told is not None:
                log.info("what was waited for is there")
            return True
        if told is None or time.monotonic() - told >= _TELL_SECONDS:
            log.warning(f"waiting for {what}; nothing is lost, this part goes on as soon as that is there")
            told = time.monotonic()
        stop.wait(_AGAIN_SECONDS)
    return False


def _topics(bootstrap: str) -> set[str] | None:
    """The names of the topics; None when the broker does not answer."""
    try:
        require_broker(bootstrap)
        with KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=_TRY_MS) as admin:
            return set(admin.list_topics())
    except (KafkaError, TemporarilyUnavailable):
        return None


class Publisher:
    """Hands records to Kafka and keeps count of what was acknowledged. Safe to use from several threads.

    What waits in memory is bounded here: kafka-python 3 would take any amount.
    """

    def __init__(self, bootstrap: str, *, delivery_timeout_ms: int = 120_000, memory_bytes: int = 32 << 20) -> None:
        """A record that is not acknowledged within `delivery_timeout_ms` has failed.

        Raises `TemporarilyUnavailable` when the broker does not answer.
        """
        self.delivered = 0
        self.failed = 0
        self.in_flight_bytes = 0
        self.last_error: str | None = None
        self._in_flight = 0
        self._memory_bytes = memory_bytes
        self._changed = Condition()
        require_broker(bootstrap)
        try:
            self._producer = BoundedProducer(**producer_config(bootstrap, delivery_timeout_ms))
        except KafkaError as error:
            raise _unavailable(bootstrap, error) from error

    def publish(self, topic: str, key: str, value: bytes) -> None:
        """Queues a record.

        Raises `TemporarilyUnavailable` when memory is full or the topic is not to be reached, `TooLarge` for a record
        that Kafka would never take.
        """
        check_size(topic, key, value)
        size = len(value) + _RECORD_BYTES
        with self._changed:
            if self.in_flight_bytes + size > self._memory_bytes:
                raise TemporarilyUnavailable(
                    f"{self.in_flight_bytes} bytes wait for Kafka already, and {self._memory_bytes} are allowed"
                )
            self.in_flight_bytes += size
            self._in_flight += 1
        try:
            future = self._producer.send(topic, value=value, key=key.encode())
        except KafkaError as error:
            self._settle(size, error)
            raise TemporarilyUnavailable(f"{topic} is not to be reached: {error!r}") from error
        future.add_callback(lambda _: self._settle(size, None))
        future.add_errback(lambda error: self._settle(size, error))

    def flush(self, timeout: float) -> None:
        """Waits until all is acknowledged; raises `TemporarilyUnavailable` when it was not within `timeout` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._in_flight, timeout):
                raise TemporarilyUnavailable(
                    f"Kafka did not acknowledge {self._in_flight} records within {timeout:g} s"
                )
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
        self._producer.abandon()

    def _settle(self, size: int, error: BaseException | None) -> None:
        with self._changed:
            self.in_flight_bytes -= size
            self._in_flight -= 1
            if error is None:
                self.delivered += 1
            else:
                self.failed += 1
                self.last_error = repr(error)
            self._changed.notify_all()


def make_consumer(bootstrap: str, *topics: str, group: str | None = None, **config: Any) -> KafkaConsumer:
    """A consumer of committed records that commits only when told. Raises `TemporarilyUnavailable`.

    With a group it subscribes; without one it has every partition of the topics and stands at their beginning.
    """
    require_broker(bootstrap)
    settings = {
        "bootstrap_servers": bootstrap,
        "group_id": group,
        "isolation_level": "read_committed",
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "allow_auto_create_topics": False,
        "bootstrap_timeout_ms": 10_000,
    }
    try:
        consumer = KafkaConsumer(**(settings | config))
    except KafkaError as error:
        raise _unavailable(bootstrap, error) from error
    try:
        if group:
            consumer.subscribe(list(topics))
        elif topics:
            partitions = partitions_of(consumer, *topics)
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
    except KafkaError as error:
        consumer.close()
        raise _unavailable(bootstrap, error) from error
    except TemporarilyUnavailable:
        consumer.close()
        raise
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
            raise _unavailable(bootstrap, error) from error
    totals = dict.fromkeys(topics, 0)
    for partition, end in ends.items():
        totals[partition.topic] += end
    return totals


def longest_partition(bootstrap: str, topic: str) -> int:
    """How many offsets the longest partition of the topic holds now. Raises `TemporarilyUnavailable`."""
    with make_consumer(bootstrap) as consumer:
        try:
            partitions = partitions_of(consumer, topic)
            ends, starts = consumer.end_offsets(partitions), consumer.beginning_offsets(partitions)
        except KafkaError as error:
            raise _unavailable(bootstrap, error) from error
    held: list[int] = [ends[partition] - starts[partition] for partition in partitions]
    return max(held)


def read_to_end(bootstrap: str, topic: str, last: int | None = None) -> list[bytes]:
    """The values of a topic up to its end as it is now; with `last`, only about the last so many of each partition.

    Transaction markers take offsets too, so fewer than `last` may come. Raises `TemporarilyUnavailable`.
    """
    return list(each_to_end(bootstrap, topic, last))


def each_to_end(bootstrap: str, topic: str, last: int | None = None) -> Iterator[bytes]:
    """The same one by one, for more than memory should hold."""
    with make_consumer(bootstrap, topic) as consumer:
        try:
            for record in _read(consumer, partitions_of(consumer, topic), last):
                yield record.value
        except KafkaError as error:
            raise _unavailable(bootstrap, error) from error


def first_records(bootstrap: str, topic: str, count: int) -> list[bytes]:
    """The values of each partition's first `count` committed records. Raises `TemporarilyUnavailable`."""
    found = []
    with make_consumer(bootstrap) as consumer:
        try:
            for partition in partitions_of(consumer, topic):
                consumer.assign([partition])
                found += [record.value for record in islice(_read(consumer, [partition], None), count)]
        except KafkaError as error:
            raise _unavailable(bootstrap, error) from error
    return found


def last_record(bootstrap: str, topic: str, partition: int = 0) -> bytes | None:
    """The value of a partition's last committed record; None when there is none. Raises `TemporarilyUnavailable`."""
    with make_consumer(bootstrap, topic) as consumer:
        try:
            only = [TopicPartition(topic, partition)]
            consumer.assign(only)
            held = consumer.end_offsets(only)[only[0]] - consumer.beginning_offsets(only)[only[0]]
            look_back = 1
            while not (records := list(_read(consumer, only, look_back))) and look_back < held:
                look_back *= 8
            return records[-1].value if records else None
        except KafkaError as error:
            raise _unavailable(bootstrap, error) from error


def _read(consumer: KafkaConsumer, partitions: list[TopicPartition], last: int | None) -> Iterator[Any]:
    """The records of assigned partitions up to their ends as they are now."""
    ends = consumer.end_offsets(partitions)
    starts = consumer.beginning_offsets(partitions)
    for partition in partitions:
        consumer.seek(partition, starts[partition] if last is None else max(starts[partition], ends[partition] - last))
    moved, before = time.monotonic(), -1
    while any(consumer.position(partition) < ends[partition] for partition in partitions):
        for records in consumer.poll(timeout_ms=_POLL_MS).values():
            yield from records
        standing = sum(consumer.position(partition) for partition in partitions)
        if standing != before:
            moved, before = time.monotonic(), standing
        elif time.monotonic() - moved > _NO_PROGRESS_SECONDS:
            raise TemporarilyUnavailable(
                f"{partitions[0].topic} could not be read to its end: nothing came for {_NO_PROGRESS_SECONDS:g} s"
            )


def _unavailable(bootstrap: str, error: KafkaError) -> TemporarilyUnavailable:
    return TemporarilyUnavailable(f"Kafka at {bootstrap} does not answer: {error}")
