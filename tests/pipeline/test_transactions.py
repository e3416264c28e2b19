"""Transactions on the real broker: all or nothing, and only the newest of an identity may write."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from local.kafka import KafkaServer
from pipeline.errors import Fenced, TemporarilyUnavailable, TooLarge
from pipeline.kafka_clients import last_record, read_to_end
from pipeline.transactions import TransactionalPublisher

NewTopic = Callable[..., str]
TakeOver = Callable[[], TransactionalPublisher]


@pytest.fixture
def take_over(kafka: KafkaServer, topic_name: Callable[[str], str]) -> Iterator[TakeOver]:
    """Makes publishers of one identity, each of which takes over from the one before."""
    identity = topic_name("bot")
    with ExitStack() as stack:

        def make() -> TransactionalPublisher:
            publisher = TransactionalPublisher(kafka.bootstrap, identity, timeout_seconds=60)
            stack.callback(publisher.abandon)
            return publisher

        yield make


def publish_on_and_on(publisher: TransactionalPublisher, topic: str) -> None:
    """Publishes for a minute at most: that the first was refused becomes known during some later call, or between."""
    asked_to_end = threading.Event()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        publisher.publish(topic, "BTCUSD", b"too late")
        asked_to_end.wait(0.01)


def test_what_was_written_is_there_when_write_returns(
    kafka: KafkaServer, new_topic: NewTopic, take_over: TakeOver
) -> None:
    topic = new_topic()
    publisher = take_over()
    publisher.write(topic, "BTCUSD", b"intent")
    assert read_to_end(kafka.bootstrap, topic) == [b"intent"]
    publisher.write(topic, "BTCUSD", b"order", b"fill")
    assert read_to_end(kafka.bootstrap, topic) == [b"intent", b"order", b"fill"]
    assert last_record(kafka.bootstrap, topic) == b"fill"


def test_records_of_an_open_or_aborted_transaction_are_not_read(
    kafka: KafkaServer, new_topic: NewTopic, take_over: TakeOver
) -> None:
    topic = new_topic()
    publisher = take_over()
    publisher.write(topic, "BTCUSD", b"1")
    publisher.begin()
    publisher.publish(topic, "BTCUSD", b"never")
    assert read_to_end(kafka.bootstrap, topic) == [b"1"]
    publisher.abort()
    publisher.write(topic, "BTCUSD", b"2")
    assert read_to_end(kafka.bootstrap, topic) == [b"1", b"2"]
    publisher.begin()
    publisher.publish(topic, "BTCUSD", b"nor this")
    publisher.abort()
    assert last_record(kafka.bootstrap, topic) == b"2"


def test_older_one_is_fenced_from_its_first_call_that_reaches_kafka(
    kafka: KafkaServer, new_topic: NewTopic, take_over: TakeOver
) -> None:
    topic = new_topic()
    older = take_over()
    older.write(topic, "BTCUSD", b"older")
    newer = take_over()
    for _ in range(3):
        with pytest.raises(Fenced, match="another process has taken over"):
            older.write(topic, "BTCUSD", b"too late")
    for call in (older.begin, older.commit, older.abort, lambda: older.publish(topic, "BTCUSD", b"too late")):
        with pytest.raises(Fenced):
            call()
    newer.write(topic, "BTCUSD", b"newer")
    assert read_to_end(kafka.bootstrap, topic) == [b"older", b"newer"]


def test_older_one_with_an_open_transaction_is_fenced_and_its_records_are_dropped(
    kafka: KafkaServer, new_topic: NewTopic, take_over: TakeOver
) -> None:
    topic = new_topic()
    older = take_over()
    older.begin()
    older.publish(topic, "BTCUSD", b"half")
    newer = take_over()
    with pytest.raises(Fenced):
        publish_on_and_on(older, topic)
    with pytest.raises(Fenced):
        older.commit()
    newer.write(topic, "BTCUSD", b"newer")
    assert read_to_end(kafka.bootstrap, topic) == [b"newer"]


def test_fence_that_the_client_learns_of_between_two_calls_is_still_a_fence(
    kafka: KafkaServer, new_topic: NewTopic, take_over: TakeOver
) -> None:
    topic = new_topic()
    older = take_over()
    older.write(topic, "BTCUSD", b"older")
    take_over()
    older.begin()
    with pytest.raises(Fenced):
        publish_on_and_on(older, topic)
    for call in (older.commit, older.begin, older.abort):
        with pytest.raises(Fenced):
            call()
    assert read_to_end(kafka.bootstrap, topic) == [b"older"]


def test_fence_that_the_client_still_asks_the_broker_about_is_a_fence(
    kafka: KafkaServer, new_topic: NewTopic, take_over: TakeOver, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = new_topic()
    older = take_over()
    manager = older._producer._transaction_manager
    was_refused, may_go_on = threading.Event(), threading.Event()
    ask_for_epoch = manager.bump_producer_id_and_epoch

    def ask_and_rest() -> None:
        """Another thread of the client asks, and has not yet told anybody what was refused."""
        ask_for_epoch()
        was_refused.set()
        may_go_on.wait(60)

    monkeypatch.setattr(manager, "bump_producer_id_and_epoch", ask_and_rest)
    older.begin()
    older.publish(topic, "BTCUSD", b"half")
    # The partition is known to the transaction: what comes next is refused itself.
    older._deliveries[0].get(60)
    newer = take_over()
    older.publish(topic, "BTCUSD", b"too late")
    assert was_refused.wait(60)
    release = threading.Timer(0.2, may_go_on.set)
    release.start()
    with pytest.raises(Fenced):
        older.publish(topic, "BTCUSD", b"too late")
    release.join()
    newer.write(topic, "BTCUSD", b"newer")
    assert read_to_end(kafka.bootstrap, topic) == [b"newer"]


def test_record_that_is_too_large_leaves_the_publisher_as_it_was(
    kafka: KafkaServer, new_topic: NewTopic, take_over: TakeOver
) -> None:
    topic = new_topic()
    publisher = take_over()
    with pytest.raises(TooLarge):
        publisher.write(topic, "BTCUSD", b"small", b"x" * (1 << 20))
    publisher.write(topic, "BTCUSD", b"next")
    assert read_to_end(kafka.bootstrap, topic) == [b"next"]


def test_two_identities_do_not_disturb_each_other(
    kafka: KafkaServer, new_topic: NewTopic, take_over: TakeOver, topic_name: Callable[[str], str]
) -> None:
    topic = new_topic()
    one = take_over()
    other = TransactionalPublisher(kafka.bootstrap, topic_name("other"), timeout_seconds=60)
    try:
        other.write(topic, "BTCUSD", b"other")
        one.write(topic, "BTCUSD", b"one")
        other.write(topic, "BTCUSD", b"other again")
    finally:
        other.abandon()
    assert read_to_end(kafka.bootstrap, topic) == [b"other", b"one", b"other again"]


def test_ended_publisher_takes_nothing_more_and_is_not_fenced(new_topic: NewTopic, take_over: TakeOver) -> None:
    topic = new_topic()
    publisher = take_over()
    publisher.abandon()
    with pytest.raises(TemporarilyUnavailable, match="was ended"):
        publisher.write(topic, "BTCUSD", b"1")


def test_without_a_broker_no_identity_is_taken_over(free_ports: Callable[[int], tuple[int, ...]]) -> None:
    (port,) = free_ports(1)
    with pytest.raises(TemporarilyUnavailable, match="does not answer"):
        TransactionalPublisher(f"127.0.0.1:{port}", "bot")
