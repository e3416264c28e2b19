"""Watch, status and tail against the real broker."""

import time
from collections.abc import Callable
from threading import Event

import pytest

from local.kafka import KafkaServer
from local.minutes_seen import MINUTE_MS, MinuteRow
from local.run_errors import BrokerAway, UnknownTopic
from local.status import look_into_broker
from local.tail import tail
from local.topic_reader import open_consumer
from local.watch import EARLIER_MINUTES, UNREADABLE, News, Watch
from market.records import PriceVolume, Tick, encode
from pipeline.kafka_clients import Publisher
from pipeline.topics import TopicSpec, create_topics
from tests.local.made_up_trading import balance, decision, order

NOON = 1_767_268_800_000  # 2026-01-01 12:00 UTC
DEADLINE = 60.0
Names = Callable[[str], str]


def topic_on(kafka: KafkaServer, name: str, *values: bytes, partitions: int = 1) -> str:
    create_topics(kafka.bootstrap, (TopicSpec(name, partitions, 3_600_000),))
    write(kafka, name, *values)
    return name


def write(kafka: KafkaServer, topic: str, *values: bytes) -> None:
    publisher = Publisher(kafka.bootstrap)
    try:
        for number, value in enumerate(values):
            publisher.publish(topic, f"key {number}", value)
        publisher.flush(DEADLINE)
        publisher.raise_if_failed()
    finally:
        publisher.close(DEADLINE)


def minute(number: int) -> bytes:
    start = NOON + number * MINUTE_MS
    return encode(
        PriceVolume(
            exchange="gemini",
            symbol="BTCUSD",
            event_time=start + MINUTE_MS,
            window_start=start,
            window_end=start + MINUTE_MS,
            timestamp=start // 1000,
            changes=1,
            ask="1.00000000",
            bid="1.00000000",
            value="1.000000000000",
            complete=True,
        )
    )


def tick(second: int) -> bytes:
    at = NOON + second * 1000
    return encode(Tick(exchange="gemini", symbol="BTCUSD", event_time=at, received_time=at, connection="c"))


def tailed(
    kafka: KafkaServer, topic: str, count: int, *, from_start: bool = True, on_line: Callable[[], None] = lambda: None
) -> list[str]:
    lines: list[str] = []
    deadline = time.monotonic() + DEADLINE

    def write_line(text: str) -> None:
        lines.append(text)
        on_line()

    tail(
        kafka.bootstrap,
        topic,
        from_start=from_start,
        count=count,
        write=write_line,
        is_stopped=lambda: time.monotonic() > deadline,
    )
    return lines


def test_tail_from_the_start_prints_one_line_a_record(kafka: KafkaServer, topic_name: Names) -> None:
    topic = topic_on(kafka, topic_name("tail"), b'{"a":1}', b"no json", b'{"a":3}')
    assert tailed(kafka, topic, 3) == ['{"a":1}', '"no json"', '{"a":3}']


def test_tail_ends_after_as_many_records_as_were_asked_for(kafka: KafkaServer, topic_name: Names) -> None:
    topic = topic_on(kafka, topic_name("tail"), *[b"1"] * 10, partitions=3)
    assert tailed(kafka, topic, 4) == ["1"] * 4


def test_tail_prints_only_what_comes_after_it_began(kafka: KafkaServer, topic_name: Names) -> None:
    topic = topic_on(kafka, topic_name("tail"), b'"old"')
    lines: list[str] = []
    asked = 0

    def is_stopped() -> bool:
        # Asked for the first time when it stands at the topic's end.
        nonlocal asked
        asked += 1
        if asked == 1:
            write(kafka, topic, b'"new"')
        return bool(lines) or asked > 120

    tail(kafka.bootstrap, topic, from_start=False, count=None, write=lines.append, is_stopped=is_stopped)
    assert lines == ['"new"']


