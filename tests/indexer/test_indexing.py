"""From the real Kafka to the real Elasticsearch: everything once, whatever happens on the way."""

import hashlib
import time
from base64 import b64decode
from collections.abc import Callable

from elasticsearch import Elasticsearch
from kafka import KafkaProducer

from indexer.documents import documents
from indexer.settings import IndexerSettings
from local.elasticsearch import ElasticsearchServer
from local.kafka import KafkaServer
from market.records import encode
from pipeline import indices
from pipeline.bounded_producer import producer_config
from pipeline.kafka_clients import end_offsets
from pipeline.topics import BOT_EVENTS, FORECASTS, GEMINI_FEED, HEALTH, SPARK_OUT
from pipeline.transactions import TransactionalPublisher
from tests.indexer.full_disk import disk_is_not_looked_at, read_only_for_want_of_room
from tests.indexer.indexed import (
    Indexed,
    await_done,
    await_true,
    committed,
    indexing,
    last_metrics,
    letters,
    publish,
)
from tests.indexer.link import Link
from tests.indexer.made_up import MINUTE, as_value, gap, journal, minute, one_of_each, trade

Settings = Callable[..., IndexerSettings]


def expected(symbol: str) -> set[str]:
    given = one_of_each(symbol)
    return {document.id for topic, record in given for document in documents(topic, as_value(record))}


def trade_ids(symbol: str, numbers: range) -> set[str]:
    return {f"gemini|{symbol}|{number}" for number in numbers}


def trades(symbol: str, numbers: range) -> list[tuple[str, bytes]]:
    return [(GEMINI_FEED, encode(trade(symbol, str(number)))) for number in numbers]


def test_everything_is_indexed_once_and_again_changes_nothing(
    broker: KafkaServer, settings: Settings, symbol: str, indexed: Indexed
) -> None:
    publish(broker.bootstrap, one_of_each(symbol))
    with indexing(settings(indexer_bulk_documents=4)):
        indexed.await_ids(expected(symbol))
        # Spark may write a minute twice, and the bot a record: the same identity, one document.
        publish(broker.bootstrap, one_of_each(symbol))
        for topic in (GEMINI_FEED, SPARK_OUT, BOT_EVENTS, FORECASTS):
            await_done(broker.bootstrap, topic)
    assert indexed.ids() == expected(symbol)


def test_restart_goes_on_where_it_stood(broker: KafkaServer, settings: Settings, symbol: str, indexed: Indexed) -> None:
    publish(broker.bootstrap, trades(symbol, range(20)))
    with indexing(settings()):
        await_done(broker.bootstrap, GEMINI_FEED)
    assert indexed.ids() == trade_ids(symbol, range(20))
    publish(broker.bootstrap, trades(symbol, range(20, 30)))
    with indexing(settings()):
        indexed.await_ids(trade_ids(symbol, range(30)))
        await_done(broker.bootstrap, GEMINI_FEED)
    assert indexed.times_written() == dict.fromkeys(trade_ids(symbol, range(30)), 1)


def test_correction_stands_beside_its_minute_whichever_comes_first(
    broker: KafkaServer, settings: Settings, symbol: str, indexed: Indexed
) -> None:
    first, second = (f"gemini|{symbol}|{start}" for start in (MINUTE, MINUTE + 60_000))
    with indexing(settings()):
        publish(broker.bootstrap, [(SPARK_OUT, minute(symbol))])
        indexed.await_ids([first])
        publish(broker.bootstrap, [(GEMINI_FEED, gap(symbol, MINUTE + 1, MINUTE + 60_001))])
        indexed.await_ids([first, f"{first}|correction", f"{second}|correction"])
        publish(broker.bootstrap, [(SPARK_OUT, minute(symbol, MINUTE + 60_000))])
        indexed.await_ids([first, f"{first}|correction", second, f"{second}|correction"], indices.LIQUIDITY)


