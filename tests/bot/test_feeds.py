"""What the bot reads from a real broker: from where it stood, newest last, and nothing stops it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from kafka import KafkaProducer

from bot.feeds import Arrived, BookFeed, Inbox, Unreadable
from local.kafka import KafkaServer
from market.journal import Command
from market.records import Book, Record, Tick, encode
from pipeline.topics import TopicSpec, create_topics
from tests.bot.doubles import MINUTE, START, minute


@dataclass
class Topics:
    """A topic of minutes, one of commands and a feed, and who writes them."""

    bootstrap: str
    minutes: str
    commands: str
    feed: str
    rejected: list[Unreadable] = field(default_factory=list)

    def send(self, topic: str, *values: bytes | None) -> None:
        with KafkaProducer(bootstrap_servers=self.bootstrap) as producer:
            for value in values:
                producer.send(topic, value=value, key=b"BTCUSD").get(30)

    def inbox(self, last_minute: int | None = None, last_command: int | None = None, most: int = 5_000) -> Inbox:
        return Inbox(
            self.bootstrap,
            last_minute,
            last_command,
            self.rejected.append,
            minutes=self.minutes,
            commands=self.commands,
            most=most,
        )

    def arrived(self, inbox: Inbox, minutes: int = 0, commands: int = 0) -> Arrived:
        """Polls until so much has come."""
        whole = Arrived((), ())
        for _ in range(120):
            new = inbox.poll(0.5)
            whole = Arrived(whole.minutes + new.minutes, whole.commands + new.commands)
            if len(whole.minutes) >= minutes and len(whole.commands) >= commands:
                return whole
        raise AssertionError(f"only {whole} came")


@pytest.fixture
def topics(kafka: KafkaServer, topic_name: Callable[[str], str]) -> Topics:
    names = [topic_name(prefix) for prefix in ("minutes", "commands", "feed")]
    create_topics(kafka.bootstrap, tuple(TopicSpec(name, 1, -1) for name in names))
    return Topics(kafka.bootstrap, names[0], names[1], names[2])


def minutes(*numbers: int) -> list[bytes]:
    return [encode(minute(START + number * MINUTE)) for number in numbers]


def command(number: int) -> Command:
    return Command(exchange="gemini", symbol="BTCUSD", event_time=START, bot="b", id=str(number), action="pause")


def starts(arrived: Arrived) -> list[int]:
    return [(each.record.window_start - START) // MINUTE for each in arrived.minutes]


def test_bot_that_never_decided_begins_with_the_last_two_minutes_and_all_commands(topics: Topics) -> None:
    topics.send(topics.minutes, *minutes(*range(6)))
    topics.send(topics.commands, encode(command(0)), encode(command(1)))
    with topics.inbox() as inbox:
        arrived = topics.arrived(inbox, minutes=2, commands=2)
    assert starts(arrived) == [4, 5]
    assert arrived.commands == ((0, command(0)), (1, command(1)))


def test_bot_goes_on_behind_the_last_minute_and_command_it_knows(topics: Topics) -> None:
    topics.send(topics.minutes, *minutes(*range(6)))
    topics.send(topics.commands, encode(command(0)), encode(command(1)))
    with topics.inbox(last_minute=1, last_command=0) as inbox:
        arrived = topics.arrived(inbox, minutes=4, commands=1)
        topics.send(topics.minutes, *minutes(6))
        later = topics.arrived(inbox, minutes=1)
    assert (starts(arrived), starts(later)) == ([2, 3, 4, 5], [6])
    assert [each.offset for each in arrived.minutes] == [2, 3, 4, 5]
    assert arrived.commands == ((1, command(1)),)


def test_offset_of_a_topic_that_was_made_anew_is_not_waited_for(topics: Topics) -> None:
    topics.send(topics.minutes, *minutes(0, 1, 2))
    with topics.inbox(last_minute=900, last_command=900) as inbox:
        assert starts(topics.arrived(inbox, minutes=2)) == [1, 2]


def test_all_that_is_there_comes_at_once(topics: Topics) -> None:
    topics.send(topics.minutes, *minutes(*range(40)))
    with topics.inbox(last_minute=0) as inbox:
        batches = []
        for _ in range(120):
            batches.append(inbox.poll(0.5).minutes)
            if batches[-1]:
                break
    assert len(batches[-1]) == 39


def test_long_backlog_comes_in_parts_of_which_only_the_last_has_caught_up(topics: Topics) -> None:
    # More than the client hands out at once.
    topics.send(topics.minutes, *minutes(*range(1_200)))
    parts = []
    with topics.inbox(last_minute=0, most=100) as inbox:
        for _ in range(120):
            parts.append(inbox.poll(0.5))
            if sum(len(part.minutes) for part in parts) == 1_199:
                break
    parts = [part for part in parts if part.minutes]
    assert len(parts) >= 2
    assert [part.caught_up for part in parts] == [*([False] * (len(parts) - 1)), True]


def test_record_that_is_not_readable_is_given_away_and_the_rest_flows_on(topics: Topics) -> None:
    topics.send(topics.minutes, *minutes(0), b"{", None, *minutes(1))
    topics.send(topics.commands, b"[]", encode(command(1)))
    with topics.inbox(last_minute=-1) as inbox:
        arrived = topics.arrived(inbox, minutes=2, commands=1)
    assert starts(arrived) == [0, 1]
    assert sorted((each.topic == topics.minutes, each.offset, each.value) for each in topics.rejected) == [
        (False, 0, b"[]"),
        (True, 1, b"{"),
        (True, 2, b""),
    ]


def book(number: int, symbol: str = "BTCUSD") -> Record:
    return Book(
        exchange="gemini",
        symbol=symbol,
        event_time=START + number,
        received_time=START + number,
        connection="c",
        bids=(("99.00", "1"),),
        asks=(("100.00", "1"),),
    )


def test_newest_book_of_the_symbol_is_known_and_older_ones_from_before_are_not(topics: Topics) -> None:
    tick = Tick(exchange="gemini", symbol="BTCUSD", event_time=START, received_time=START, connection="c")
    topics.send(topics.feed, encode(book(1)))
    with BookFeed(topics.bootstrap, topics.feed, "BTCUSD") as newest:
        assert newest() is None
        topics.send(topics.feed, encode(book(2)), encode(book(3)), b'{"type":"book"', encode(book(4, "ETHUSD")))
        topics.send(topics.feed, encode(tick), None)
        seen = next((found for found in (newest() for _ in range(600)) if found == book(3)), None)
        assert seen == newest() == book(3)
