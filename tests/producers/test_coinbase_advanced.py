"""Frames of Coinbase Advanced Trade: what is read, and what is refused with which reason."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.records import Change
from producers.coinbase_advanced import COINBASE_ADVANCED, parse
from producers.errors import MalformedFrame
from producers.protocol import Frame, News, ParsedTrade, Subscription
from tests.producers.coinbase_made_up import (
    advanced,
    advanced_book,
    advanced_heartbeat,
    advanced_subscriptions,
    advanced_trades,
    advanced_update,
    deal,
    level,
)

NOON = 1_767_225_600_000


def news_of(payload: bytes) -> News:
    (news,) = parse(payload).news
    return news


def refused(payload: bytes) -> MalformedFrame:
    with pytest.raises(MalformedFrame) as caught:
        parse(payload)
    return caught.value


def test_each_channel_is_subscribed_by_a_message_of_its_own() -> None:
    assert COINBASE_ADVANCED.address("ws://127.0.0.1:9", Subscription(("BTC-USD",))) == "ws://127.0.0.1:9"
    messages = [json.loads(text) for text in COINBASE_ADVANCED.greeting(Subscription(("BTC-USD", "ETC-USD")))]
    assert [message["channel"] for message in messages] == ["level2", "market_trades", "heartbeats"]
    assert all(message["product_ids"] == ["BTC-USD", "ETC-USD"] for message in messages)
    assert all(message["type"] == "subscribe" for message in messages)
    alone = COINBASE_ADVANCED.greeting(Subscription(("BTC-USD",), trades=False))
    assert [json.loads(text)["channel"] for text in alone] == ["level2", "heartbeats"]


@pytest.mark.parametrize(("symbol", "fits"), [("BTC-USD", True), ("ETC-USD", True), ("BTCUSD", False)])
def test_symbols_look_like_etc_usd(symbol: str, fits: bool) -> None:
    assert (COINBASE_ADVANCED.symbol_pattern.fullmatch(symbol) is not None) == fits


def test_symbol_whose_frames_bear_another_name_is_not_taken() -> None:
    assert COINBASE_ADVANCED.symbol_pattern.fullmatch("BTC-USDC") is None
    assert COINBASE_ADVANCED.symbol_pattern.fullmatch("USDC-EUR")


def test_first_book_has_all_levels_with_their_own_times() -> None:
    frame = parse(
        advanced_book(
            3,
            NOON + 483,
            level("bid", "90999.10", "0.5", "2026-01-01T00:00:00.170326Z"),
            level("offer", "91000.25", "0.3", "0001-01-01T00:00:00Z"),
        )
    )
    assert frame.sequence == 3
    assert frame.news == (
        News(
            symbol="BTC-USD",
            exchange_time=NOON + 483,
            book="snapshot",
            changes=[
                Change(side="bid", price="90999.10", remaining="0.5", time=NOON + 170),
                Change(side="ask", price="91000.25", remaining="0.3"),
            ],
            sequence=3,
        ),
    )


def test_update_under_either_name_of_its_channel_is_read_alike() -> None:
    removal = level("offer", "91000.25", "0", "2026-01-01T00:00:00.27841Z")
    event = {"type": "update", "product_id": "BTC-USD", "updates": [removal]}
    news = news_of(advanced("l2_data", 4, event, time=NOON + 507))
    assert (news.book, news.exchange_time, news.sequence) == ("changes", NOON + 507, 4)
    assert news.changes == [Change(side="ask", price="91000.25", remaining="0", time=NOON + 278)]
    assert news_of(advanced("level2", 4, event, time=NOON + 507)) == news


def test_frame_of_several_products_is_news_of_each() -> None:
    events = [
        {"type": "update", "product_id": symbol, "updates": [level("bid", "1", "2", None)]}
        for symbol in ("BTC-USD", "ETC-USD")
    ]
    assert [news.symbol for news in parse(advanced("l2_data", 4, *events, time=NOON)).news] == ["BTC-USD", "ETC-USD"]


@pytest.mark.parametrize(("side", "maker"), [("SELL", "ask"), ("BUY", "bid"), ("", None)])
def test_side_of_a_trade_is_the_makers(side: str, maker: Any) -> None:
    news = news_of(advanced_trades(5, NOON + 651, deal("1000000001", "90999.10", "0.01034361", side)))
    assert news.trades == (ParsedTrade("1000000001", "90999.10", "0.01034361", maker),)
    assert (news.symbol, news.exchange_time, news.book, news.is_history) == ("BTC-USD", NOON + 651, "", False)


def test_first_trades_of_a_connection_are_history() -> None:
    frame = parse(advanced_trades(1, NOON, deal("1", "1", "1"), deal("2", "2", "1", symbol="ETC-USD"), kind="snapshot"))
    assert [(news.symbol, news.is_history) for news in frame.news] == [("BTC-USD", True), ("ETC-USD", True)]


@pytest.mark.parametrize("counter", [41691, "41691"])
def test_heartbeat_counts_in_the_sequence_and_tells_the_time(counter: int | str) -> None:
    assert parse(advanced_heartbeat(6, NOON + 856, counter)) == Frame(sequence=6, exchange_time=NOON + 856)


def test_answer_to_a_subscription_counts_in_the_sequence() -> None:
    assert parse(advanced_subscriptions(0, NOON)) == Frame(sequence=0)


def test_channel_that_is_not_used_counts_in_the_sequence_and_is_ignored() -> None:
    assert parse(advanced("ticker", 7, {"type": "update", "tickers": [{"price": "1"}]})) == Frame(sequence=7, ignored=1)


@pytest.mark.parametrize(
    ("answer", "for_good"),
    [
        ({"type": "error", "message": "authentication failure"}, True),
        ({"type": "error", "message": "Failed to subscribe", "reason": "BTC-FOO is not a valid product"}, True),
        ({"type": "error", "message": "rate limit exceeded"}, False),
        ({"type": "error"}, False),
    ],
)
def test_error_is_a_refusal_with_its_text(answer: dict[str, str], for_good: bool) -> None:
    refusal = parse(json.dumps(answer).encode()).refusal
    assert refusal is not None
    assert refusal.for_good == for_good
    assert answer.get("message", "error") in refusal.text
    assert answer.get("reason", "") in refusal.text


@pytest.mark.parametrize(
    "update",
    [
        level("bid", "-1", "1"),
        level("bid", "1", "0.-10000"),
        level("left", "1", "1"),
        level("bid", "1", "1", "yesterday"),
        {"side": "bid", "price_level": "1"},
        {"side": "bid", "price_level": 1.5, "new_quantity": "1"},
    ],
    ids=str,
)
def test_wrong_level_spoils_its_frame_which_keeps_its_number(update: dict[str, Any]) -> None:
    malformed = refused(advanced_update(4, NOON, level("bid", "1", "1"), update))
    assert malformed.sequence == 4
    assert malformed.hides_changes
    assert malformed.reason


@pytest.mark.parametrize(
    "event", [{"type": "update"}, {"type": "new", "product_id": "BTC-USD", "updates": []}, {"type": 1}], ids=str
)
def test_wrong_event_spoils_its_frame(event: dict[str, Any]) -> None:
    assert refused(advanced("l2_data", 4, event, time=NOON)).sequence == 4


def test_wrong_trade_hides_no_changes() -> None:
    for wrong in (deal("1", "x", "1"), {**deal("1", "1", "1"), "size": None}):
        malformed = refused(advanced_trades(5, NOON, wrong))  # type: ignore[arg-type]
        assert malformed.sequence == 5
        assert not malformed.hides_changes


def test_wrong_time_of_a_frame_is_refused() -> None:
    payload = advanced_update(4, NOON, level("bid", "1", "1", None)).replace(b"2026-01", b"2026-13")
    assert "timestamp" in refused(payload).reason


@pytest.mark.parametrize(
    "payload", [b"", b"not json", b"\xff\xfe\x00", b"null", b"[]", b"{}", b"{", b'{"a":' * 100_000]
)
def test_garbage_has_no_sequence(payload: bytes) -> None:
    assert refused(payload).sequence is None


@pytest.mark.parametrize("sequence", [-1, 1.5, "3", None, True, 10**30])
def test_sequence_that_is_no_count_is_refused(sequence: Any) -> None:
    assert refused(advanced_update(sequence, NOON)).sequence is None


def test_first_book_of_five_megabytes_is_read_within_a_second() -> None:
    levels = [
        level("bid" if n % 2 else "offer", f"{90_000 + n * 0.37:.2f}", f"0.{n:08d}", "2026-01-01T00:00:00.170326Z")
        for n in range(46_000)
    ]
    payload = advanced_book(0, NOON, *levels)
    assert len(payload) > 5_000_000
    began = time.process_time()
    news = news_of(payload)
    assert time.process_time() - began < 1.0
    assert len(news.changes) == 46_000


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["update", "bid", "1.5"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "updates", "side"]), inner),
    max_leaves=12,
)
FIELDS = {"channel": st.sampled_from(["l2_data", "market_trades", "heartbeats", "x"]) | ANY}


@given(
    st.binary(max_size=300)
    | st.fixed_dictionaries(
        {}, optional={**FIELDS, **dict.fromkeys(("sequence_num", "timestamp", "events", "type", "message"), ANY)}
    ).map(lambda fields: json.dumps(fields).encode())
)
def test_anything_is_read_or_refused_as_malformed(payload: bytes) -> None:
    try:
        frame: object = parse(payload)
    except MalformedFrame as malformed:
        frame = malformed.reason
    assert frame
