"""Where a new start goes on from: what is found at the end of a real topic, and how far back it is looked for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from local.kafka import KafkaServer
from market.records import Tick, encode
from pipeline.kafka_clients import Publisher
from pipeline.topics import TopicSpec, create_topics
from producers.feed_rules import FeedStart
from producers.topic_end import read_start

NOON = 1_767_225_600_000
STEPS = (1, 4)  # only so many records are looked at
Feed = Callable[..., str]


def tick(symbol: str, second: int) -> bytes:
    time = NOON + second * 1_000
    return encode(Tick(exchange="gemini", symbol=symbol, event_time=time, received_time=time, connection="c"))


@pytest.fixture
def feed(kafka: KafkaServer, topic_name: Callable[[str], str]) -> Feed:
    """Makes a topic that holds these records."""

    def made(*records: bytes) -> str:
        topic = topic_name("feed")
        create_topics(kafka.bootstrap, (TopicSpec(topic, 1, 3_600_000),))
        publisher = Publisher(kafka.bootstrap)
        for record in records:
            publisher.publish(topic, "key", record)
        publisher.close(60)
        return topic

    return made


def seconds(start: FeedStart) -> dict[str, int]:
    return {symbol: (time - NOON) // 1_000 for symbol, time in start.last_of_symbol.items()}


def test_every_symbol_goes_on_from_its_last_record(kafka: KafkaServer, feed: Feed) -> None:
    topic = feed(tick("A", 1), tick("B", 2), tick("A", 3), tick("A", 4))
    start = read_start(kafka.bootstrap, topic, ("A", "B"), "start", STEPS)
    assert seconds(start) == {"A": 4, "B": 2}
    assert start.last_event_time == NOON + 4_000


def test_symbol_whose_last_record_lies_too_far_back_goes_on_from_the_topics_first(
    kafka: KafkaServer, feed: Feed
) -> None:
    topic = feed(b"not ours", tick("A", 1), tick("B", 2), *(tick("A", second) for second in range(3, 9)))
    start = read_start(kafka.bootstrap, topic, ("A", "B"), "start", STEPS)
    assert seconds(start) == {"A": 8, "B": 1}


def test_symbol_that_the_whole_topic_does_not_hold_is_a_new_one(kafka: KafkaServer, feed: Feed) -> None:
    topic = feed(tick("A", 1), b"not ours", tick("A", 2), tick("A", 3))
    start = read_start(kafka.bootstrap, topic, ("A", "B"), "start", STEPS)
    assert seconds(start) == {"A": 3}


def test_empty_topic_has_nothing_to_go_on_from(kafka: KafkaServer, feed: Feed) -> None:
    start = read_start(kafka.bootstrap, feed(), ("A",), "kafka", STEPS)
    assert start == FeedStart(None, {}, "kafka")