def test_tail_of_an_unknown_topic_names_those_there_are(kafka: KafkaServer, topic_name: Names) -> None:
    there = topic_on(kafka, topic_name("there"))
    with pytest.raises(UnknownTopic, match=rf"no topic 'nowhere'; there are: .*{there}"):
        tailed(kafka, "nowhere", 1)


def test_tail_without_a_broker_says_so(free_ports: Callable[[int], tuple[int, ...]]) -> None:
    (port,) = free_ports(1)
    with pytest.raises(BrokerAway, match=f"127.0.0.1:{port} does not answer"):
        tail(f"127.0.0.1:{port}", "any", from_start=True, count=1, write=print, is_stopped=lambda: False)


def test_look_into_the_broker_counts_records_and_ages(kafka: KafkaServer, topic_name: Names) -> None:
    full = topic_on(kafka, topic_name("full"), b"1", b"2", b"3", partitions=2)
    empty = topic_on(kafka, topic_name("empty"))
    look = look_into_broker(kafka.bootstrap)
    assert look.failure is None
    topics = {topic.name: topic for topic in look.topics}
    assert topics[full].records == 3
    age = topics[full].age_seconds
    assert age is not None
    assert 0 <= age < DEADLINE
    assert (topics[empty].records, topics[empty].age_seconds) == (0, None)


def test_watch_shows_earlier_minutes_then_new_ones_and_only_the_runs_feed(
    kafka: KafkaServer, topic_name: Names
) -> None:
    feed = topic_on(kafka, topic_name("feed"), tick(0), tick(1))
    minutes = topic_on(kafka, topic_name("minutes"), *(minute(number) for number in range(EARLIER_MINUTES + 3)))
    Event().wait(0.01)  # Kafka's time stamps are whole milliseconds: what follows is surely later.
    since_ms = int(time.time() * 1000)
    write(kafka, feed, tick(2), b"not json")
    rows: list[MinuteRow] = []
    with open_consumer(kafka.bootstrap, DEADLINE) as consumer:
        watch = Watch(consumer, [feed], since_ms, minutes)
        write(kafka, minutes, minute(EARLIER_MINUTES + 3))
        write(kafka, feed, tick(3))
        deadline = time.monotonic() + DEADLINE
        while (len(rows) <= EARLIER_MINUTES or watch.seen.counts["tick"] < 2) and time.monotonic() < deadline:
            rows += [row for row in watch.poll(0.2) if isinstance(row, MinuteRow)]
    assert [(row.start_ms - NOON) // MINUTE_MS for row in rows] == list(range(3, EARLIER_MINUTES + 4))
    assert dict(watch.seen.counts) == {"tick": 2, UNREADABLE: 1}


def test_watch_knows_the_whole_journal_and_tells_what_is_new_of_it(kafka: KafkaServer, topic_name: Names) -> None:
    minutes, feed = topic_on(kafka, topic_name("minutes")), topic_on(kafka, topic_name("feed"))
    journal = topic_on(kafka, topic_name("journal"), encode(decision(0)), encode(order("o1")), encode(balance("2")))
    Event().wait(0.01)  # Kafka's time stamps are whole milliseconds: what follows is surely later.
    since_ms = int(time.time() * 1000)
    write(kafka, journal, encode(decision(1)), b"not json")
    news: list[News] = []
    with open_consumer(kafka.bootstrap, DEADLINE) as consumer:
        watch = Watch(consumer, [feed], since_ms, minutes, journal)
        write(kafka, journal, encode(order("o2", "sell")))
        deadline = time.monotonic() + DEADLINE
        while len(news) < 2 and time.monotonic() < deadline:
            news += watch.poll(0.2)
    assert news == [decision(1), order("o2", "sell")]
    assert watch.seen.counts[UNREADABLE] == 1
    assert dict(watch.trading.filled) == {"buy": 1, "sell": 1}
    assert watch.trading.money is not None
    assert watch.trading.money.position == 2
