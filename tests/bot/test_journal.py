"""The journal in a real broker: acknowledged when `write` returns, read back whole, and held by one bot at a time."""

from collections.abc import Callable, Iterator

import pytest
from kafka import KafkaProducer

from bot.entries import Author
from bot.errors import TakenOver
from bot.journal import KafkaJournal
from local.kafka import KafkaServer
from market.journal import JournalRecord, StateChange
from market.records import encode
from pipeline.kafka_clients import read_to_end
from pipeline.log import get_log
from pipeline.topics import TopicSpec, create_topics
from tests.bot.doubles import START

AUTHOR = Author("bot1", "paper", "gemini", "BTCUSD")
OTHER = Author("bot2", "paper", "gemini", "BTCUSD")
Opens = Callable[[Author], KafkaJournal]


def told(author: Author, number: int) -> StateChange:
    return author.state_change(START + number, f"told {number}", operator="active", trouble=None)


@pytest.fixture
def topic(kafka: KafkaServer, topic_name: Callable[[str], str]) -> str:
    name = topic_name("bot.events")
    create_topics(kafka.bootstrap, (TopicSpec(name, 1, -1),))
    return name


@pytest.fixture
def opens(kafka: KafkaServer, topic: str) -> Iterator[Opens]:
    """Opens journals, each a new bot; all are closed at the end."""
    opened: list[KafkaJournal] = []

    def opens(author: Author) -> KafkaJournal:
        opened.append(KafkaJournal(kafka.bootstrap, author.bot, author.symbol, get_log("bot"), topic=topic))
        return opened[-1]

    yield opens
    for journal in opened:
        journal.close()


def test_records_are_committed_when_write_returns_and_recalled_in_order(
    kafka: KafkaServer, topic: str, opens: Opens
) -> None:
    written: list[JournalRecord] = [told(AUTHOR, number) for number in range(4)]
    journal = opens(AUTHOR)
    journal.write(written[:3])
    assert read_to_end(kafka.bootstrap, topic) == [encode(record) for record in written[:3]]
    journal.write(written[3:])
    assert list(opens(AUTHOR).recall()) == written


def test_second_bot_of_the_identity_fences_the_first_whose_records_do_not_arrive(opens: Opens) -> None:
    first = opens(AUTHOR)
    first.write([told(AUTHOR, 1)])
    second = opens(AUTHOR)
    with pytest.raises(TakenOver, match="taken over"):
        first.write([told(AUTHOR, 2)])
    second.write([told(AUTHOR, 3)])
    assert list(second.recall()) == [told(AUTHOR, 1), told(AUTHOR, 3)]


def test_fenced_bot_stays_fenced_and_its_exit_code_forbids_a_restart(opens: Opens) -> None:
    first = opens(AUTHOR)
    opens(AUTHOR)
    for _ in range(2):
        with pytest.raises(TakenOver) as caught:
            first.write([told(AUTHOR, 2)])
        assert caught.value.exit_code == 78


def test_bots_of_two_identities_share_the_topic_and_see_only_their_own(opens: Opens) -> None:
    one, two = opens(AUTHOR), opens(OTHER)
    one.write([told(AUTHOR, 1)])
    two.write([told(OTHER, 2)])
    one.write([told(AUTHOR, 3)])
    assert list(one.recall()) == [told(AUTHOR, 1), told(AUTHOR, 3)]
    assert list(two.recall()) == [told(OTHER, 2)]


def test_record_that_is_not_readable_is_passed_over(kafka: KafkaServer, topic: str, opens: Opens) -> None:
    journal = opens(AUTHOR)
    with KafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        for value in (b"no journal", None):
            producer.send(topic, value=value, key=b"BTCUSD").get(30)
    journal.write([told(AUTHOR, 1)])
    assert list(journal.recall()) == [told(AUTHOR, 1)]


def test_empty_journal_is_recalled_as_nothing(opens: Opens) -> None:
    assert list(opens(AUTHOR).recall()) == []
