"""A broker that takes nothing for a while: what waits is bounded, and nothing is lost within that."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from local.artifacts import ArtifactCache
from local.jdk import Jdk
from local.kafka import KafkaNode, KafkaServer
from market.records import L2, FeedRecord
from pipeline.errors import EXIT_OK
from tests.producers.frames import change, first_book, update
from tests.producers.scripted_exchange import Client, ScriptedExchange
from tests.producers.test_producer_on_kafka import (
    after_last_gap,
    assert_time_never_goes_back,
    await_said,
    feed_when,
    gaps,
    made_topic,
    now_ms,
    running,
    sequences,
    ticked,
)

pytestmark = pytest.mark.slow

APART_SECONDS = 0.01
MEANWHILE = 150  # updates, while the broker stands still
TIMES = 3


class Steady(ScriptedExchange):
    """Sends an update each 10 ms; `sent` is the last one's number."""

    def __init__(self) -> None:
        self.sent = 0
        super().__init__(self._talk)

    def __enter__(self) -> Steady:
        super().__enter__()
        return self

    def _talk(self, client: Client) -> None:
        client.send(first_book())
        number = 1
        while not client.stopping:
            client.send(update(number, now_ms(), change("bid", "100.00", str(number))))
            self.sent = number
            number += 1
            client.wait(APART_SECONDS)


@pytest.fixture
def node(
    jdk: Jdk, artifact_cache: ArtifactCache, free_ports: Callable[[int], tuple[int, ...]], tmp_path: Path
) -> KafkaNode:
    port, controller_port = free_ports(2)
    return KafkaNode(tmp_path / "kafka", jdk, artifact_cache.files("kafka"), port, controller_port)


@pytest.fixture
def broker(node: KafkaNode) -> Iterator[psutil.Process]:
    """The process of a broker of the test's own."""
    server = KafkaServer(node)
    server.start()
    try:
        server.await_ready()
        made_topic(node.bootstrap, "feed")
        (process,) = [
            each
            for each in psutil.Process().children(recursive=True)
            if each.name() == "java" and str(node.properties_file) in each.cmdline()
        ]
        yield process
    finally:
        server.stop()


@contextmanager
def frozen(broker: psutil.Process) -> Iterator[None]:
    """It keeps its connections and answers nobody."""
    broker.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        broker.send_signal(signal.SIGCONT)


def test_nothing_is_lost_while_what_waits_has_room(broker: psutil.Process, node: KafkaNode, tmp_path: Path) -> None:
    def has(number: int) -> Callable[[Sequence[FeedRecord]], bool]:
        return lambda records: any(isinstance(record, L2) and record.sequence == number for record in records)

    with Steady() as exchange, running(node.bootstrap, "feed", exchange.url, tmp_path) as producer:
        feed_when(node.bootstrap, "feed", ticked, producer)
        for _ in range(TIMES):
            with frozen(broker):
                until = exchange.sent + MEANWHILE
                deadline = time.monotonic() + 60
                while exchange.sent < until:
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
            feed_when(node.bootstrap, "feed", has(until), producer)
        assert producer.stop() == EXIT_OK, producer.said
        records = feed_when(node.bootstrap, "feed", bool, producer)
    assert [gap.reason for gap in gaps(records)] == ["start"]
    numbers = sequences(records)
    assert numbers == list(range(len(numbers)))
    assert "Kafka is in trouble" not in producer.said
    assert_time_never_goes_back(records)


def test_producer_gives_no_sign_of_life_while_kafka_takes_nothing(
    broker: psutil.Process, node: KafkaNode, tmp_path: Path
) -> None:
    alive = tmp_path / "alive"

    def await_age(is_met: Callable[[float], bool]) -> None:
        deadline = time.monotonic() + 60
        while not is_met(time.time() - alive.stat().st_mtime):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    with (
        Steady() as exchange,
        running(node.bootstrap, "feed", exchange.url, tmp_path, ALIVE_FILE=str(alive)) as producer,
    ):
        feed_when(node.bootstrap, "feed", ticked, producer)
        await_age(lambda seconds: seconds < 2)
        with frozen(broker):
            await_age(lambda seconds: seconds > 5)
        await_age(lambda seconds: seconds < 2)
        assert producer.stop() == EXIT_OK, producer.said


def test_too_much_that_waits_is_a_gap_and_never_a_book_that_lacks_something(
    broker: psutil.Process, node: KafkaNode, tmp_path: Path
) -> None:
    with (
        Steady() as exchange,
        running(node.bootstrap, "feed", exchange.url, tmp_path, FEED_PENDING_BYTES="40000") as producer,
    ):
        before = feed_when(node.bootstrap, "feed", ticked, producer)
        with frozen(broker):
            await_said(producer, "Kafka is in trouble")
        records = feed_when(node.bootstrap, "feed", lambda all: ticked(after_last_gap(all, "kafka")), producer)
        assert producer.stop() == EXIT_OK, producer.said
    assert records[: len(before)] == before
    assert {gap.reason for gap in gaps(records)} == {"start", "kafka"}
    # After the gap comes a whole book, with a number of its own connection.
    numbers = sequences(after_last_gap(records, "kafka"))
    assert numbers == list(range(len(numbers)))
    assert_time_never_goes_back(records)
