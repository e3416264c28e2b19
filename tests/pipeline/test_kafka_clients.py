"""Publishing and reading on the real broker, and what happens when there is none."""

import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue

import pytest
from kafka import KafkaAdminClient

from local.kafka import KafkaServer
from pipeline.errors import TemporarilyUnavailable, TooLarge
from pipeline.kafka_clients import (
    Publisher,
    await_broker,
    await_topics,
    end_offsets,
    last_record,
    make_consumer,
    read_to_end,
)
from pipeline.log import Log
from pipeline.process import StopSignal
from pipeline.topics import TopicSpec, create_topics
from tests.pipeline.forwarder import forwarding

PATIENCE = 60.0
NewTopic = Callable[..., str]
FreePorts = Callable[[int], tuple[int, ...]]


@contextmanager
def publishing(bootstrap: str, **bounds: int) -> Iterator[Publisher]:
    publisher = Publisher(bootstrap, **bounds)
    try:
        yield publisher
    finally:
        publisher.abandon()


def publish_until_refused(publisher: Publisher, topic: str) -> None:
    """Publishes faster than a broker acknowledges, for a minute at most."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        publisher.publish(topic, "BTCUSD", b"x" * 1_000)


class Heard(io.StringIO):
    """A log's stream that can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: SimpleQueue[str] = SimpleQueue()

    def write(self, text: str) -> int:
        self.lines.put(text)
        return len(text)


def test_what_was_published_is_read_back_in_its_order(kafka: KafkaServer, new_topic: NewTopic) -> None:
    topic = new_topic()
    values = [f'{{"n":{number}}}'.encode() for number in range(500)]
    with publishing(kafka.bootstrap) as publisher:
        for value in values:
            publisher.publish(topic, "BTCUSD", value)
        publisher.flush(PATIENCE)
        assert (publisher.delivered, publisher.failed, publisher.in_flight_bytes) == (500, 0, 0)
    assert read_to_end(kafka.bootstrap, topic) == values
    assert read_to_end(kafka.bootstrap, topic, last=3) == values[-3:]
    assert last_record(kafka.bootstrap, topic) == values[-1]
    assert end_offsets(kafka.bootstrap, topic) == {topic: 500}
    with make_consumer(kafka.bootstrap, topic) as consumer:
        first = next(consumer)
    assert (first.key, first.value, first.offset) == (b"BTCUSD", values[0], 0)


def test_records_of_one_key_stay_in_one_partition(kafka: KafkaServer, new_topic: NewTopic) -> None:
    topic = new_topic(partitions=4)
    with publishing(kafka.bootstrap) as publisher:
        for number in range(40):
            publisher.publish(topic, f"SYMBOL{number % 8}", str(number).encode())
        publisher.close(PATIENCE)
    placed: dict[bytes, set[int]] = {}
    with make_consumer(kafka.bootstrap, topic) as consumer:
        for _ in range(40):
            record = next(consumer)
            placed.setdefault(record.key, set()).add(record.partition)
    assert len(placed) == 8
    assert all(len(partitions) == 1 for partitions in placed.values())
    assert end_offsets(kafka.bootstrap, topic) == {topic: 40}


def test_empty_topic_has_no_records(kafka: KafkaServer, new_topic: NewTopic) -> None:
    topic = new_topic()
    assert read_to_end(kafka.bootstrap, topic) == []
    assert last_record(kafka.bootstrap, topic) is None
    assert end_offsets(kafka.bootstrap, topic) == {topic: 0}


def test_topic_that_is_not_there_is_named(kafka: KafkaServer, topic_name: Callable[[str], str]) -> None:
    name = topic_name("nowhere")
    for read in (make_consumer, read_to_end, last_record, end_offsets):
        with pytest.raises(TemporarilyUnavailable, match=name):
            read(kafka.bootstrap, name)
    with publishing(kafka.bootstrap) as publisher, pytest.raises(TemporarilyUnavailable, match=name):
        publisher.publish(name, "BTCUSD", b"1")


def test_more_than_memory_allows_is_not_taken_until_some_was_delivered(kafka: KafkaServer, new_topic: NewTopic) -> None:
    topic = new_topic()
    with publishing(kafka.bootstrap, memory_bytes=5_000) as publisher:
        with pytest.raises(TemporarilyUnavailable, match="5000 are allowed"):
            publish_until_refused(publisher, topic)
        publisher.flush(PATIENCE)
        before = publisher.delivered
        assert before >= 4
        publisher.publish(topic, "BTCUSD", b"x" * 1_000)
        publisher.flush(PATIENCE)
    assert end_offsets(kafka.bootstrap, topic) == {topic: before + 1}


