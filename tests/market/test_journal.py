"""The journal's records: what is written can be read again, and what is none is refused."""

import json
from typing import Any

import pytest

from market.errors import MalformedRecord
from market.journal import (
    Command,
    Decision,
    Fill,
    JournalRecord,
    OrderIntent,
    OrderRecord,
    StateChange,
    decode_command,
    decode_journal,
)
from market.records import encode

COMMON: dict[str, Any] = {
    "exchange": "gemini",
    "symbol": "BTCUSD",
    "event_time": 1_767_225_600_000,
    "bot": "bot1-paper-btcusd",
}

RECORDS: list[JournalRecord] = [
    Decision(
        **COMMON,
        id="bot1-paper-btcusd:1767225540000",
        window_start=1_767_225_540_000,
        window_end=1_767_225_600_000,
        forecast_ds=1_767_225_660_000,
        forecast_side=None,
        action="none",
        reason="no_forecast",
        detail="there is no forecast",
        ratio=None,
        complete=False,
        bid=None,
        ask=None,
        position="0",
        state="active",
        source_offset=7,
    ),
    OrderIntent(**COMMON, id="i", client_order_id="c", side="buy", amount="0.1", price="9.00", purpose="entry"),
    OrderRecord(
        **COMMON,
        id="o",
        client_order_id="c",
        side="buy",
        amount="0.1",
        price="9.00",
        purpose="entry",
        status="unfilled",
        executed="0",
        intent_time=1,
    ),
    Fill(
        **COMMON,
        id="f",
        trade_id="9007199254740993",
        client_order_id="c",
        order_id="73700000000000286",
        side="sell",
        price="1.00",
        amount="0.0000000001",
        fee="0.000000000001",
        fee_currency="USD",
    ),
    StateChange(**COMMON, id="s", state="paused", reason="told to pause", command_offset=0),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_what_is_written_is_read_again_unchanged(record: JournalRecord) -> None:
    assert decode_journal(encode(record)) == record


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_every_record_names_its_type_exchange_symbol_time_bot_and_id(record: JournalRecord) -> None:
    written = json.loads(encode(record))
    assert {"type", "exchange", "symbol", "event_time", "bot", "id"} <= written.keys()


def test_a_decision_without_ratio_or_price_says_so_by_null() -> None:
    written = json.loads(encode(RECORDS[0]))
    assert (written["type"], written["ratio"], written["bid"], written["forecast_side"]) == (
        "decision",
        None,
        None,
        None,
    )


@pytest.mark.parametrize("value", [b"", b"{}", b"[]", b'{"type":"decision"}', b'{"type":"l2"}', b"\xff"])
def test_what_is_no_record_of_the_journal_is_malformed(value: bytes) -> None:
    with pytest.raises(MalformedRecord):
        decode_journal(value)


def test_a_command_is_read_again_and_an_unknown_action_is_malformed() -> None:
    command = Command(**COMMON, id="x", action="flatten")
    assert decode_command(encode(command)) == command
    with pytest.raises(MalformedRecord):
        decode_command(encode(command).replace(b"flatten", b"explode"))
