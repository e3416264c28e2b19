"""The producer's process on a real broker: it stops cleanly, is killed, starts again, and loses its broker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from local.artifacts import ArtifactCache
from local.jdk import Jdk
from local.kafka import KafkaNode, KafkaServer
from market.records import (
    L2,
    DeadLetter,
    FeedRecord,
    Gap,
    Tick,
    decode_dead_letter,
    decode_feed,
    decode_health,
    encode,
)
from pipeline.errors import EXIT_CONFIG, EXIT_OK, TemporarilyUnavailable
from pipeline.kafka_clients import Publisher, read_to_end
from pipeline.topics import DEAD_LETTERS, HEALTH, TopicSpec, create_topics
from tests.producers import streams_frames
from tests.producers.frames import change, first_book, heartbeat, update
from tests.producers.scripted_exchange import Client, GoneExchange, ScriptedExchange, header

ROOT = Path(__file__).parents[2]
PATIENCE = 90.0
UPDATES = 100


class Producer:
    """A producer as a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def said(self) -> str:
        return self._log.read_text()

    def exit_code(self) -> int:
        return self._process.wait(PATIENCE)

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self.exit_code()


@contextmanager
def running(
    bootstrap: str, topic: str, url: str, folder: Path, exchange: str = "gemini", **environ: str
) -> Iterator[Producer]:
    log = folder / f"producer-{time.monotonic_ns()}.log"
    settings = {
        "KAFKA_BOOTSTRAP": bootstrap,
        "FEED_TOPIC": topic,
        "FEED_URL": url,
        "FEED_PROTOCOL": "v1",
        "FEED_BACK_OFF_FIRST_SECONDS": "0.1",
        "FEED_BACK_OFF_CAP_SECONDS": "0.5",
        # Scripts end with an exchange that says nothing more, and what was written is looked at after that.
        "FEED_SILENCE_SECONDS": "120",
        "PATH": os.environ.get("PATH", ""),
        **environ,
    }
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "producers", "run", exchange],
            cwd=ROOT,
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
        )
        try:
            yield Producer(process, log)
        finally:
            process.kill()
            process.wait()


def made_topic(bootstrap: str, topic: str) -> str:
    create_topics(bootstrap, tuple(TopicSpec(name, 1, 3_600_000) for name in (topic, DEAD_LETTERS, HEALTH)))
    return topic


def read_feed(bootstrap: str, topic: str) -> list[FeedRecord]:
    return [decode_feed(value) for value in read_to_end(bootstrap, topic)]


