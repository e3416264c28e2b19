"""`python -m producers run EXCHANGE` for every protocol: its words on a real socket, its records in a real Kafka."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from local.kafka import KafkaServer
from market.records import FeedRecord, Tick, Trade
from pipeline.errors import EXIT_OK
from producers.upbit import UPBIT_DEFAULT, UPBIT_SIMPLE
from tests.producers.live_feed import book_of
from tests.producers.replay_server import plays
from tests.producers.rest_server import RestServer
from tests.producers.scripted_exchange import ScriptedExchange
from tests.producers.sessions import SESSIONS, TRADE_ID, Session
from tests.producers.test_producer_on_kafka import feed_when, gaps, made_topic, running
from tests.producers.test_sessions import END
from tests.producers.test_upbit_on_sockets import AFTER_DAY, BTC, binary, day

# A process, a broker and its start each time.
pytestmark = pytest.mark.slow


def is_there(records: Sequence[FeedRecord], book: dict[tuple[str, str], str], trades: list[str]) -> bool:
    told = [record.trade_id for record in records if isinstance(record, Trade)]
    return book_of(records) == book and told == trades and any(isinstance(record, Tick) for record in records)


@pytest.mark.parametrize("session", SESSIONS.values(), ids=SESSIONS)
def test_session_of_an_exchange_is_in_its_topic(
    session: Session, kafka: KafkaServer, topic_name: Callable[[str], str], tmp_path: Path
) -> None:
    topic, protocol = made_topic(kafka.bootstrap, topic_name("feed")), session.protocol
    environ = {"FEED_PROTOCOL": protocol.name, "FEED_SYMBOLS": session.symbol}
    script = plays(session.frames, greetings=session.greetings, then=session.stay)
    with contextlib.ExitStack() as stack:
        if session.rest:
            environ["FEED_REST_URL"] = stack.enter_context(RestServer(*session.rest)).url
        exchange = stack.enter_context(ScriptedExchange(script))
        producer = stack.enter_context(
            running(kafka.bootstrap, topic, exchange.url, tmp_path, protocol.exchange, **environ)
        )
        records = feed_when(kafka.bootstrap, topic, lambda all: is_there(all, END, [TRADE_ID]), producer)
        assert producer.stop() == EXIT_OK, producer.said
    assert {(record.exchange, record.symbol) for record in records} == {(protocol.exchange, session.symbol)}
    assert [gap.reason for gap in gaps(records)] == ["start"]


@pytest.mark.parametrize("protocol", [UPBIT_DEFAULT, UPBIT_SIMPLE], ids=lambda protocol: protocol.name)
def test_binary_frames_of_upbit_are_in_its_topic(
    protocol: object, kafka: KafkaServer, topic_name: Callable[[str], str], tmp_path: Path
) -> None:
    topic, is_simple = made_topic(kafka.bootstrap, topic_name("feed")), protocol is UPBIT_SIMPLE
    environ = {"FEED_PROTOCOL": "simple" if is_simple else "default", "FEED_SYMBOLS": BTC}
    with (
        ScriptedExchange(binary(day(simple=is_simple))) as exchange,
        running(kafka.bootstrap, topic, exchange.url, tmp_path, "upbit", **environ) as producer,
    ):
        records = feed_when(kafka.bootstrap, topic, lambda all: is_there(all, AFTER_DAY, ["1", "2"]), producer)
        assert producer.stop() == EXIT_OK, producer.said
    assert {(record.exchange, record.symbol) for record in records} == {("upbit", BTC)}
    assert [gap.reason for gap in gaps(records)] == ["start"]
