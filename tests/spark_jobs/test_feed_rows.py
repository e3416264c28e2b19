"""What is read from a feed topic and what is refused, each record by its own bytes."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from market.decimals import OutOfRange, exact_price, exact_size
from market.errors import MalformedRecord
from market.records import L2, Book, FeedRecord, Trade, decode_feed
from spark_jobs.feed_rows import read_feed
from tests import recount
from tests.spark_jobs.static_feed import START, change, gap, kafka_rows, l2, record

TRADE: dict[str, Any] = {"trade_id": "1", "price": "100.5", "size": "2"}
TICK = json.dumps(record("tick")).encode()

READ: dict[str, object] = {
    "tick": record("tick"),
    "late tick": record("tick", late=True, exchange_time=START - 5, sequence=7),
    "tick with an unknown field": record("tick", colour={"price": 5}),
    "tick with space around": b" \r\n\t" + TICK + b"\n",
    "tick with another spelling of its letters": TICK.replace(b"tick", b"t\\u0069ck"),
    "tick at the edge of the allowed skew": record("tick", received_time=START - 120_000),
    "tick received before its time": record("tick", received_time=START + 120_000),
    "gap": gap(),
    "l2 without a change": l2(),
    "l2 of one change": l2(change()),
    "l2 with all that a change can say": l2(change(delta="-1.5", reason="cancel", time=START)),
    "l2 with nulls where something may be absent": l2(change(delta=None, reason=None, time=None)),
    "l2 that is a piece": l2(change(reason="initial"), piece=1, pieces=3),
    "l2 with the greatest price and size": l2(change(price="9999999999.99999999", remaining="999999999.9999999999")),
    "l2 with the least price and no size": l2(change(price="0.00000001", remaining="0")),
    "l2 with zeros that carry no value": l2(
        change(price="0000000000000100.500000000000", remaining="02.00000000000000")
    ),
    "l2 with a price of 64 characters": l2(change(price="1." + "0" * 62)),
    "trade": record("trade", **TRADE),
    "trade with a maker": record("trade", **TRADE, maker_side="bid"),
    "book": record("book", bids=[["100", "1"], ["99", "2"]], asks=[["101", "0.5"]]),
    "empty book": record("book", bids=[], asks=[]),
}

REFUSED: dict[str, tuple[object, str]] = {
    "no value": (None, "no value"),
    "nothing": (b"", "not one JSON object"),
    "not JSON": (b"nope", "not one JSON object"),
    "half a record": (TICK[:-9], "not one JSON object"),
    "bytes that are no text": (b"\xff\xfe" + TICK, "not UTF-8"),
    "null": (b"null", "not one JSON object"),
    "a list": (b"[" + TICK + b"]", "not one JSON object"),
    "two records": (TICK + TICK, "not one JSON object"),
    "two records with a comma": (TICK + b"," + TICK, "not one JSON object"),
    "a record and more": (TICK + b" and more", "not one JSON object"),
    "a closing bracket too many": (TICK + b"]", "not one JSON object"),
    "single quotes": (TICK.replace(b'"', b"'"), "not one JSON object"),
    "no type": (record("tick", type=...), "type is missing"),
    "a number as type": (record("tick", type=1), "unknown type"),
    "unknown type": (record("candle"), "unknown type"),
    "another exchange": (record("tick", exchange="binance"), "exchange is not the topic's own, gemini"),
    "no exchange": (record("tick", exchange=...), "exchange is not"),
    "no symbol": (record("tick", symbol=...), "symbol"),
    "empty symbol": (record("tick", symbol=""), "symbol"),
    "giant symbol": (record("tick", symbol="S" * 65), "symbol"),
    "no event time": (record("tick", event_time=...), "event_time is missing"),
    "event time in words": (record("tick", event_time=str(START)), "event_time is missing"),
    "event time in parts of a ms": (record("tick", event_time=START + 0.5), "event_time is missing"),
    "event time before all time": (record("tick", -1), "event_time is missing"),
    "event time beyond the year 9999": (record("tick", 10**15), "event_time is missing"),
    "event time beyond all integers": (record("tick", 10**30), "event_time is missing"),
    "event time in the far future": (record("tick", event_time=START + 10**10), "more than 120 s from received_time"),
    "event time in the far past": (record("tick", event_time=START - 120_001), "more than 120 s from received_time"),
    "no received time": (record("tick", received_time=...), "received_time is missing"),
    "no connection": (record("tick", connection=...), "connection"),
    "sequence in words": (record("tick", sequence="7"), "sequence"),
    "late in words": (record("tick", late="no"), "late"),
    "exchange time in words": (record("tick", exchange_time="now"), "exchange_time"),
    "gap without its start": (gap(from_=...), "from is missing"),
    "gap without its end": (gap(to=...), "to is missing"),
    "gap without a reason": (gap(reason=...), "reason is missing"),
    "l2 without changes": (record("l2"), "changes is missing"),
    "l2 with null for changes": (record("l2", changes=None), "changes is missing"),
    "l2 with words for changes": (record("l2", changes="none"), "changes is missing"),
    "l2 with a number for a change": (l2(5), "chang"),
    "l2 with null for a change": (l2(None), "a change lacks"),
    "no side": (l2({"price": "1", "remaining": "1"}), "a change lacks"),
    "unknown side": (l2(change("both")), "a change lacks"),
    "no price": (l2({"side": "ask", "remaining": "1"}), "a change lacks"),
    "no remaining": (l2({"side": "ask", "price": "1"}), "a change lacks"),
    "a number as price": (l2(change(price=100.5)), "a change lacks"),
    "a whole number as remaining": (l2(change(remaining=2)), "a change lacks"),
    "a number as delta": (l2(change(delta=-1)), "a change lacks"),
    "unknown reason": (l2(change(reason="whim")), "a change lacks"),
    "time in words": (l2(change(time="now")), "a change lacks"),
    "price of zero": (l2(change(price="0.00")), "a price does not fit"),
    "negative price": (l2(change(price="-1")), "a price does not fit"),
    "price with a plus": (l2(change(price="+1")), "a price does not fit"),
    "price with an exponent": (l2(change(price="1e3")), "a price does not fit"),
    "price in words": (l2(change(price="cheap")), "a price does not fit"),
    "empty price": (l2(change(price="")), "a price does not fit"),
    "price that is not a number": (l2(change(price="NaN")), "a price does not fit"),
    "price with space": (l2(change(price=" 1")), "a price does not fit"),
    "price with a line feed": (l2(change(price="1\n")), "a price does not fit"),
    "price in other digits": (l2(change(price="\u0661")), "a price does not fit"),
    "price without digits before the point": (l2(change(price=".5")), "a price does not fit"),
    "price without digits after the point": (l2(change(price="5.")), "a price does not fit"),
    "price of eleven digits": (l2(change(price="10000000000")), "a price does not fit"),
    "price of nine places": (l2(change(price="1.000000001")), "a price does not fit"),
    "price of 65 characters": (l2(change(price="1." + "0" * 63)), "a price does not fit"),
    "negative size": (l2(change(remaining="-1")), "a size does not fit"),
    "size of ten digits": (l2(change(remaining="1000000000")), "a size does not fit"),
    "size of eleven places": (l2(change(remaining="0.00000000001")), "a size does not fit"),
    "one bad change among good ones": (l2(change(), change(price="-1"), change()), "a price does not fit"),
    "piece in words": (l2(change(), piece="1"), "piece"),
    "pieces in words": (l2(change(), pieces="3"), "pieces"),
    "trade without an id": (record("trade", price="1", size="1"), "trade_id"),
    "trade without a price": (record("trade", trade_id="1", size="1"), "price does not fit"),
    "trade with a negative price": (record("trade", trade_id="1", price="-1", size="1"), "price does not fit"),
    "trade with a number as size": (record("trade", trade_id="1", price="1", size=1), "size does not fit"),
    "trade with an unknown maker": (record("trade", **TRADE, maker_side="me"), "maker_side"),
    "book without asks": (record("book", bids=[]), "asks is not a list"),
    "book with a level of one": (record("book", bids=[["1"]], asks=[]), "bids is not a list"),
    "book with a level of three": (record("book", bids=[["1", "1", "1"]], asks=[]), "bids is not a list"),
    "book with a number as price": (record("book", bids=[], asks=[[1, "1"]]), "asks is not a list"),
    "book with a negative size": (record("book", bids=[], asks=[["1", "-1"]]), "asks is not a list"),
}


@dataclass(frozen=True)
class Readings:
    """The row that Spark made of each record of the tables above, by its name there."""

    rows: dict[str, Row]


def as_bytes(written: object) -> bytes | None:
    return written if written is None or isinstance(written, bytes) else json.dumps(written).encode()


@pytest.fixture(scope="module")
def readings(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Readings:
    records = READ | {name: written for name, (written, _) in REFUSED.items()}
    frame = kafka_rows(spark, tmp_path_factory.mktemp("feed"), [as_bytes(written) for written in records.values()])
    rows = read_feed(frame, "gemini").orderBy("offset").collect()
    return Readings(dict(zip(records, rows, strict=True)))


@pytest.mark.parametrize("name", READ)
def test_right_record_is_read(readings: Readings, name: str) -> None:
    row = readings.rows[name]
    assert row.refusal is None
    assert row.symbol == "BTCUSD"
    assert row.event_time == START


@pytest.mark.parametrize("name", REFUSED)
def test_wrong_record_is_refused_with_its_reason(readings: Readings, name: str) -> None:
    row = readings.rows[name]
    assert REFUSED[name][1] in row.refusal
    assert row.changes is None
    assert row.event_at is None


@pytest.mark.parametrize("name", [*READ, *REFUSED])
def test_spark_the_decoder_and_the_recount_take_the_same_records(readings: Readings, name: str) -> None:
    value = as_bytes(READ[name] if name in READ else REFUSED[name][0])
    taken = readings.rows[name].refusal is None
    assert taken == is_taken_by_decoder(value)
    assert taken == is_taken_by_recount(value)


def test_levels_of_a_first_book_are_left_out(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> None:
    levels = [change(price="1", reason="initial"), change(price="2", reason="place"), change(price="3")]
    frame = kafka_rows(spark, tmp_path_factory.mktemp("feed"), [json.dumps(l2(*levels)).encode()])
    (row,) = read_feed(frame, "gemini").collect()
    assert [f"{each.price:f}" for each in row.changes] == ["2.00000000", "3.00000000"]


def is_taken_by_recount(value: bytes | None) -> bool:
    try:
        record = json.loads(value or b"")
    except ValueError:
        return False
    return list(recount.readable([record], exchange="gemini")) == [record]


def is_taken_by_decoder(value: bytes | None) -> bool:
    """Whether our own parts take the record: its shape, its numbers, and what the job demands of its times."""
    try:
        decoded = decode_feed(value or b"")
        check_numbers(decoded)
    except (MalformedRecord, OutOfRange):
        return False
    in_reason = 0 <= decoded.event_time < 253_402_300_800_000 and decoded.symbol != "" and decoded.exchange == "gemini"
    return in_reason and abs(decoded.event_time - decoded.received_time) <= 120_000


def check_numbers(decoded: FeedRecord) -> None:
    levels: list[tuple[str, str]] = []
    if isinstance(decoded, L2):
        levels = [(each.price, each.remaining) for each in decoded.changes]
    elif isinstance(decoded, Trade):
        levels = [(decoded.price, decoded.size)]
    elif isinstance(decoded, Book):
        levels = [*decoded.bids, *decoded.asks]
    for price, size in levels:
        exact_price(price)
        exact_size(size)
