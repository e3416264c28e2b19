"""Frames of Binance and Upbit as lines of text: byte for byte those that were printed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.stream_lines import LINE_SOURCES, binance_line, is_stream_line, upbit_line
from tests.producers.printed_lines import BINANCE_PRINTED, UPBIT_FRAME, UPBIT_LINES
from tests.producers.upbit_frames import orderbook, trade

# The printed line holds the asks twice, by a slip: once cut out of the frame together with the bids, key and all.
TWICE = BINANCE_PRINTED.index(',"asks":'), BINANCE_PRINTED.index(",asks:")
BINANCE_LINE = BINANCE_PRINTED[: TWICE[0]] + BINANCE_PRINTED[TWICE[1] :]
BIDS, ASKS = BINANCE_LINE.removeprefix("btcusdt@orderbook,bids:").split(",asks:")
DEPTH_FRAME = f'{{"stream":"btcusdt@depth5","data":{{"lastUpdateId":27547033276,"bids":{BIDS},"asks":{ASKS}}}}}'
TRADE_FRAME = (
    '{"stream":"btcusdt@trade","data":{"e":"trade","E":1668495774440,"s":"BTCUSDT","t":1,"p":"16728.50000000",'
    '"q":"0.00626000","T":1668495774439,"m":true,"M":true}}'
)


def test_depth_of_binance_is_the_printed_line_with_its_asks_once() -> None:
    assert BINANCE_PRINTED[TWICE[0] + len(',"asks":') : TWICE[1]] == ASKS
    line = binance_line(DEPTH_FRAME.encode())
    assert line == BINANCE_LINE.encode()
    assert line is not None
    assert line.startswith(b'btcusdt@orderbook,bids:[["16702.06000000","0.00069000"],["16701.76000000",')
    assert line.endswith(b'["16703.39000000","0.03000000"]]')


def test_trade_of_binance_is_the_printed_line() -> None:
    assert binance_line(TRADE_FRAME.encode()) == b"btcusdt@trade, p:16728.50000000,q:0.00626000"


def test_order_book_of_upbit_is_the_printed_line_digit_for_digit() -> None:
    assert upbit_line(UPBIT_FRAME.encode()) == UPBIT_LINES[0].encode()
    assert b'"ask_price":2.2855E7' in UPBIT_LINES[0].encode()


def test_other_printed_line_of_upbit_comes_from_its_units() -> None:
    units = UPBIT_LINES[1].removeprefix("btckrw@orderbook,")
    frame = f'{{"type":"orderbook","code":"KRW-BTC","orderbook_units":{units},"stream_type":"REALTIME"}}'
    assert upbit_line(frame.encode()) == UPBIT_LINES[1].encode()


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"result":null,"id":1}',
        b'{"status":"UP"}',
        b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}',
        b'{"stream":"btcusdt@depth5","data":{"lastUpdateId":1}}',
        b'{"type":"orderbook","code":"KRW-BTC"}',
        trade(),
    ],
)
def test_other_frames_have_no_line(payload: bytes) -> None:
    assert binance_line(payload) is None
    assert upbit_line(payload) is None


def test_line_ends_between_json_values_do_not_break_a_line() -> None:
    frame: dict[str, Any] = json.loads(orderbook())
    line = upbit_line(json.dumps(frame, indent=1).replace("\n", "\r\n").encode())
    assert line is not None
    assert b"\n" not in line
    assert b"\r" not in line
    assert json.loads(line.removeprefix(b"btckrw@orderbook,")) == frame["orderbook_units"]


@given(st.binary(max_size=200))
def test_no_bytes_make_more_than_one_line(payload: bytes) -> None:
    for source in LINE_SOURCES.values():
        assert b"\n" not in (source.line(payload) or b"")


@pytest.mark.parametrize("line", [BINANCE_LINE, "btcusdt@trade, p:16728.50000000,q:0.00626000", *UPBIT_LINES])
def test_every_beginning_of_a_line_is_known_for_one(line: str) -> None:
    names = [LINE_SOURCES["binance"].name("BTCUSDT"), LINE_SOURCES["upbit"].name("KRW-BTC")]
    assert all(is_stream_line(line[:length].encode(), names) for length in range(1, len(line)))


@pytest.mark.parametrize("text", ["dear diary", "b,t,c", "btcusdt", "btcusdt@", '{"bids": [[1.0'])
def test_other_text_is_not_taken_for_a_line(text: str) -> None:
    assert not is_stream_line(text.encode(), ["ethusdt"])