def test_what_cannot_be_indexed_is_put_aside_and_the_rest_goes_on(
    broker: KafkaServer, settings: Settings, symbol: str, indexed: Indexed
) -> None:
    start = end_offsets(broker.bootstrap, GEMINI_FEED)[GEMINI_FEED]
    wrong_type = encode(trade(symbol, "wrong", price="abc"))
    huge = encode(trade(symbol, "huge", price="9" * 300_000))
    values = (
        b"\xff no record",
        wrong_type,
        encode(trade(symbol, "x" * 600)),
        encode(gap(symbol, 0, 10**40)),
        huge,
        encode(trade(symbol, "last")),
    )
    publish(broker.bootstrap, [(GEMINI_FEED, value) for value in values])
    with indexing(settings()):
        indexed.await_ids([f"gemini|{symbol}|last"])
        await_done(broker.bootstrap, GEMINI_FEED)
    found = letters(broker.bootstrap)
    reasons = ("malformed", "failed to parse field [price]", "expected 1 to 512", "longer than a year", "price")
    for offset, (value, reason) in enumerate(zip(values, reasons, strict=False), start=start):
        letter = found[f"gemini-feed/0/{offset}"]
        assert reason in letter.reason
        assert len(letter.reason) <= 1000
        assert letter.sha256 == hashlib.sha256(value).hexdigest()
        assert letter.length == len(value)
        assert b64decode(letter.payload) == value[: 64 << 10]
    assert f"gemini-feed/0/{start + 5}" not in found


def test_record_without_a_value_is_put_aside(
    broker: KafkaServer, settings: Settings, symbol: str, indexed: Indexed
) -> None:
    start = end_offsets(broker.bootstrap, GEMINI_FEED)[GEMINI_FEED]
    with KafkaProducer(**producer_config(broker.bootstrap, 60_000)) as producer:
        producer.send(GEMINI_FEED, key=b"key", value=None).get(60)
    publish(broker.bootstrap, trades(symbol, range(1)))
    with indexing(settings()):
        indexed.await_ids(trade_ids(symbol, range(1)))
        await_done(broker.bootstrap, GEMINI_FEED)
    assert letters(broker.bootstrap)[f"gemini-feed/0/{start}"].length == 0


def test_gap_whose_every_minute_is_refused_is_put_aside_once(
    broker: KafkaServer, settings: Settings, symbol: str, indexed: Indexed
) -> None:
    start = end_offsets(broker.bootstrap, GEMINI_FEED)[GEMINI_FEED]
    refused = gap(symbol, MINUTE, MINUTE + 600_000, reason="x" * 40_000)
    publish(broker.bootstrap, [(GEMINI_FEED, refused), *trades(symbol, range(1))])
    with indexing(settings(indexer_bulk_documents=3)):
        indexed.await_ids(trade_ids(symbol, range(1)))
        await_done(broker.bootstrap, GEMINI_FEED)
    # Looking at the letters fails for an id that is there twice.
    assert f"gemini-feed/0/{start}" in letters(broker.bootstrap)


def test_record_of_an_aborted_transaction_is_not_indexed(
    broker: KafkaServer, settings: Settings, symbol: str, indexed: Indexed
) -> None:
    kept, dropped, after = journal(symbol)[:3]
    publisher = TransactionalPublisher(broker.bootstrap, symbol)
    publisher.write(BOT_EVENTS, symbol, as_value(kept))
    publisher.begin()
    publisher.publish(BOT_EVENTS, symbol, as_value(dropped))
    publisher.abort()
    publisher.write(BOT_EVENTS, symbol, as_value(after))
    publisher.abandon()
    started = round(time.time() * 1000)
    with indexing(settings()):
        indexed.await_ids([f"{symbol}-decision", f"{symbol}-order"])
        # The ends of transactions take offsets too: they are no records that wait.
        await_true(lambda: last_metrics(broker.bootstrap, started).get("records_behind") == 0, "catching up")
    assert indexed.ids() == {f"{symbol}-decision", f"{symbol}-order"}


def test_elasticsearch_away_at_the_start_is_waited_for(
    broker: KafkaServer,
    elasticsearch: ElasticsearchServer,
    settings: Settings,
    symbol: str,
    indexed: Indexed,
    free_ports: Callable[[int], tuple[int, ...]],
) -> None:
    link = Link(free_ports(1)[0], elasticsearch.url)
    publish(broker.bootstrap, trades(symbol, range(20)))
    before, started = committed(broker.bootstrap, GEMINI_FEED), round(time.time() * 1000)
    with indexing(settings(elasticsearch_url=link.url)):
        await_true(lambda: last_metrics(broker.bootstrap, started).get("elasticsearch") == "away", "a sign of waiting")
        assert committed(broker.bootstrap, GEMINI_FEED) == before
        link.open()
        try:
            indexed.await_ids(trade_ids(symbol, range(20)))
            await_done(broker.bootstrap, GEMINI_FEED)
            await_true(lambda: last_metrics(broker.bootstrap, started).get("elasticsearch") == "ok", "a sign of work")
        finally:
            link.cut()