def feed_when(
    bootstrap: str, topic: str, condition: Callable[[Sequence[FeedRecord]], bool], producer: Producer
) -> list[FeedRecord]:
    """The topic's records as soon as they are what is waited for."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            records = read_feed(bootstrap, topic)
        except TemporarilyUnavailable:
            records = []
        if condition(records):
            return records
        assert time.monotonic() < deadline, producer.said


def now_ms() -> int:
    return int(time.time() * 1000)


def book_then_updates(client: Client) -> None:
    """A first book, updates as fast as they go, then heartbeats."""
    client.send(first_book())
    for number in range(1, UPDATES + 1):
        client.send(update(number, now_ms(), change("bid", "100.00", str(number))))
    beat(client, UPDATES + 1)


def beat(client: Client, number: int) -> None:
    while not client.stopping:
        client.send(heartbeat(number))
        number += 1
        client.wait(0.2)


def sequences(records: Sequence[FeedRecord]) -> list[int | None]:
    return [record.sequence for record in records if isinstance(record, L2)]


def gaps(records: Sequence[FeedRecord]) -> list[Gap]:
    return [record for record in records if isinstance(record, Gap)]


def ticked(records: Sequence[FeedRecord]) -> bool:
    return any(isinstance(record, Tick) for record in records)


def assert_time_never_goes_back(records: Sequence[FeedRecord]) -> None:
    assert all(before.event_time <= after.event_time for before, after in pairwise(records))


def test_clean_stop_loses_nothing_that_arrived(
    kafka: KafkaServer, topic_name: Callable[[str], str], tmp_path: Path
) -> None:
    topic = made_topic(kafka.bootstrap, topic_name("feed"))
    with (
        ScriptedExchange(book_then_updates) as exchange,
        running(kafka.bootstrap, topic, exchange.url, tmp_path) as producer,
    ):
        feed_when(kafka.bootstrap, topic, ticked, producer)
        assert producer.stop() == EXIT_OK, producer.said
    records = read_feed(kafka.bootstrap, topic)
    assert sequences(records) == list(range(UPDATES + 1))
    assert_time_never_goes_back(records)
    samples = [decode_health(value) for value in read_to_end(kafka.bootstrap, HEALTH)]
    last = [sample for sample in samples if sample.part == "producer-gemini"][-1].metrics
    assert last["records_l2"] == UPDATES + 1
    assert last["gaps_start"] == 1


def test_what_is_accounted_for_shows_on_metrics_and_in_health_for_each_symbol(
    kafka: KafkaServer, topic_name: Callable[[str], str], free_ports: Callable[[int], tuple[int, ...]], tmp_path: Path
) -> None:
    def faulty(client: Client) -> None:
        client.send(first_book())
        client.send(b"not json")
        client.send(update(1, now_ms()))
        client.send(update(1, now_ms()))
        beat(client, 2)

    topic = made_topic(kafka.bootstrap, topic_name("feed"))
    (port,) = free_ports(1)
    with (
        ScriptedExchange(faulty) as exchange,
        running(kafka.bootstrap, topic, exchange.url, tmp_path, METRICS_PORT=str(port)) as producer,
    ):
        feed_when(kafka.bootstrap, topic, ticked, producer)
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)
        assert producer.stop() == EXIT_OK, producer.said
    shown = {
        (sample.name, sample.labels.get("reason") or sample.labels.get("kind", ""), sample.labels.get("symbol", "")): (
            sample.value
        )
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert shown["crypto_records_total", "l2", "BTCUSD"] == 2
    assert shown["crypto_gaps_total", "start", "BTCUSD"] == 1
    assert shown["crypto_dead_letters_total", "", "BTCUSD"] == 1
    assert shown["crypto_repeated_frames_total", "", ""] == 1
    assert shown["crypto_links_connected", "", ""] == shown["crypto_symbols_trusted", "", ""] == 1
    assert shown["crypto_trusted", "", "BTCUSD"] == 1
    assert shown["crypto_delay_ms_count", "", ""] >= 1
    assert shown["crypto_frames_total", "", ""] >= 5
    assert shown["crypto_bytes_total", "", ""] > 500
    assert {"crypto_inbox", "crypto_in_flight_bytes"} <= {name for name, *_ in shown}
    samples = [decode_health(value) for value in read_to_end(kafka.bootstrap, HEALTH)]
    own = [sample for sample in samples if sample.symbol == "BTCUSD" and sample.exchange == "gemini"][-1].metrics
    assert (own["gaps_start"], own["dead_letters"], own["records_l2"]) == (1, 1, 2)


def test_killed_producer_goes_on_after_its_last_record_with_a_gap(
    kafka: KafkaServer, topic_name: Callable[[str], str], tmp_path: Path
) -> None:
    topic = made_topic(kafka.bootstrap, topic_name("feed"))
    told = tmp_path / "killed"
    kill = {"KILL_AT": "producer.after_publish:60", "KILL_AT_FILE": str(told)}
    with ScriptedExchange(book_then_updates) as exchange:
        with running(kafka.bootstrap, topic, exchange.url, tmp_path, **kill) as producer:
            assert producer.exit_code() == -signal.SIGKILL, producer.said
        assert "producer.after_publish" in told.read_text()
        before = read_feed(kafka.bootstrap, topic)
        with running(kafka.bootstrap, topic, exchange.url, tmp_path, **kill) as producer:
            records = feed_when(kafka.bootstrap, topic, lambda all: ticked(all[len(before) :]), producer)
            assert producer.stop() == EXIT_OK, producer.said
    assert records[: len(before)] == before
    after = records[len(before) :]
    assert isinstance(after[0], Gap)
    if before:
        assert after[0].from_ == before[-1].event_time
    assert sequences(after)[: UPDATES + 1] == list(range(UPDATES + 1))
    assert_time_never_goes_back(records)


def test_faults_of_the_exchange_become_dead_letters_and_gaps_and_the_feed_goes_on(
    kafka: KafkaServer, topic_name: Callable[[str], str], tmp_path: Path
) -> None:
    def malformed(client: Client) -> None:
        client.send(first_book())
        client.send(b"not json")
        client.send(b'{"type":"status","socket_sequence":1}')
        client.send(update(2, now_ms(), change("bid", "-1", "1")))
        client.stay()

    def too_large(client: Client) -> None:
        client.send(first_book())
        client.send_raw(header(50_000_000))
        client.stay()

    def skipping(client: Client) -> None:
        client.send(first_book())
        client.send(update(2, now_ms()))
        client.stay()

    def silent(client: Client) -> None:
        client.send(first_book())
        client.stay()

    topic = made_topic(kafka.bootstrap, topic_name("feed"))
    with (
        ScriptedExchange(malformed, too_large, skipping, silent, book_then_updates) as exchange,
        running(kafka.bootstrap, topic, exchange.url, tmp_path, FEED_SILENCE_SECONDS="2") as producer,
    ):
        records = feed_when(kafka.bootstrap, topic, ticked, producer)
        assert producer.stop() == EXIT_OK, producer.said
    assert [gap.reason for gap in gaps(records)] == ["start", "malformed_frame", "too_large", "sequence_gap", "silence"]
    assert_time_never_goes_back(records)
    own = {record.connection for record in records}
    letters = [decode_dead_letter(value) for value in read_to_end(kafka.bootstrap, DEAD_LETTERS)]
    mine: list[DeadLetter] = [letter for letter in letters if letter.id.rsplit(":", 1)[0] in own]
    assert [letter.id.rsplit(":", 1)[1] for letter in mine] == ["1", "2", "3", "1"]
    assert mine[-1].length == 50_000_000
    assert "-1" in mine[2].reason


def test_topic_in_the_future_is_refused_in_a_sentence(
    kafka: KafkaServer, topic_name: Callable[[str], str], tmp_path: Path
) -> None:
    topic = made_topic(kafka.bootstrap, topic_name("feed"))
    publisher = Publisher(kafka.bootstrap)
    ahead = now_ms() + 600_000
    tick = Tick(exchange="gemini", symbol="BTCUSD", event_time=ahead, received_time=ahead, connection="c")
    publisher.publish(topic, "BTCUSD", encode(tick))
    publisher.close(PATIENCE)
    with running(kafka.bootstrap, topic, "ws://127.0.0.1:9", tmp_path) as producer:
        assert producer.exit_code() == EXIT_CONFIG
    assert "set the clock right" in producer.said
    assert "Traceback" not in producer.said


@pytest.mark.slow
def test_broker_that_goes_away_leaves_a_gap_and_what_was_acknowledged(
    jdk: Jdk,
    artifact_cache: ArtifactCache,
    free_ports: Callable[[int], tuple[int, ...]],
    tmp_path: Path,
) -> None:
    def steady(client: Client) -> None:
        client.send(first_book())
        number = 1
        while not client.stopping:
            client.send(update(number, now_ms(), change("bid", "100.00", str(number))))
            number += 1
            client.wait(0.02)

    port, controller_port = free_ports(2)
    node = KafkaNode(tmp_path / "kafka", jdk, artifact_cache.files("kafka"), port, controller_port)
    broker = KafkaServer(node)
    with (
        ScriptedExchange(steady) as exchange,
        # The producer comes first: it waits for its broker. Little may wait in memory: soon it starts over.
        running(node.bootstrap, "feed", exchange.url, tmp_path, FEED_PENDING_BYTES="40000") as producer,
    ):
        try:
            broker.start()
            broker.await_ready()
            made_topic(node.bootstrap, "feed")
            before = feed_when(node.bootstrap, "feed", ticked, producer)
            assert "waiting for" in producer.said
            broker.stop()
            await_said(producer, "Kafka is in trouble")
            broker.start()
            broker.await_ready()
            records = feed_when(node.bootstrap, "feed", lambda all: ticked(after_last_gap(all, "kafka")), producer)
            assert producer.stop() == EXIT_OK, producer.said
        finally:
            broker.stop()
    assert records[: len(before)] == before
    assert {gap.reason for gap in gaps(records)} == {"start", "kafka"}
    gap = next(index for index, record in enumerate(records) if isinstance(record, Gap) and record.reason == "kafka")
    assert gaps(records)[1].from_ == records[gap - 1].event_time
    assert_time_never_goes_back(records)


def await_said(producer: Producer, words: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while words not in producer.said:
        assert time.monotonic() < deadline, producer.said
        time.sleep(0.1)


def after_last_gap(records: Sequence[FeedRecord], reason: str) -> Sequence[FeedRecord]:
    places = [index for index, record in enumerate(records) if isinstance(record, Gap) and record.reason == reason]
    return records[places[-1] :] if places else []


def test_refusal_after_trouble_with_kafka_will_pass_for_one_who_was_served_before(
    kafka: KafkaServer, topic_name: Callable[[str], str], tmp_path: Path
) -> None:
    def too_much_at_once(client: Client) -> None:
        client.send(streams_frames.first_depth(now_ms()))
        many = [(f"{price}.00", "1.5") for price in range(10_000, 14_000)]
        client.send(streams_frames.depth(101, 101, now_ms(), asks=many))
        client.stay()

    def quiet(client: Client) -> None:
        client.send(streams_frames.first_depth(now_ms()))
        client.stay()

    topic = made_topic(kafka.bootstrap, topic_name("feed"))
    little = {"FEED_PROTOCOL": "streams", "FEED_PENDING_BYTES": "40000"}
    with (
        ScriptedExchange(too_much_at_once, refusing, quiet) as exchange,
        running(kafka.bootstrap, topic, exchange.url, tmp_path, **little) as producer,
    ):
        feed_when(kafka.bootstrap, topic, lambda all: ticked(after_last_gap(all, "kafka")), producer)
        assert producer.stop() == EXIT_OK, producer.said
        assert exchange.connections == 3
    assert "refused by the exchange" in producer.said


def refusing(client: Client) -> None:
    """Answers the subscription that it must not be asked."""
    client.read_frame()
    client.send(streams_frames.refusal(401))
    client.stay()


def test_protocol_that_the_exchange_has_given_up_ends_the_producer_with_the_names_of_the_others(
    kafka: KafkaServer, topic_name: Callable[[str], str], tmp_path: Path
) -> None:
    topic = made_topic(kafka.bootstrap, topic_name("feed"))
    for protocol, exchange, reason in (
        ("v1", GoneExchange(410), "410"),
        ("v2", GoneExchange(404), "404"),
        ("streams", ScriptedExchange(refusing), "Authentication required"),
    ):
        with (
            exchange,
            running(kafka.bootstrap, topic, exchange.url, tmp_path, FEED_PROTOCOL=protocol) as producer,
        ):
            assert producer.exit_code() == EXIT_CONFIG, producer.said
        others = [name for name in ("streams", "v1", "v2") if name != protocol]
        assert f"gemini refuses protocol {protocol} for BTCUSD" in producer.said
        assert reason in producer.said
        assert f"FEED_PROTOCOL ({', '.join(others)})" in producer.said
        assert "Traceback" not in producer.said


@pytest.mark.parametrize("wrong", [{"FEED_URL": "http://x"}, {"FEED_SYMBOLS": "BTCUSD,BTCUSD"}], ids=str)
def test_wrong_settings_are_named_before_anything_starts(wrong: dict[str, str], tmp_path: Path) -> None:
    with running("127.0.0.1:9", "feed", "ws://127.0.0.1:9", tmp_path, **wrong) as producer:
        assert producer.exit_code() == EXIT_CONFIG
    assert next(iter(wrong)) in producer.said
