"""What is kept of a record that could not be read."""

import base64
import hashlib
import json
from pathlib import Path

from pyspark.sql import Row, SparkSession

from market.records import decode_dead_letter, encode
from spark_jobs.dead_letters import dead_letter_records
from spark_jobs.feed_rows import read_feed
from tests.spark_jobs.static_feed import KAFKA_TIME, change, encoded, kafka_rows, l2, record


def letters(spark: SparkSession, directory: Path, values: list[bytes | None]) -> list[Row]:
    return dead_letter_records(read_feed(kafka_rows(spark, directory, values), "gemini"), "gemini").collect()


def test_dead_letter_says_what_was_read_where_and_why(spark: SparkSession, tmp_path: Path) -> None:
    good, bad = encoded([record("tick"), l2(change(price="-1"))])
    (row,) = letters(spark, tmp_path, [good, bad])
    letter = decode_dead_letter(row.value.encode())
    assert row.key == "BTCUSD"
    assert (letter.exchange, letter.symbol, letter.event_time) == ("gemini", "BTCUSD", KAFKA_TIME)
    assert (letter.id, letter.source) == ("gemini-feed/0/1", "gemini-feed")
    assert letter.reason == "a price does not fit decimal(18,8) above 0"
    assert base64.b64decode(letter.payload, validate=True) == bad
    assert (letter.length, letter.sha256) == (len(bad), hashlib.sha256(bad).hexdigest())


def test_dead_letter_is_written_as_our_own_encoder_writes_it(spark: SparkSession, tmp_path: Path) -> None:
    (row,) = letters(spark, tmp_path, [b"not JSON"])
    assert json.loads(row.value) == json.loads(encode(decode_dead_letter(row.value.encode())))


def test_only_the_first_64_kib_are_kept_and_the_whole_is_measured(spark: SparkSession, tmp_path: Path) -> None:
    huge = bytes(range(256)) * 300
    (row,) = letters(spark, tmp_path, [huge])
    letter = decode_dead_letter(row.value.encode())
    assert base64.b64decode(letter.payload, validate=True) == huge[:65_536]
    assert (letter.length, letter.sha256) == (len(huge), hashlib.sha256(huge).hexdigest())


def test_giant_symbol_makes_no_giant_letter(spark: SparkSession, tmp_path: Path) -> None:
    giant = json.dumps(record("tick", symbol="S" * 500_000)).encode()
    (row,) = letters(spark, tmp_path, [giant])
    assert row.key == decode_dead_letter(row.value.encode()).symbol == "S" * 64
    assert len(row.value) < 100_000


def test_record_without_a_value_is_kept_as_an_empty_one(spark: SparkSession, tmp_path: Path) -> None:
    (row,) = letters(spark, tmp_path, [None])
    letter = decode_dead_letter(row.value.encode())
    assert (row.key, letter.symbol, letter.payload, letter.length) == ("", "", "", 0)
    assert letter.sha256 == hashlib.sha256(b"").hexdigest()


def test_what_can_be_read_makes_no_dead_letter(spark: SparkSession, tmp_path: Path) -> None:
    assert letters(spark, tmp_path, list(encoded([record("tick"), l2(change())]))) == []
