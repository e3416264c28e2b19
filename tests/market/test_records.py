"""Records as they stand in Kafka: JSON that anybody can read, and that is refused when it is not what it says."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import MalformedRecord
from market.records import (
    L2,
    Book,
    Change,
    DeadLetter,
    FeedRecord,
    Gap,
    Health,
    PriceVolume,
    Tick,
    Trade,
    decode_dead_letter,
    decode_feed,
    decode_health,
    decode_price_volume,
    encode,
)

COMMON = {"exchange": "gemini", "symbol": "BTCUSD", "event_time": 5, "received_time": 6, "connection": "c1"}
TICK = b'{"type":"tick","exchange":"g","symbol":"B","event_time":1,"received_time":1,"connection":"c"'


def of_feed(kind: type[FeedRecord], **fields: object) -> FeedRecord:
    return kind(**(COMMON | fields))  # type: ignore[arg-type]


RECORDS = [
    of_feed(
        L2,
        sequence=7,
        changes=(
            Change(side="bid", price="9.10", remaining="0", delta="-1.5", reason="cancel", time=4),
            Change(side="ask", price="9.2", remaining="1.50"),
        ),
    ),
    of_feed(L2, changes=(), piece=1, pieces=3),
    of_feed(Trade, trade_id="t1", price="9.1", size="0.5", maker_side="ask", late=True, exchange_time=2),
    of_feed(Book, bids=(("9", "1"), ("8", "2")), asks=()),
    of_feed(Tick),
    of_feed(Gap, from_=1, to=5, reason="sequence"),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_record_of_a_feed_comes_back_as_it_was(record: FeedRecord) -> None:
    assert decode_feed(encode(record)) == record


def test_record_is_written_with_the_names_of_the_design_and_without_what_it_lacks() -> None:
    assert json.loads(encode(RECORDS[0])) == {
        "type": "l2",
        "exchange": "gemini",
        "symbol": "BTCUSD",
        "event_time": 5,
        "received_time": 6,
        "connection": "c1",
        "sequence": 7,
        "changes": [
            {"side": "bid", "price": "9.10", "remaining": "0", "delta": "-1.5", "reason": "cancel", "time": 4},
            {"side": "ask", "price": "9.2", "remaining": "1.50"},
        ],
    }
    assert json.loads(encode(RECORDS[5])) == COMMON | {"type": "gap", "from": 1, "to": 5, "reason": "sequence"}


def test_null_fields_of_a_minute_are_written() -> None:
    minute = PriceVolume(
        exchange="gemini",
        symbol="BTCUSD",
        event_time=60_000,
        window_start=0,
        window_end=60_000,
        timestamp=0,
        changes=2,
        ask=None,
        bid="0.00000000",
        value=None,
        complete=False,
    )
    written = json.loads(encode(minute))
    assert written["ask"] is None
    assert written["value"] is None
    assert written["complete"] is False
    assert decode_price_volume(encode(minute)) == minute


def test_dead_letters_and_health_come_back_as_they_were() -> None:
    letter = DeadLetter(
        exchange="", symbol="", event_time=1, id="c-1", source="s", reason="r", payload="", length=0, sha256="0"
    )
    health = Health(exchange="", symbol="", event_time=1, part="bot", metrics={"a": 1, "b": 1.5, "c": "x", "d": None})
    assert decode_dead_letter(encode(letter)) == letter
    assert decode_health(encode(health)) == health


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"null",
        b"[]",
        b"\xff\xfe",
        TICK,
        TICK + b"}x",
        TICK + b"}{}",
        TICK + b',"sequence":NaN}',
        TICK + b',"sequence":"1"}',
        TICK + b',"late":1}',
        TICK.replace(b'"tick"', b'"tock"') + b"}",
        TICK.replace(b'"tick"', b"1") + b"}",
        TICK.replace(b'"event_time":1', b'"event_time":1.5') + b"}",
        TICK.replace(b'"event_time":1', b'"event_time":true') + b"}",
        TICK.replace(b'"event_time":1', b'"event_time":null') + b"}",
        TICK.replace(b'"event_time":1,', b"") + b"}",
        TICK.replace(b'"g"', b'"\xff"') + b"}",
        TICK + b',"other":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"exchange":"g"}',
    ],
    ids=range(19),
)
def test_what_is_not_a_whole_record_of_a_feed_is_malformed(value: bytes) -> None:
    with pytest.raises(MalformedRecord):
        decode_feed(value)


def test_changes_that_are_not_levels_are_malformed() -> None:
    for wrong in ('"changes":[{"side":"buy"', '"changes":[{"side":1', '"changes":[{', '"changes":{"side":"bid"'):
        value = encode(RECORDS[0]).decode().replace('"changes":[{"side":"bid"', wrong, 1)
        with pytest.raises(MalformedRecord):
            decode_feed(value.encode())


def test_minute_is_not_taken_for_a_record_of_a_feed() -> None:
    with pytest.raises(MalformedRecord):
        decode_price_volume(TICK + b"}")


def test_fields_that_came_later_are_passed_over() -> None:
    assert decode_feed(TICK + b',"new":{"a":[1,2]}}') == decode_feed(TICK + b"}")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_malformed(value: bytes) -> None:
    with pytest.raises(MalformedRecord):
        decode_feed(value)


@given(st.integers(0, len(encode(RECORDS[0])) - 1), st.integers(0, 255))
def test_record_with_one_byte_changed_is_a_record_or_malformed(where: int, byte: int) -> None:
    value = bytearray(encode(RECORDS[0]))
    value[where] = byte
    try:
        decode_feed(bytes(value))
    except MalformedRecord:
        return


@pytest.mark.parametrize("wrong", ["abc", "", "1e3", "-1", "1.", ".5", "NaN", "1" * 70])
def test_minute_whose_ratio_is_no_number_is_malformed(wrong: str) -> None:
    right = b'"window_start":0,"window_end":60000,"timestamp":0,"changes":1,"ask":"1.00000000","bid":"1.00000000"'
    head = b'{"type":"price_volume","exchange":"gemini","symbol":"BTCUSD","event_time":60000,'
    assert decode_price_volume(head + right + b',"value":"1.000000000000","complete":true}').value == "1.000000000000"
    with pytest.raises(MalformedRecord, match="value"):
        decode_price_volume(head + right + f',"value":"{wrong}","complete":true}}'.encode())
