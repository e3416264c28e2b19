"""Frames of Gemini's v1 market data."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.gemini_v1 import parse
from simulator.market_model import LevelChange, MarketEvent, TradeDone
from simulator.v1_frames import HEARTBEAT, FeedFlags, WrongFlags, book_frame, update_frame
from tests.simulator.made_up import START, UNITS, both_sides, market

ALL = FeedFlags(heartbeat=True)
TRADE = MarketEvent(
    36900000003,
    1767225601010,
    LevelChange("ask", 9100025, 20_000_000, -10_000_000, "trade"),
    TradeDone(36900000003, 9100025, 10_000_000, "ask"),
)


def text(event: MarketEvent, flags: FeedFlags) -> str | None:
    frame = update_frame(UNITS, event, flags)
    return None if frame is None else frame.text(2)


def test_trade_frame_is_written_as_the_exchange_writes_it() -> None:
    assert text(TRADE, ALL) == (
        '{"type":"update","eventId":36900000003,"timestamp":1767225601,"timestampms":1767225601010,"socket_sequence":2,'
        '"events":[{"type":"trade","tid":36900000003,"price":"91000.25","amount":"0.1","makerSide":"ask"},'
        '{"type":"change","side":"ask","price":"91000.25","remaining":"0.2","delta":"-0.1","reason":"trade"}]}'
    )


def test_heartbeat_is_written_as_the_exchange_writes_it() -> None:
    assert HEARTBEAT.text(1656) == '{"type":"heartbeat","socket_sequence":1656}'


def test_removed_level_remains_zero() -> None:
    event = MarketEvent(4, START, LevelChange("bid", 9099910, 0, -130_000_000, "cancel"))
    (change,) = json.loads(text(event, ALL) or "")["events"]
    assert change == {
        "type": "change",
        "side": "bid",
        "price": "90999.10",
        "remaining": "0",
        "delta": "-1.3",
        "reason": "cancel",
    }


def test_first_frame_is_the_whole_book_without_a_time() -> None:
    simulated = market()
    frame = json.loads(book_frame(simulated, ALL).text(0))
    assert set(frame) == {"type", "eventId", "socket_sequence", "events"}
    assert len(frame["events"]) == len(simulated.bids) + len(simulated.asks)
    assert {event["reason"] for event in frame["events"]} == {"initial"}
    assert all(event["delta"] == event["remaining"] for event in frame["events"])
    assert frame["events"][0] == {
        "type": "change",
        "reason": "initial",
        "price": "0.01",
        "delta": "111942.1",
        "remaining": "111942.1",
        "side": "bid",
    }


def test_producer_understands_every_frame_of_a_minute() -> None:
    simulated = market()
    first = parse(book_frame(simulated, ALL).text(0).encode())
    assert first.sequence == 0
    for number, event in enumerate(simulated.run_until(START + 60_000, both_sides, 60_000), start=1):
        frame = update_frame(simulated.units, event, ALL)
        assert frame is not None
        assert parse(frame.text(number).encode()).sequence == number


@pytest.mark.parametrize(
    ("query", "flags"),
    [
        ({}, FeedFlags(heartbeat=False, bids=True, offers=True, trades=True)),
        ({"heartbeat": "true"}, FeedFlags(heartbeat=True)),
        ({"offers": "true"}, FeedFlags(bids=False, offers=True, trades=False)),
        ({"bids": "true", "trades": "false"}, FeedFlags(bids=True, offers=False, trades=False)),
    ],
)
def test_naming_one_kind_switches_off_those_not_named(query: dict[str, str], flags: FeedFlags) -> None:
    assert FeedFlags.of(query) == flags


@pytest.mark.parametrize("query", [{"top_of_book": "true"}, {"bids": "yes"}, {"heartbeat": ""}])
def test_flags_that_are_not_there_are_refused(query: dict[str, str]) -> None:
    with pytest.raises(WrongFlags):
        FeedFlags.of(query)


@pytest.mark.parametrize(
    ("flags", "types"),
    [
        (FeedFlags(bids=True, offers=False, trades=False), None),
        (FeedFlags(bids=False, offers=True, trades=False), ["change"]),
        (FeedFlags(bids=True, offers=False, trades=True), ["trade"]),
    ],
)
def test_only_what_is_wanted_comes(flags: FeedFlags, types: list[str] | None) -> None:
    written = text(TRADE, flags)
    assert (written and [event["type"] for event in json.loads(written)["events"]]) == types


@given(st.integers(0, 10**15))
def test_digits_of_prices_and_sizes_are_exact(number: int) -> None:
    assert UNITS.ticks(UNITS.price(number)) == number
    assert UNITS.steps(UNITS.size(number)) == number
    assert UNITS.price_text(number) == f"{UNITS.price(number):.2f}"
    written = UNITS.size_text(number)
    assert UNITS.size(number) == type(UNITS.size(number))(written)
    assert "." not in written or written[-1] not in "0."
