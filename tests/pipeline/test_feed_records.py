"""The records of a feed, out of a file or a topic; the command lines that read them are tested for what they tell."""

import gzip
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from local.kafka import KafkaServer
from market.records import FeedRecord, encode
from pipeline.errors import WrongSettings
from pipeline.feed_records import UnreadableRecords, of_symbol, records_of_file, records_of_topic
from pipeline.kafka_clients import Publisher
from tests.study.made_up_records import SYMBOL, first_book, lost

BOOK = first_book(0, {"4.38": "1"}, {"4.39": "2"})
OTHER = msgspec.structs.replace(BOOK, symbol="BTC-USD")


def test_only_symbol_needs_no_name() -> None:
    assert list(of_symbol([lost(0), BOOK], "")) == [lost(0), BOOK]


def test_one_of_several_symbols_must_be_named() -> None:
    assert list(of_symbol([OTHER, BOOK, OTHER], SYMBOL)) == [BOOK]
    with pytest.raises(WrongSettings, match=r"several symbols \(ETC-USD, BTC-USD"):
        list(of_symbol([BOOK, OTHER], ""))


def test_symbol_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(WrongSettings, match="no record is of LTC-USD: there are ETC-USD, BTC-USD"):
        list(of_symbol([BOOK, OTHER], "LTC-USD"))
    with pytest.raises(WrongSettings, match="there is no record at all"):
        list(of_symbol([], "LTC-USD"))


def lines(records: Iterable[FeedRecord]) -> bytes:
    return b"".join(encode(record) + b"\n" for record in records)


def test_file_is_read_as_it_is_and_compressed(tmp_path: Path) -> None:
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    plain.write_bytes(lines([lost(0), BOOK]))
    packed.write_bytes(gzip.compress(lines([lost(0), BOOK])))
    assert list(records_of_file(str(plain))) == list(records_of_file(str(packed))) == [lost(0), BOOK]


@pytest.mark.parametrize(
    "damaged",
    [lambda whole: whole[:-9], lambda whole: whole[:30] + b"\0\0\0\0" + whole[34:]],
    ids=["cut short", "overwritten"],
)
def test_damaged_file_is_told(tmp_path: Path, damaged: object) -> None:
    assert callable(damaged)
    file = tmp_path / "records.gz"
    file.write_bytes(damaged(gzip.compress(lines([lost(0), BOOK] * 100))))
    with pytest.raises(UnreadableRecords, match=r"records\.gz"):
        list(records_of_file(str(file)))


def test_what_cannot_be_read_in_a_topic_is_passed_over_and_told(
    kafka: KafkaServer, new_topic: Callable[..., str], capfd: pytest.CaptureFixture[str]
) -> None:
    topic = new_topic()
    publisher = Publisher(kafka.bootstrap)
    for value in (encode(lost(0)), b"nonsense", encode(BOOK)):
        publisher.publish(topic, SYMBOL, value)
    publisher.close(30)
    assert list(records_of_topic(kafka.bootstrap, topic)) == [lost(0), BOOK]
    assert f"1 records of {topic} cannot be read and were passed over" in capfd.readouterr().err


@pytest.mark.parametrize(
    "later",
    [msgspec.structs.replace(BOOK, exchange="kraken"), msgspec.structs.replace(BOOK, event_time=BOOK.event_time - 1)],
    ids=["another exchange", "earlier"],
)
def test_records_that_are_not_of_one_feed_in_its_order_are_refused(later: FeedRecord) -> None:
    with pytest.raises(UnreadableRecords, match="expected the records of one feed, in their order"):
        list(of_symbol([BOOK, later], ""))


def test_symbol_is_found_behind_many_others() -> None:
    others = [msgspec.structs.replace(BOOK, symbol=f"S{number}") for number in range(20)]
    assert list(of_symbol([*others, BOOK], SYMBOL)) == [BOOK]


def test_pipe_and_empty_file_are_read(tmp_path: Path) -> None:
    empty, pipe = tmp_path / "empty", tmp_path / "pipe"
    empty.touch()
    assert list(records_of_file(str(empty))) == []
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(pipe.write_bytes, lines([lost(0), BOOK]))
        assert list(records_of_file(str(pipe))) == [lost(0), BOOK]
        writing.result(30)
