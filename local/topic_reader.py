"""Read-only looks into the local broker, each bounded in time, for the watch, the status and the tail."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from local.run_errors import BrokerAway


@dataclass(frozen=True)
class TopicEnds:
    """A topic's first and next offset by partition."""

    topic: str
    begins: Mapping[TopicPartition, int]
    ends: Mapping[TopicPartition, int]

    @property
    def records(self) -> int:
        """How many records the topic holds (what transactions add for themselves is counted too)."""
        return sum(self.ends.values()) - sum(self.begins.values())


def answers(bootstrap: str, seconds: float = 1.0) -> bool:
    """Whether something accepts connections at `host:port`."""
    host, _, port = bootstrap.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=seconds):
            return True
    except OSError:
        return False


@contextmanager
def open_consumer(bootstrap: str, seconds: float) -> Iterator[KafkaConsumer]:
    """A consumer without a group that gives up after `seconds`; Kafka's errors come out as `BrokerAway`."""
    if not answers(bootstrap):
        raise BrokerAway(f"the broker at {bootstrap} does not answer; is a demo running? (make demo starts one)")
    milliseconds = int(seconds * 1000)
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=None,
            enable_auto_commit=False,
            allow_auto_create_topics=False,
            isolation_level="read_committed",
            bootstrap_timeout_ms=milliseconds,
            request_timeout_ms=milliseconds,
            reconnect_backoff_max_ms=1000,
            fetch_max_wait_ms=min(500, milliseconds // 2),
            metrics_enabled=False,
        )
        try:
            yield consumer
        finally:
            consumer.close(autocommit=False)
    except KafkaError as error:
        raise BrokerAway(f"the broker at {bootstrap} does not serve: {error}") from error


def topic_names(consumer: KafkaConsumer) -> tuple[str, ...]:
    """The topics there are, Kafka's own left out."""
    return tuple(sorted(name for name in consumer.topics() if not name.startswith("__")))


def partitions_of(consumer: KafkaConsumer, topics: Sequence[str]) -> list[TopicPartition]:
    """Every partition of these topics; those that do not exist have none."""
    return [
        TopicPartition(topic, number)
        for topic in topics
        for number in sorted(consumer.partitions_for_topic(topic) or ())
    ]


def topic_ends(consumer: KafkaConsumer, topics: Sequence[str]) -> tuple[TopicEnds, ...]:
    """The ends of each of these topics."""
    partitions = partitions_of(consumer, topics)
    begins = cast(dict[TopicPartition, int], consumer.beginning_offsets(partitions))
    ends = cast(dict[TopicPartition, int], consumer.end_offsets(partitions))
    return tuple(
        TopicEnds(
            topic,
            {partition: begins[partition] for partition in partitions if partition.topic == topic},
            {partition: ends[partition] for partition in partitions if partition.topic == topic},
        )
        for topic in topics
    )


def newest_records(
    consumer: KafkaConsumer, ends: Sequence[TopicEnds], last: Mapping[str, int], polls: int = 20
) -> dict[str, list[Any]]:
    """The newest records of each topic, oldest first: up to `last[topic]` of each partition (1 if not named).

    Reads until every partition's end is reached, at most `polls` times 0.2 s.
    """
    wanted = {
        partition: max(topic.begins[partition], end - last.get(topic.topic, 1))
        for topic in ends
        for partition, end in topic.ends.items()
        if end > topic.begins[partition]
    }
    found: dict[str, list[Any]] = {topic.topic: [] for topic in ends}
    consumer.assign(list(wanted))
    for partition, offset in wanted.items():
        consumer.seek(partition, offset)
    until = {partition: end for topic in ends for partition, end in topic.ends.items() if partition in wanted}
    for _ in range(polls):
        if all(consumer.position(partition) >= end for partition, end in until.items()):
            break
        for partition, records in consumer.poll(timeout_ms=200).items():
            found[partition.topic].extend(records)
    return found