def test_elasticsearch_that_goes_away_loses_nothing_and_no_offset_runs_ahead(
    broker: KafkaServer,
    elasticsearch: ElasticsearchServer,
    settings: Settings,
    symbol: str,
    indexed: Indexed,
    free_ports: Callable[[int], tuple[int, ...]],
) -> None:
    link = Link(free_ports(1)[0], elasticsearch.url)
    link.open()
    started = round(time.time() * 1000)
    try:
        with indexing(settings(elasticsearch_url=link.url, indexer_bulk_documents=5)):
            publish(broker.bootstrap, trades(symbol, range(10)))
            indexed.await_ids(trade_ids(symbol, range(10)))
            await_done(broker.bootstrap, GEMINI_FEED)
            link.cut()
            before = committed(broker.bootstrap, GEMINI_FEED)
            publish(broker.bootstrap, trades(symbol, range(10, 30)))
            await_true(lambda: last_metrics(broker.bootstrap, started).get("elasticsearch") == "away", "a sign of it")
            assert committed(broker.bootstrap, GEMINI_FEED) == before
            assert indexed.ids() == trade_ids(symbol, range(10))
            link.open()
            indexed.await_ids(trade_ids(symbol, range(30)))
            await_done(broker.bootstrap, GEMINI_FEED)
    finally:
        link.cut()


def test_disk_too_full_for_elasticsearch_loses_nothing_and_all_goes_on_when_there_is_room(
    broker: KafkaServer, admin: Elasticsearch, settings: Settings, symbol: str, indexed: Indexed
) -> None:
    started = round(time.time() * 1000)
    with indexing(settings(indexer_bulk_documents=5)), disk_is_not_looked_at(admin):
        publish(broker.bootstrap, trades(symbol, range(10)))
        indexed.await_ids(trade_ids(symbol, range(10)))
        await_done(broker.bootstrap, GEMINI_FEED)
        with read_only_for_want_of_room(admin, indices.TRADES):
            before = committed(broker.bootstrap, GEMINI_FEED)
            publish(broker.bootstrap, trades(symbol, range(10, 30)))
            await_true(lambda: last_metrics(broker.bootstrap, started).get("elasticsearch") == "away", "a sign of it")
            assert committed(broker.bootstrap, GEMINI_FEED) == before
            assert indexed.ids() == trade_ids(symbol, range(10))
        indexed.await_ids(trade_ids(symbol, range(30)))
        await_done(broker.bootstrap, GEMINI_FEED)


def test_stop_while_elasticsearch_is_away_leaves_all_for_the_next_start(
    broker: KafkaServer,
    settings: Settings,
    symbol: str,
    indexed: Indexed,
    free_ports: Callable[[int], tuple[int, ...]],
) -> None:
    publish(broker.bootstrap, trades(symbol, range(5)))
    before, started = committed(broker.bootstrap, GEMINI_FEED), round(time.time() * 1000)
    with indexing(settings(elasticsearch_url=f"http://127.0.0.1:{free_ports(1)[0]}")):
        await_true(lambda: last_metrics(broker.bootstrap, started).get("elasticsearch") == "away", "a sign of waiting")
    assert committed(broker.bootstrap, GEMINI_FEED) == before
    with indexing(settings()):
        indexed.await_ids(trade_ids(symbol, range(5)))


def test_health_of_the_parts_is_indexed_and_tells_when_it_has_caught_up(
    broker: KafkaServer, settings: Settings, symbol: str, indexed: Indexed
) -> None:
    started = round(time.time() * 1000)
    publish(broker.bootstrap, trades(symbol, range(3)))
    with indexing(settings()):
        indexed.await_ids(trade_ids(symbol, range(3)))
        await_done(broker.bootstrap, HEALTH)
        await_true(lambda: last_metrics(broker.bootstrap, started).get("records_behind") == 0, "catching up")
