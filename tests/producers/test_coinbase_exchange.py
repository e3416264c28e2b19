"""Frames of Coinbase Exchange: what is read, and what is refused with which reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.records import Change
from producers.coinbase_exchange import COINBASE_EXCHANGE, parse
from producers.errors import MalformedFrame
from producers.protocol import QUIET, Frame, News, ParsedTrade, Subscription
from tests.producers.coinbase_made_up import HEARTBEAT, SUBSCRIPTIONS, exchange_book, exchange_update, match

NOON = 1_767_225_600_000
TIME = "2026-01-01T00:00:00.075687Z"


def news_of(payload: bytes) -> News:
    (news,) = parse(payload).news
    return news


def refused(payload: bytes) -> MalformedFrame:
    with pytest.raises(MalformedFrame) as caught:
        parse(payload)
    return caught.value


def test_one_message_subscribes_the_channels_that_need_no_key() -> None:
    (text,) = COINBASE_EXCHANGE.greeting(Subscription(("ETC-USD",)))
    assert json.loads(text) == {
        "type": "subscribe",
        "product_ids": ["ETC-USD"],
        "channels": ["level2_batch", "heartbeat", "matches"],
    }
    (alone,) = COINBASE_EXCHANGE.greeting(Subscription(("ETC-USD",), trades=False))
    assert json.loads(alone)["channels"] == ["level2_batch", "heartbeat"]


def test_snapshot_is_a_first_book() -> None:
    assert news_of(exchange_book(symbol="ETC-USD")) == News(
        symbol="ETC-USD",
        book="snapshot",
        changes=[
            Change(side="bid", price="100.00", remaining="1", reason="initial"),
            Change(side="ask", price="101.00", remaining="2", reason="initial"),
        ],
    )


def test_update_has_its_changes_and_its_time_but_no_number() -> None:
    news = news_of(exchange_update(TIME, ("buy", "90999.10", "0.58667860"), ("sell", "91000.25", "0")))
    assert news == News(
        symbol="BTC-USD",
        exchange_time=NOON + 75,
        book="changes",
        changes=[
            Change(side="bid", price="90999.10", remaining="0.58667860"),
            Change(side="ask", price="91000.25", remaining="0"),
        ],
    )


def test_time_of_year_one_is_no_time() -> None:
    assert news_of(exchange_update("0001-01-01T00:00:00.000000Z")).exchange_time is None


@pytest.mark.parametrize(("side", "maker"), [("sell", "ask"), ("buy", "bid"), ("block", None)])
def test_side_of_a_match_is_the_makers(side: str, maker: Any) -> None:
    news = news_of(match(280001, "90999.10", "0.01", TIME, side=side))
    assert news.trades == (ParsedTrade("280001", "90999.10", "0.01", maker),)
    assert (news.symbol, news.exchange_time, news.is_history) == ("BTC-USD", NOON + 75, False)


def test_last_match_is_history() -> None:
    assert news_of(match(280001, "90999.10", "0.01", TIME, kind="last_match")).is_history


@pytest.mark.parametrize("payload", [HEARTBEAT, SUBSCRIPTIONS])
def test_heartbeat_and_answer_show_only_that_the_connection_lives(payload: bytes) -> None:
    assert parse(payload) == QUIET


def test_ticker_is_ignored_and_counted() -> None:
    assert parse(b'{"type":"ticker","sequence":8,"product_id":"BTC-USD","price":"4095.00","time":"x"}').ignored == 1


@pytest.mark.parametrize(
    ("reason", "for_good"),
    [
        ("level2, level3, and full channels now require authentication", True),
        ("BTC-FOO is not a valid product", True),
        ("rate limit exceeded", False),
    ],
)
def test_error_is_a_refusal_with_its_text(reason: str, for_good: bool) -> None:
    answer = {"type": "error", "message": "Failed to subscribe", "reason": reason}
    refusal = parse(json.dumps(answer).encode()).refusal
    assert refusal is not None
    assert (refusal.text, refusal.for_good) == (f"Failed to subscribe: {reason}", for_good)


@pytest.mark.parametrize(
    "payload",
    [
        exchange_update(TIME, ("buy", "-1", "1")),
        exchange_update(TIME, ("left", "1", "1")),
        exchange_update("yesterday"),
        exchange_update(TIME).replace(b'"1.5"', b"1.5"),
        exchange_book(bids=[("40533.24", "0.020416"), ("40531.19", "0.-10000")]),  # was really sent, in 2020
        exchange_book(asks=[("0", "1")]),
        b'{"type":"l2update","product_id":"BTC-USD"}',
        b'{"type":"snapshot","product_id":"BTC-USD","bids":[]}',
    ],
    ids=lambda payload: payload[:90].decode(),
)
def test_wrong_change_spoils_its_frame_and_its_symbols_changes_are_unknown(payload: bytes) -> None:
    malformed = refused(payload)
    assert (malformed.symbol, malformed.hides_changes) == ("BTC-USD", True)
    assert malformed.reason


@pytest.mark.parametrize(
    "payload",
    [match(1, "x", "1", TIME), match(1, "1", "1", "x"), match(1, "1", "1", TIME).replace(b'"1"', b"1", 1)],
)
def test_wrong_match_hides_no_changes(payload: bytes) -> None:
    malformed = refused(payload)
    assert (malformed.symbol, malformed.hides_changes) == ("BTC-USD", False)


@pytest.mark.parametrize(
    "payload", [b"", b"not json", b"\xff\xfe\x00", b"null", b"[]", b"{}", b"{", b'{"a":' * 100_000]
)
def test_garbage_may_hide_changes(payload: bytes) -> None:
    assert refused(payload).hides_changes


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["buy", "1.5", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)
TYPES = st.sampled_from(["snapshot", "l2update", "match", "error", "x"]) | ANY
FIELDS = ("product_id", "time", "changes", "bids", "asks", "trade_id", "price", "size", "message")


@given(
    st.binary(max_size=300)
    | st.fixed_dictionaries({"type": TYPES}, optional=dict.fromkeys(FIELDS, ANY)).map(
        lambda fields: json.dumps(fields).encode()
    )
)
def test_anything_is_read_or_refused_as_malformed(payload: bytes) -> None:
    try:
        frame: object = parse(payload)
    except MalformedFrame as malformed:
        frame = malformed.reason
    assert isinstance(frame, Frame | str)
    assert frame