def test_record_that_kafka_would_never_take_is_refused_and_the_next_one_is_taken(
    kafka: KafkaServer, new_topic: NewTopic
) -> None:
    topic = new_topic()
    with publishing(kafka.bootstrap) as publisher:
        with pytest.raises(TooLarge, match=topic):
            publisher.publish(topic, "BTCUSD", b"x" * (1 << 20))
        publisher.publish(topic, "BTCUSD", b"x" * 1_000_000)
        publisher.flush(PATIENCE)
    assert end_offsets(kafka.bootstrap, topic) == {topic: 1}


def test_record_that_the_broker_refuses_surfaces(kafka: KafkaServer, topic_name: Callable[[str], str]) -> None:
    name = topic_name("narrow")
    with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
        narrow = {"num_partitions": 1, "replication_factor": 1, "configs": {"max.message.bytes": "200"}}
        admin.create_topics({name: narrow})
        admin.wait_for_topics([name])
    with publishing(kafka.bootstrap) as publisher:
        publisher.raise_if_failed()
        publisher.publish(name, "BTCUSD", bytes(range(256)) * 4)
        with pytest.raises(TemporarilyUnavailable, match="could not be delivered"):
            publisher.flush(PATIENCE)
        with pytest.raises(TemporarilyUnavailable, match="1 records could not be delivered"):
            publisher.raise_if_failed()
        assert publisher.failed == 1


def test_abandoned_publisher_leaves_no_thread_and_takes_nothing_more(kafka: KafkaServer, new_topic: NewTopic) -> None:
    topic = new_topic()
    before = set(threading.enumerate())
    publisher = Publisher(kafka.bootstrap)
    for _ in range(1000):
        publisher.publish(topic, "BTCUSD", b"x" * 500)
    publisher.abandon()
    publisher.abandon()
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE)
    assert set(threading.enumerate()) <= before
    with pytest.raises(TemporarilyUnavailable):
        publisher.publish(topic, "BTCUSD", b"1")


def test_without_a_broker_clients_are_unavailable_at_once(free_ports: FreePorts) -> None:
    (port,) = free_ports(1)
    nobody = f"127.0.0.1:{port}"
    for make in (Publisher, make_consumer, lambda bootstrap: end_offsets(bootstrap, "health")):
        with pytest.raises(TemporarilyUnavailable, match=f"Kafka at {nobody} does not answer"):
            make(nobody)


def test_part_waits_for_the_broker_says_so_and_goes_on_when_it_comes(
    kafka: KafkaServer, free_ports: FreePorts, capfd: pytest.CaptureFixture[str]
) -> None:
    (port,) = free_ports(1)
    heard, stop = Heard(), StopSignal()
    answers: SimpleQueue[bool] = SimpleQueue()
    log = Log("part", heard)
    waiting = threading.Thread(target=lambda: answers.put(await_broker(f"127.0.0.1:{port}", stop, log)))
    waiting.start()
    try:
        line = heard.lines.get(timeout=PATIENCE)
        assert f"waiting for Kafka at 127.0.0.1:{port}" in line
        assert "nothing is lost" in line
        assert answers.empty()
        with forwarding(port, kafka.bootstrap):
            assert answers.get(timeout=PATIENCE)
    finally:
        stop.set()
        waiting.join(PATIENCE)
    assert capfd.readouterr().err == ""


def test_part_that_is_asked_to_stop_waits_no_longer_for_the_broker(free_ports: FreePorts) -> None:
    (port,) = free_ports(1)
    heard, stop = Heard(), StopSignal()
    answers: SimpleQueue[bool] = SimpleQueue()
    log = Log("part", heard)
    waiting = threading.Thread(target=lambda: answers.put(await_topics(f"127.0.0.1:{port}", ["x"], stop, log)))
    waiting.start()
    heard.lines.get(timeout=PATIENCE)
    stop.set()
    assert not answers.get(timeout=PATIENCE)
    waiting.join(PATIENCE)


def test_part_waits_for_a_topic_until_somebody_makes_it(kafka: KafkaServer, topic_name: Callable[[str], str]) -> None:
    there, missing = topic_name("there"), topic_name("missing")
    create_topics(kafka.bootstrap, (TopicSpec(there, 1, -1),))
    heard, stop = Heard(), StopSignal()
    answers: SimpleQueue[bool] = SimpleQueue()
    log = Log("part", heard)
    waiting = threading.Thread(target=lambda: answers.put(await_topics(kafka.bootstrap, [there, missing], stop, log)))
    waiting.start()
    try:
        line = heard.lines.get(timeout=PATIENCE)
        assert missing in line
        assert there not in line
        create_topics(kafka.bootstrap, (TopicSpec(missing, 1, -1),))
        assert answers.get(timeout=PATIENCE)
    finally:
        stop.set()
        waiting.join(PATIENCE)
