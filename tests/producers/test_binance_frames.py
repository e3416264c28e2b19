"""Frames of Binance's spot streams: what both protocols make of them, and what is refused with which reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.records import Change
from producers import binance_depth, binance_partial
from producers.binance_depth import BINANCE_DEPTH
from producers.binance_partial import BINANCE_PARTIAL
from producers.errors import MalformedFrame
from producers.protocol import Frame, News, ParsedTrade, Subscription
from tests.producers import binance_made_up as made_up
from tests.producers.binance_made_up import book, depth, depth5, depth_event, in_stream, snapshot, trade, trade_event

Parse = Callable[[bytes], Frame]
BOTH = pytest.mark.parametrize("parse", [binance_depth.parse, binance_partial.parse], ids=["diff", "depth5"])
BTC = Subscription(("BTCUSDT",))


def news_of(frame: Frame) -> News:
    (news,) = frame.news
    return news


def refused(parse: Parse, payload: bytes) -> MalformedFrame:
    with pytest.raises(MalformedFrame) as caught:
        parse(payload)
    return caught.value


def dumped(fields: object) -> bytes:
    return json.dumps(fields).encode()


# Addresses.


def test_diff_depth_and_trades_share_one_connection() -> None:
    address = BINANCE_DEPTH.address("ws://127.0.0.1:9/", Subscription(("BTCUSDT", "ETHUSDT")))
    assert address == (
        "ws://127.0.0.1:9/stream?streams=btcusdt@depth@100ms/ethusdt@depth@100ms/btcusdt@trade/ethusdt@trade"
    )
    assert BINANCE_DEPTH.greeting(BTC) == ()


def test_depth5_and_trades_share_one_connection_and_depth5_can_be_alone() -> None:
    base = "wss://stream.binance.com:9443"
    assert BINANCE_PARTIAL.address(base, BTC) == f"{base}/stream?streams=btcusdt@depth5@100ms/btcusdt@trade"
    alone = BINANCE_PARTIAL.address(base, Subscription(("BTCUSDT",), trades=False))
    assert alone == f"{base}/stream?streams=btcusdt@depth5@100ms"


def test_keepalive_asks_for_the_subscriptions_and_its_answer_is_read() -> None:
    keepalive = BINANCE_DEPTH.keepalive
    assert keepalive is not None
    assert json.loads(keepalive.message(3)) == {"method": "LIST_SUBSCRIPTIONS", "id": 3}
    answer = binance_depth.parse(dumped({"result": ["btcusdt@depth@100ms"], "id": 3}))
    assert answer == Frame()


# Diff depth.


def test_update_becomes_changes_under_its_update_numbers() -> None:
    frame = binance_depth.parse(
        depth(161, 165, time=1767225600308, bids=[("90999.10000000", "0.00000000")], asks=[("91000.25", "0.32332000")])
    )
    assert news_of(frame) == News(
        symbol="BTCUSDT",
        exchange_time=1767225600308,
        book="changes",
        changes=[
            Change(side="bid", price="90999.10000000", remaining="0.00000000"),
            Change(side="ask", price="91000.25", remaining="0.32332000"),
        ],
        sequence=165,
        first_id=161,
        last_id=165,
    )
    assert frame.sequence is None


def test_event_without_a_wrapper_is_read_alike() -> None:
    event = depth_event(1, 2, bids=[("100", "1")])
    assert binance_depth.parse(dumped(event)) == binance_depth.parse(in_stream("btcusdt@depth", event))


def test_requested_book_is_a_snapshot_as_new_as_its_last_update() -> None:
    news = news_of(binance_depth.parse(snapshot(160)))
    assert (news.symbol, news.book, news.last_id, news.sequence) == ("BTCUSDT", "snapshot", 160, 160)
    assert news.first_id is None
    assert news.exchange_time is None
    assert [(change.side, change.price) for change in news.changes] == [
        ("bid", "100.00000000"),
        ("ask", "101.00000000"),
    ]


def test_bare_answer_in_a_recording_is_a_snapshot_of_the_only_symbol() -> None:
    news = news_of(binance_depth.parse(dumped(book(160))))
    assert (news.symbol, news.book, news.last_id) == ("", "snapshot", 160)


def test_answer_is_put_among_the_frames_under_the_symbols_stream() -> None:
    rest = BINANCE_DEPTH.snapshot
    assert rest is not None
    assert rest.path("BTCUSDT") == "/api/v3/depth?symbol=BTCUSDT&limit=5000"
    assert json.loads(rest.frame("BTCUSDT", dumped(book(160)))) == json.loads(snapshot(160))


@pytest.mark.parametrize("body", [b"", b"<html>busy</html>", b'{"lastUpdateId":1', b"\xff\xfe"], ids=repr)
def test_answer_that_is_not_json_is_refused(body: bytes) -> None:
    rest = BINANCE_DEPTH.snapshot
    assert rest is not None
    with pytest.raises(MalformedFrame, match="not JSON"):
        rest.frame("BTCUSDT", body)


# Partial depth.


@pytest.mark.parametrize("kind", ["depth5@100ms", "depth5", "depth10", "depth20@1000ms"])
def test_partial_book_is_a_whole_book_of_the_streams_symbol(kind: str) -> None:
    assert news_of(binance_partial.parse(in_stream(f"btcusdt@{kind}", book(160)))) == News(
        symbol="BTCUSDT",
        book="whole",
        bids=[("100.00000000", "1.00000000")],
        asks=[("101.00000000", "2.00000000")],
        sequence=160,
        last_id=160,
    )


def test_partial_book_without_a_wrapper_belongs_to_the_only_symbol() -> None:
    news = news_of(binance_partial.parse(dumped(book(160))))
    assert (news.symbol, news.book) == ("", "whole")


# Trades.


@BOTH
@pytest.mark.parametrize(("buyer_is_maker", "maker"), [(True, "bid"), (False, "ask")])
def test_trade_has_the_makers_side(parse: Parse, buyer_is_maker: bool, maker: str) -> None:
    news = news_of(parse(trade(37, "91000.25000000", "0.02000000", time=343, buyer_is_maker=buyer_is_maker)))
    assert news.trades == (ParsedTrade("37", "91000.25000000", "0.02000000", maker),)  # type: ignore[arg-type]
    assert (news.symbol, news.exchange_time, news.book, news.is_history) == ("BTCUSDT", 343, "", False)


@BOTH
def test_trade_with_order_ids_of_older_years_is_read(parse: Parse) -> None:
    event = trade_event(37, "100", "1") | made_up.OLD_TRADE_IDS
    assert news_of(parse(in_stream("btcusdt@trade", event))).trades[0].trade_id == "37"


# Everything else.


@BOTH
@pytest.mark.parametrize(
    "payload",
    [
        in_stream("btcusdt@bookTicker", made_up.BOOK_TICKER),
        dumped(made_up.BOOK_TICKER),
        in_stream("btcusdt@kline_1m", made_up.KLINE),
        dumped(made_up.KLINE),
        in_stream("btcusdt@aggTrade", made_up.AGGREGATE),
        in_stream("btcusdt@ticker", made_up.TICKER),
        in_stream("!ticker@arr", made_up.ALL_TICKERS),
        in_stream("btcusdt@avgPrice", {"e": "avgPrice", "E": 5, "s": "BTCUSDT", "i": "5m", "w": "1", "T": 4}),
        in_stream("btcusdt@news", {"e": "somethingNew", "b": {"x": 1}, "E": "soon"}),
    ],
    ids=lambda payload: payload[:40].decode(),
)
def test_stream_that_is_not_used_is_ignored_and_counted(parse: Parse, payload: bytes) -> None:
    assert parse(payload) == Frame(ignored=1)


def test_each_protocol_ignores_the_book_of_the_other() -> None:
    assert binance_depth.parse(depth5(1)).ignored == 1
    assert binance_partial.parse(depth(1, 2)).ignored == 1
    assert binance_partial.parse(snapshot(1)).ignored == 1


@BOTH
@pytest.mark.parametrize("wrapped", [True, False])
def test_shutdown_is_a_farewell(parse: Parse, wrapped: bool) -> None:
    event = {"e": "serverShutdown", "E": 1767225660789}
    frame = parse(in_stream("!serverShutdown", event) if wrapped else dumped(event))
    assert "shuts down" in frame.farewell


@BOTH
@pytest.mark.parametrize(
    ("answer", "text", "for_good"),
    [
        ({"error": {"code": 2, "msg": "Invalid request"}, "id": 1}, "Invalid request (code 2)", True),
        ({"code": -1121, "msg": "Invalid symbol."}, "Invalid symbol. (code -1121)", True),
        ({"code": -1003, "msg": "Too many requests."}, "Too many requests. (code -1003)", False),
    ],
)
def test_error_is_a_refusal_with_its_text(parse: Parse, answer: dict[str, Any], text: str, for_good: bool) -> None:
    refusal = parse(dumped(answer)).refusal
    assert refusal is not None
    assert (refusal.text, refusal.for_good) == (text, for_good)


# What cannot be read.


@pytest.mark.parametrize(
    "event",
    [
        depth_event(1, 2, bids=[("-1", "1")]),
        depth_event(1, 2, bids=[("1", "-1")]),
        depth_event(1, 2, asks=[("1", "1e3")]),
        depth_event(1, 2, asks=[("0", "1")]),
        depth_event(1, 2, asks=[("10000000000000", "1")]),
        depth_event(1, 2) | {"b": [["1"]]},
        depth_event(1, 2) | {"b": [[1.5, 2.5]]},
        depth_event(1, 2) | {"b": "100"},
        depth_event(1, 2) | {"a": None},
        depth_event(1, 2) | {"U": None},
        depth_event(1, 2) | {"u": -1},
        depth_event(1, 2) | {"E": "5"},
        depth_event(3, 2),
    ],
    ids=lambda event: json.dumps(event)[30:],
)
@pytest.mark.parametrize("wrapped", [True, False])
def test_wrong_update_spoils_its_frame_and_its_symbols_changes_are_unknown(
    event: dict[str, Any], wrapped: bool
) -> None:
    payload = in_stream("btcusdt@depth@100ms", event) if wrapped else dumped(event)
    malformed = refused(binance_depth.parse, payload)
    assert malformed.symbol == "BTCUSDT"
    assert malformed.hides_changes
    assert malformed.reason


@pytest.mark.parametrize("answer", [book(1) | {"bids": None}, book(1) | {"asks": [["0.1", "x"]]}, {"lastUpdateId": 1}])
def test_wrong_book_is_refused_with_its_symbol(answer: dict[str, Any]) -> None:
    assert refused(binance_depth.parse, in_stream("btcusdt@depthSnapshot", answer)).symbol == "BTCUSDT"
    assert refused(binance_partial.parse, in_stream("btcusdt@depth5", answer)).hides_changes


@BOTH
@pytest.mark.parametrize(
    "event", [trade_event(1, "-1", "1"), trade_event(1, "1", "1") | {"m": None}, trade_event(1, "1", "1") | {"t": "x"}]
)
def test_wrong_trade_hides_no_changes(parse: Parse, event: dict[str, Any]) -> None:
    malformed = refused(parse, in_stream("btcusdt@trade", event))
    assert (malformed.symbol, malformed.hides_changes) == ("BTCUSDT", False)


@BOTH
@pytest.mark.parametrize("payload", [b"", b"not json", b"\xff\xfe\x00", b"null", b"[]", b"{", b'{"a":' * 100_000])
def test_garbage_may_hide_changes_of_any_symbol(parse: Parse, payload: bytes) -> None:
    malformed = refused(parse, payload)
    assert (malformed.symbol, malformed.hides_changes) == ("", True)


@BOTH
def test_message_that_says_nothing_is_refused_and_hides_nothing(parse: Parse) -> None:
    assert not refused(parse, b'{"hello":1}').hides_changes


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["depthUpdate", "trade", "1.5"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["e", "b", "stream"]), inner),
    max_leaves=12,
)
FIELDS = ("e", "E", "s", "U", "u", "b", "a", "t", "p", "q", "m", "lastUpdateId", "bids", "asks", "error", "result")
EVENT = st.dictionaries(st.sampled_from(FIELDS), ANY)


@BOTH
@given(payload=st.binary(max_size=300) | EVENT.map(dumped) | EVENT.map(lambda event: in_stream("a@depth", event)))
def test_anything_is_read_or_refused_as_malformed(parse: Parse, payload: bytes) -> None:
    try:
        frame: object = parse(payload)
    except MalformedFrame as malformed:
        frame = malformed.reason
    assert frame
