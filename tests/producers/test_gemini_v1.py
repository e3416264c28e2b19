"""Frames of Gemini's v1 market data: what is read, and what is refused with which reason."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.records import Change
from producers.errors import MalformedFrame
from producers.gemini_v1 import address, parse
from producers.protocol import Frame, News, ParsedTrade, Subscription
from tests.producers.frames import change, first_book, heartbeat, trade, update


def frame(**fields: Any) -> bytes:
    return json.dumps({"type": "update", "socket_sequence": 3, "timestampms": 5, "events": [], **fields}).encode()


def news_of(payload: bytes) -> News:
    (news,) = parse(payload).news
    return news


def refusal(payload: bytes) -> MalformedFrame:
    with pytest.raises(MalformedFrame) as caught:
        parse(payload)
    return caught.value


def reading(payload: bytes) -> object:
    """What a frame gives: news, a heartbeat, or the reason why not. Any other error is a fault."""
    try:
        return parse(payload)
    except MalformedFrame as refused:
        return refused.reason


def test_address_always_names_all_flags() -> None:
    where = urlsplit(address("ws://127.0.0.1:8181/", Subscription(("BTCUSD",))))
    assert (where.scheme, where.netloc, where.path) == ("ws", "127.0.0.1:8181", "/v1/marketdata/BTCUSD")
    assert parse_qs(where.query) == {
        "heartbeat": ["true"],
        "top_of_book": ["false"],
        "bids": ["true"],
        "offers": ["true"],
        "trades": ["true"],
    }


def test_update_with_a_trade_and_its_change_keeps_the_exchanges_digits() -> None:
    parsed = news_of(
        update(2, 1767225601010, trade(9, "91000.25", "0.10"), change("ask", "91000.250", "0.2", "trade", "-0.1"))
    )
    assert parsed == News(
        book="changes",
        sequence=2,
        exchange_time=1767225601010,
        changes=[Change(side="ask", price="91000.250", remaining="0.2", delta="-0.1", reason="trade", time=None)],
        trades=(ParsedTrade(trade_id="9", price="91000.25", size="0.10", maker_side="ask"),),
    )


def test_first_frame_is_a_snapshot_of_initial_changes_whatever_its_reasons_say() -> None:
    parsed = news_of(first_book(change("bid", "1.00", "5", "place")))
    assert parsed.book == "snapshot"
    assert parsed.exchange_time is None
    assert [c.reason for c in parsed.changes] == ["initial"]


def test_empty_first_book_is_a_snapshot() -> None:
    parsed = news_of(frame(socket_sequence=0, events=[]))
    assert parsed.book == "snapshot"
    assert parsed.changes == []


def test_side_offer_means_ask() -> None:
    parsed = news_of(frame(events=[change("offer", "1", "0")]))
    assert parsed.changes[0].side == "ask"


def test_heartbeat_has_only_a_sequence() -> None:
    assert parse(heartbeat(1656)) == Frame(sequence=1656)


def test_unknown_keys_and_unknown_kinds_of_events_are_ignored_and_counted() -> None:
    auction = {"type": "auction_indicative", "price": 17, "side": ["?"], "tid": {}}
    parsed = news_of(frame(brand_new={"a": [1]}, events=[auction, {**change("bid", "1", "2"), "extra": 1}]))
    assert parsed.ignored == 1
    assert len(parsed.changes) == 1


def test_unknown_reason_and_unknown_maker_side_become_nothing() -> None:
    parsed = news_of(frame(events=[change("bid", "1", "2", "moved"), trade(1, "1", "1", "auction")]))
    assert parsed.changes[0].reason is None
    assert parsed.trades[0].maker_side is None


def test_events_that_name_their_symbols_are_news_of_each() -> None:
    bitcoin, ether = ({"symbol": symbol} for symbol in ("BTCUSD", "ethusd"))
    payload = frame(
        events=[
            {**change("bid", "1", "2"), **bitcoin},
            {**change("ask", "3", "4", "top-of-book"), **ether},
            {**trade(9, "1", "1"), **bitcoin},
        ]
    )
    first, second = parse(payload).news
    assert (first.symbol, len(first.changes), len(first.trades)) == ("BTCUSD", 1, 1)
    assert (second.symbol, [c.side for c in second.changes], second.trades) == ("ETHUSD", ["ask"], ())
    assert first.sequence == second.sequence == 3


def test_first_book_of_one_of_several_symbols_may_come_in_any_frame() -> None:
    (news,) = parse(frame(events=[{**change("bid", "1", "2", "initial"), "symbol": "ETHUSD"}])).news
    assert (news.symbol, news.book) == ("ETHUSD", "snapshot")


def test_wrong_event_among_several_symbols_is_named_by_its_place_in_the_frame() -> None:
    events = [{**change("bid", "1", "2"), "symbol": "BTCUSD"}, {**change("bid", "-5.00", "2"), "symbol": "ETHUSD"}]
    assert "event 1: '-5.00'" in refusal(frame(events=events)).reason
    assert "event 1: symbol" in refusal(frame(events=[events[0], {**events[1], "symbol": 5}])).reason


def test_trade_id_may_be_text() -> None:
    parsed = news_of(frame(events=[{**trade(1, "1", "1"), "tid": "36900000003"}]))
    assert parsed.trades[0].trade_id == "36900000003"


def test_change_without_delta_is_read() -> None:
    event = change("bid", "1", "2")
    del event["delta"]
    parsed = news_of(frame(events=[event]))
    assert parsed.changes[0].delta is None


@pytest.mark.parametrize(
    "event",
    [
        change("bid", "-5.00", "1"),
        change("bid", "0", "1"),
        change("bid", "NaN", "1"),
        change("bid", "1e5", "1"),
        change("bid", "ten", "1"),
        change("bid", "", "1"),
        change("bid", "100000000000.00", "1"),  # does not fit decimal(18,8)
        change("bid", "1.000000001", "1"),
        change("bid", "1", "-1"),
        change("bid", "1", "Infinity"),
        change("bid", "1", "1", delta="much"),
        change("left", "1", "1"),
        {**change("bid", "1", "1"), "price": 6513.2},
        {**change("bid", "1", "1"), "remaining": None},
        {"type": "change", "side": "bid", "price": "1"},
        {"type": "change"},
        trade(1, "-1", "1"),
        {**trade(1, "1", "1"), "tid": True},
        {**trade(1, "1", "1"), "amount": []},
        {"price": "1"},
    ],
    ids=lambda event: json.dumps(event)[:60],
)
def test_wrong_event_spoils_its_frame_and_its_changes_are_unknown(event: dict[str, Any]) -> None:
    refused = refusal(frame(events=[change("bid", "1", "2"), event]))
    assert refused.sequence == 3
    assert refused.hides_changes
    assert refused.reason


def test_reason_names_the_event_the_field_and_the_value() -> None:
    reason = refusal(frame(events=[change("bid", "1", "2"), change("ask", "-5.00", "1")])).reason
    assert "event 1" in reason
    assert "-5.00" in reason


@pytest.mark.parametrize(
    "payload",
    [b"", b"not json", b"\xff\xfe\x00", b"null", b"[]", b'"text"', b"{", b'{"type":"update"}', b'{"a":' * 100_000],
    ids=lambda payload: repr(payload[:20]),
)
def test_frame_without_a_readable_sequence_has_none(payload: bytes) -> None:
    assert refusal(payload).sequence is None


@pytest.mark.parametrize(
    "fields",
    [{"events": None}, {"events": "none"}, {"events": [1]}, {"timestampms": "5"}, {"timestampms": -1}, {"type": None}],
    ids=str,
)
def test_frame_with_a_wrong_field_keeps_its_sequence(fields: dict[str, Any]) -> None:
    refused = refusal(frame(**fields))
    assert refused.sequence == 3
    assert refused.hides_changes


@pytest.mark.parametrize("sequence", [-1, 1.5, "3", None, True, 10**30])
def test_sequence_that_is_no_count_is_refused(sequence: object) -> None:
    assert refusal(frame(socket_sequence=sequence)).sequence is None


def test_unknown_type_of_frame_hides_no_changes() -> None:
    refused = refusal(frame(type="status"))
    assert refused.sequence == 3
    assert not refused.hides_changes
    assert "status" in refused.reason


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_as_malformed(payload: bytes) -> None:
    assert reading(payload)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["change", "bid", "1.5"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "price", "side"]), inner),
    max_leaves=12,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["update", "heartbeat", "status"]) | JSON,
            "socket_sequence": st.integers() | JSON,
            "timestampms": st.integers() | JSON,
            "events": st.lists(
                st.fixed_dictionaries(
                    {"type": st.sampled_from(["change", "trade"]) | JSON},
                    optional=dict.fromkeys(
                        ("side", "price", "remaining", "delta", "reason", "tid", "amount", "symbol"), JSON
                    ),
                ),
                max_size=3,
            )
            | JSON,
        },
    )
)
def test_any_json_is_read_or_refused_as_malformed(fields: dict[str, Any]) -> None:
    assert reading(json.dumps(fields).encode())
