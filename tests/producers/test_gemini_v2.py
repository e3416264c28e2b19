"""Frames of Gemini's v2 market data: what is read, and what is refused with which reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.records import Change
from producers.errors import MalformedFrame
from producers.gemini_v2 import GEMINI_V2, address, greeting, parse
from producers.protocol import Frame, News, ParsedTrade, Subscription
from tests.producers.v2_frames import first_l2, heartbeat, l2_updates, past_trade, trade

TIME = 1767225601672


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


def reading(payload: bytes) -> object:
    """What a frame gives, or the reason why not. Any other error is a fault."""
    try:
        return parse(payload)
    except MalformedFrame as refused:
        return refused.reason


def test_address_and_greeting_subscribe_every_symbol_at_once() -> None:
    wanted = Subscription(("BTCUSD", "ETHUSD"))
    assert address("wss://api.gemini.com/", wanted) == "wss://api.gemini.com/v2/marketdata"
    (message,) = greeting(wanted)
    assert json.loads(message) == {
        "type": "subscribe",
        "subscriptions": [{"name": "l2", "symbols": ["BTCUSD", "ETHUSD"]}],
    }


def test_first_book_is_known_by_its_place_and_its_trades_are_history() -> None:
    assert GEMINI_V2.first_changes_are_snapshot
    assert news_of(first_l2()).book == "snapshot"
    assert news_of(first_l2(past_trade(6))) == News(
        symbol="BTCUSD",
        book="snapshot",
        changes=[Change(side="bid", price="100.00", remaining="1"), Change(side="ask", price="101.00", remaining="2")],
        trades=(ParsedTrade(trade_id="6", price="100.00", size="0.5", maker_side="bid"),),
        is_history=True,
    )


@pytest.mark.parametrize("nothing", ["0", "0.0", "0.00000000"])
def test_update_keeps_the_exchanges_digits(nothing: str) -> None:
    assert news_of(l2_updates(("sell", "91000.250", nothing))) == News(
        symbol="BTCUSD", book="changes", changes=[Change(side="ask", price="91000.250", remaining=nothing)]
    )


@pytest.mark.parametrize(("taker", "maker"), [("buy", "ask"), ("sell", "bid"), ("block", None), ("", None)])
def test_trade_names_the_side_of_its_maker_where_it_has_one(taker: str, maker: Any) -> None:
    assert news_of(trade(7, TIME, side=taker)) == News(
        symbol="BTCUSD",
        exchange_time=TIME,
        trades=(ParsedTrade(trade_id="7", price="100.00", size="0.5", maker_side=maker),),
    )


def test_trade_is_named_by_its_own_id_where_it_has_one() -> None:
    assert news_of(trade(7, TIME, tid=28)).trades[0].trade_id == "28"
    assert news_of(trade(7, TIME, tid="28")).trades[0].trade_id == "28"


def test_heartbeat_has_only_a_time() -> None:
    assert parse(heartbeat(TIME)) == Frame(exchange_time=TIME)


def test_auction_events_are_counted_and_ignored() -> None:
    news = news_of(l2_updates(("buy", "1", "2"), auction_events=[{"type": "auction_open"}, 5]))
    assert (news.ignored, len(news.changes)) == (2, 1)


@pytest.mark.parametrize(
    ("reason", "for_good"), [("InvalidSymbol", True), ("Anything", True), ("RateLimit", False), ("Maintenance", False)]
)
def test_error_is_a_refusal_that_says_why(reason: str, for_good: bool) -> None:
    payload = json.dumps({"result": "error", "reason": reason, "message": "no such market"}).encode()
    refusal = parse(payload).refusal
    assert refusal is not None
    assert refusal.for_good is for_good
    assert refusal.text == f"{reason}: no such market"


@pytest.mark.parametrize(
    "payload",
    [
        without(l2_updates(), "changes"),
        l2_updates(("left", "1", "1")),
        l2_updates(("buy", "-1", "1")),
        l2_updates(("buy", "0", "1")),
        l2_updates(("buy", "1e5", "1")),
        l2_updates(("buy", "1", "NaN")),
        l2_updates(("buy", 1.5, "1")),  # type: ignore[arg-type]
        l2_updates(("buy", "1")),  # type: ignore[arg-type]
        l2_updates(("buy", "1", "2", "3")),  # type: ignore[arg-type]
        l2_updates(trades=[{"price": "1"}]),
        without(trade(1, TIME), "price"),
        without(trade(1, TIME), "quantity"),
        without(trade(1, TIME), "event_id"),
        trade(1, TIME, timestamp="5"),
        trade(1, TIME, quantity="much"),
        trade(1, TIME, tid="7" * 65),
        without(l2_updates(), "type"),
    ],
    ids=lambda payload: payload.decode()[:90],
)
def test_wrong_frame_hides_changes_of_its_symbol(payload: bytes) -> None:
    refused = malformed(payload)
    assert (refused.symbol, refused.hides_changes, refused.sequence) == ("BTCUSD", True, None)


def test_reason_names_the_value() -> None:
    assert "-5.00" in malformed(l2_updates(("buy", "-5.00", "1"))).reason


@pytest.mark.parametrize(
    "payload",
    [b"", b"not json", b"\xff\xfe\x00", b"null", b"[]", b'"text"', b"{", b"{}", b'{"a":' * 100_000, b'{"symbol":5}'],
    ids=lambda payload: repr(payload[:20]),
)
def test_garbage_may_hide_changes_of_any_symbol(payload: bytes) -> None:
    refused = malformed(payload)
    assert (refused.symbol, refused.hides_changes) == ("", True)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"type":"heartbeat","timestamp":"soon"}',
        b'{"type":"candles_1m_updates","symbol":"BTCUSD","changes":[[1767225600000,91000.0,91010.5,1,2,1.2]]}',
        b'{"type":"surprise"}',
    ],
)
def test_frame_of_another_kind_hides_no_changes(payload: bytes) -> None:
    assert not malformed(payload).hides_changes


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_as_malformed(payload: bytes) -> None:
    assert reading(payload)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["1.5", "buy"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "price"]), inner),
    max_leaves=12,
)
CHANGES = st.lists(st.tuples(st.sampled_from(["buy", "sell"]), st.text(max_size=4), st.text(max_size=4)), max_size=3)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["l2_updates", "trade", "heartbeat", "error"]) | JSON,
            "symbol": st.just("BTCUSD") | JSON,
            "changes": CHANGES | JSON,
        }
        | dict.fromkeys(
            ("trades", "auction_events", "timestamp", "price", "quantity", "side", "tid", "event_id", "result"), JSON
        ),
    )
)
def test_any_json_is_read_or_refused_as_malformed(fields: dict[str, Any]) -> None:
    assert reading(json.dumps(fields).encode())
