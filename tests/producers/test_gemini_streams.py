"""Frames of Gemini's streams: what is read, and what is refused with which reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.records import Change
from producers.errors import MalformedFrame
from producers.gemini_streams import GEMINI_STREAMS, address, greeting, parse, ping
from producers.protocol import QUIET, Frame, News, ParsedTrade, Refusal, Subscription
from tests.producers.streams_frames import answer, depth, first_depth, refusal, trade

TIME = 1767225600217


def news_of(payload: bytes) -> News:
    (news,) = parse(payload).news
    return news


def malformed(payload: bytes) -> MalformedFrame:
    with pytest.raises(MalformedFrame) as caught:
        parse(payload)
    return caught.value


def without(payload: bytes, key: str) -> bytes:
    frame = json.loads(payload)
    del frame[key]
    return json.dumps(frame).encode()


def with_field(payload: bytes, key: str, value: object) -> bytes:
    return json.dumps(json.loads(payload) | {key: value}).encode()


def reading(payload: bytes) -> object:
    """What a frame gives, or the reason why not. Any other error is a fault."""
    try:
        return parse(payload)
    except MalformedFrame as refused:
        return refused.reason


def test_address_asks_for_whole_books() -> None:
    assert address("wss://ws.gemini.com/", Subscription(("BTCUSD",))) == "wss://ws.gemini.com/?snapshot=-1"


def test_greeting_subscribes_depth_and_trades_of_every_symbol_at_once() -> None:
    (message,) = greeting(Subscription(("BTCUSD", "ETHUSD")))
    assert json.loads(message) == {
        "id": "1",
        "method": "subscribe",
        "params": ["btcusd@depth@100ms", "btcusd@trade", "ethusd@depth@100ms", "ethusd@trade"],
    }
    (message,) = greeting(Subscription(("BTCUSD",), trades=False))
    assert json.loads(message)["params"] == ["btcusd@depth@100ms"]


def test_pings_have_ids_of_their_own() -> None:
    assert [json.loads(ping(number)) for number in (1, 2)] == [
        {"id": "2", "method": "ping"},
        {"id": "3", "method": "ping"},
    ]


def test_depth_keeps_the_exchanges_digits_and_its_numbers() -> None:
    assert news_of(depth(91, 94, TIME, [("90999.10", "0.00000000")], [("91000.25", "0.50")])) == News(
        symbol="BTCUSD",
        book="changes",
        exchange_time=TIME,
        changes=[
            Change(side="bid", price="90999.10", remaining="0.00000000"),
            Change(side="ask", price="91000.25", remaining="0.50"),
        ],
        sequence=94,
        first_id=91,
        last_id=94,
    )


@pytest.mark.parametrize("places", [2, 9])
def test_deep_frame_is_read_as_a_short_one_is(places: int) -> None:
    bids = [(f"{90_000 - number}.1", f"{number:.{places}f}") for number in range(40)]
    news = news_of(depth(91, 94, TIME, bids, [("91000.25", "0.00")]))
    assert list(news.changes) == [
        *(Change(side="bid", price=price, remaining=size) for price, size in bids),
        Change(side="ask", price="91000.25", remaining="0.00"),
    ]
    assert (news.symbol, news.exchange_time, news.first_id, news.last_id) == ("BTCUSD", TIME, 91, 94)


@pytest.mark.parametrize("wrong", [("0", "1"), ("-5.00", "1"), ("1", "1e5"), ("1.123456789", "1")])
def test_wrong_level_spoils_a_deep_frame_too(wrong: tuple[str, str]) -> None:
    refused = malformed(depth(91, 94, TIME, [*[("90999.10", "1")] * 40, wrong]))
    assert (refused.symbol, refused.hides_changes) == ("BTCUSD", True)
    assert refused.reason


def test_first_depth_of_a_connection_is_its_book() -> None:
    assert GEMINI_STREAMS.first_changes_are_snapshot
    assert news_of(first_depth(TIME)).book == "changes"


@pytest.mark.parametrize(("buyer_is_maker", "side"), [(True, "bid"), (False, "ask"), (None, None)])
def test_trade_names_the_side_of_its_maker(buyer_is_maker: Any, side: Any) -> None:
    assert news_of(trade(422, TIME, "91000.25000", buyer_is_maker=buyer_is_maker)) == News(
        symbol="BTCUSD",
        exchange_time=TIME,
        trades=(ParsedTrade(trade_id="422", price="91000.25000", size="0.5", maker_side=side),),
    )


def test_frame_without_a_time_has_none() -> None:
    assert news_of(without(depth(1, 2, TIME), "E")).exchange_time is None


@pytest.mark.parametrize("number", [1, "1", 7, "7"])
def test_answers_tell_only_that_the_connection_lives(number: int | str) -> None:
    assert parse(answer(number)) is QUIET
    assert parse(answer(number, result=["btcusd@trade"])) is QUIET


def test_other_streams_are_ignored_and_counted() -> None:
    ticker = {"u": 85, "E": 1, "s": "btcusd", "b": "1", "B": "2", "a": "3", "A": "4", "c": "5", "C": "6"}
    partial = {"lastUpdateId": 90, "bids": [["1", "2"]], "asks": []}
    assert parse(json.dumps(ticker).encode()) == parse(json.dumps(partial).encode()) == Frame(ignored=1)


@pytest.mark.parametrize(
    ("status", "for_good"),
    [(400, True), (401, True), (403, True), (404, True), (429, False), (408, False), (500, False)],
)
def test_refused_subscription_is_for_good_unless_it_will_pass(status: int, for_good: bool) -> None:
    for number in (1, "1", None):
        (refused,) = [parse(refusal(status, -1013, number)).refusal]  # type: ignore[arg-type]
        assert refused is not None
        assert refused.for_good is for_good
        assert str(status) in refused.text
        assert "-1013" in refused.text


def test_refused_ping_is_an_answer_all_the_same() -> None:
    assert parse(refusal(400, number=2)) is QUIET


def test_status_that_is_absent_is_not_for_good() -> None:
    assert parse(b'{"error":"busy"}') == Frame(refusal=Refusal('status None: "busy"'))


def test_unknown_keys_are_ignored() -> None:
    assert news_of(depth(1, 2, TIME, brand_new={"a": [1]})).last_id == 2


@pytest.mark.parametrize(
    "payload",
    [
        without(depth(1, 2, TIME), "U"),
        without(depth(1, 2, TIME), "u"),
        without(depth(1, 2, TIME), "b"),
        without(depth(1, 2, TIME), "a"),
        without(depth(1, 2, TIME), "e"),
        depth(3, 2, TIME),
        depth(-1, 2, TIME),
        depth(1, 2**63, TIME),
        depth(1, 2, -5),
        depth(1, 2, TIME, [("-1", "1")]),
        depth(1, 2, TIME, [("0", "1")]),
        depth(1, 2, TIME, [("1e5", "1")]),
        depth(1, 2, TIME, [("1", "NaN")]),
        depth(1, 2, TIME, [("9" * 40, "1")]),
        depth(1, 2, TIME, [(1.5, "1")]),  # type: ignore[list-item]
        depth(1, 2, TIME, [("1",)]),  # type: ignore[list-item]
        depth(1, 2, TIME, b="1"),
        without(trade(1, TIME), "p"),
        without(trade(1, TIME), "q"),
        without(trade(1, TIME), "t"),
        trade(1, TIME, "cheap"),
        trade(1, TIME, t="7" * 65),
    ],
    ids=lambda payload: payload.decode()[:90],
)
def test_wrong_frame_hides_changes_of_its_symbol(payload: bytes) -> None:
    refused = malformed(payload)
    assert (refused.symbol, refused.hides_changes, refused.sequence) == ("BTCUSD", True, None)


def test_reason_names_the_value() -> None:
    assert "-5.00" in malformed(depth(1, 2, TIME, [("-5.00", "1")])).reason


@pytest.mark.parametrize("key", ["E", "U"])
def test_number_of_the_wrong_kind_is_named_by_its_field(key: str) -> None:
    assert f"$.{key}" in malformed(with_field(depth(1, 2, TIME), key, "5")).reason


@pytest.mark.parametrize(
    "payload",
    [b"", b"not json", b"\xff\xfe\x00", b"null", b"[]", b'"text"', b"{", b'{"a":' * 100_000, b'{"s":5}'],
    ids=lambda payload: repr(payload[:20]),
)
def test_garbage_may_hide_changes_of_any_symbol(payload: bytes) -> None:
    refused = malformed(payload)
    assert (refused.symbol, refused.hides_changes) == ("", True)


@pytest.mark.parametrize("payload", [depth(1, 2, TIME, e="surprise"), b"{}", b'{"type":"status"}'])
def test_event_of_an_unknown_name_hides_no_changes(payload: bytes) -> None:
    assert not malformed(payload).hides_changes


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_as_malformed(payload: bytes) -> None:
    assert reading(payload)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["1.5", "btcusd"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["e", "s", "code"]), inner),
    max_leaves=12,
)
LEVELS = st.lists(st.tuples(st.text(max_size=4) | st.sampled_from(["1.5", "0"]), st.text(max_size=4)), max_size=3)


@given(
    st.fixed_dictionaries(
        {},
        optional={"e": st.sampled_from(["depthUpdate", "trade"]) | JSON, "b": LEVELS | JSON, "a": LEVELS | JSON}
        | dict.fromkeys(("E", "s", "U", "u", "t", "p", "q", "m", "id", "status", "error", "lastUpdateId"), JSON),
    )
)
def test_any_json_is_read_or_refused_as_malformed(fields: dict[str, Any]) -> None:
    assert reading(json.dumps(fields).encode())
