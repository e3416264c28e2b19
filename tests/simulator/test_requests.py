"""What a reader of the streams or of v2 can ask for, over real sockets."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import websocket

from tests.simulator.running_exchange import DEADLINE, Json, Reader, RunningExchange, running_exchange


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    with running_exchange(simulator_rate=40, speed=8, simulator_symbols="BTCUSD,ETHUSD") as running:
        yield running


class Asker(Reader):
    """A reader that asks."""

    def say(self, message: object) -> None:
        self.connection.send(message if isinstance(message, str) else json.dumps(message))

    def ask(self, method: str, *params: str, number: Any = "5") -> Json:
        """A request and the answer to it; frames in between are passed over."""
        self.say({"id": number, "method": method, "params": list(params)})
        return self.frames_until(lambda frame: "status" in frame)[-1]


@contextmanager
def asking(exchange: RunningExchange, path: str) -> Iterator[Asker]:
    connection = websocket.create_connection(f"ws://127.0.0.1:{exchange.port}{path}", timeout=DEADLINE)
    try:
        yield Asker(connection)
    finally:
        connection.close(timeout=1)
        connection.shutdown()  # type: ignore[no-untyped-call]


def test_subscription_is_answered_and_begins_with_the_whole_book(exchange: RunningExchange) -> None:
    with asking(exchange, "/?snapshot=-1") as reader:
        assert reader.ask("subscribe", "btcusd@depth@100ms", "btcusd@trade", number="1") == {"id": 1, "status": 200}
        first = reader.frame()
        assert (first["e"], first["s"], first["U"]) == ("depthUpdate", "btcusd", first["u"])
        assert min(len(first["b"]), len(first["a"])) > 30
        frames = reader.frames_until(lambda frame: "t" in frame)
    depths = [frame for frame in frames if frame.get("e") == "depthUpdate"]
    assert [frame["U"] for frame in depths] == [first["u"] + 1, *(frame["u"] + 1 for frame in depths)][: len(depths)]


@pytest.mark.parametrize(("query", "levels"), [("", None), ("?snapshot=0", None), ("?snapshot=2", 2)])
def test_query_says_how_much_of_the_book_comes_first(exchange: RunningExchange, query: str, levels: int | None) -> None:
    with asking(exchange, f"/{query}") as reader:
        reader.ask("SUBSCRIBE", "btcusd@depth")
        first = reader.frame()
    if levels is None:
        assert first["u"] >= first["U"]
        assert len(first["b"]) + len(first["a"]) < 60
    else:
        assert (len(first["b"]), len(first["a"])) == (levels, levels)


def test_streams_are_listed_and_left(exchange: RunningExchange) -> None:
    with asking(exchange, "/") as reader:
        names = ["ethusd@depth5", "ethusd@bookTicker"]
        reader.ask("subscribe", *names)
        assert reader.ask("list_subscriptions")["result"] == names
        kinds = {"ticker" if "B" in frame else "partial" if "bids" in frame else "?" for frame in reader.frames(20)}
        assert kinds <= {"ticker", "partial"}
        reader.ask("unsubscribe", *names)
        assert reader.ask("list_subscriptions") == {"id": 5, "status": 200, "result": []}
        assert reader.ask("ping", number="9") == {"id": 9, "status": 200}


@pytest.mark.parametrize(
    ("method", "params", "status", "code"),
    [
        ("subscribe", ["dogeusd@trade"], 400, -1013),
        ("subscribe", ["btcusd@kline"], 400, -1013),
        ("subscribe", [], 400, -1013),
        ("subscribe", ["orders@account"], 401, -1002),
        ("order.place", [], 400, -1020),
    ],
)
def test_request_that_cannot_be_is_refused_with_the_reason(
    exchange: RunningExchange, method: str, params: list[str], status: int, code: int
) -> None:
    with asking(exchange, "/") as reader:
        answer = reader.ask(method, *params)
        assert (answer["status"], answer["error"]["code"]) == (status, code)
        assert reader.ask("list_subscriptions")["result"] == []


@pytest.mark.parametrize("text", ["not json", "[]", '{"id":1}', '{"method":"subscribe","params":[5]}'])
def test_text_that_is_no_request_is_refused_and_the_connection_goes_on(exchange: RunningExchange, text: str) -> None:
    with asking(exchange, "/") as reader:
        reader.say(text)
        assert reader.frame()["status"] == 400
        assert reader.ask("ping")["status"] == 200


def test_v2_begins_each_symbol_with_its_book_and_beats_each_five_seconds(exchange: RunningExchange) -> None:
    with asking(exchange, "/v2/marketdata") as reader:
        reader.say({"type": "subscribe", "subscriptions": [{"name": "l2", "symbols": ["BTCUSD", "ethusd"]}]})
        for symbol in ("BTCUSD", "ETHUSD"):
            first = reader.frame()
            assert (first["type"], first["symbol"]) == ("l2_updates", symbol)
            assert "auction_events" in first
        frames = reader.frames_until(lambda frame: frame["type"] == "heartbeat")
        later = reader.frames_until(lambda frame: frame["type"] == "heartbeat")
        assert {frame.get("symbol") for frame in frames[:-1]} == {"BTCUSD", "ETHUSD"}
        assert {len(frame["changes"]) for frame in frames if frame["type"] == "l2_updates"} == {1}
        assert 4_000 <= later[-1]["timestamp"] - frames[-1]["timestamp"] <= 7_000
        leave = {"type": "unsubscribe", "subscriptions": [{"name": "l2", "symbols": ["BTCUSD", "ETHUSD"]}]}
        reader.say(leave)
        reader.frames_until(lambda frame: frame["type"] == "heartbeat")
        assert [frame["type"] for frame in reader.frames(2)] == ["heartbeat", "heartbeat"]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("not json", "InvalidJson"),
        ({"type": "subscribe", "subscriptions": [{"name": "l2", "symbols": ["DOGEUSD"]}]}, "InvalidSymbol"),
        (
            {"type": "subscribe", "subscriptions": [{"name": "candles_1m", "symbols": ["BTCUSD"]}]},
            "InvalidSubscription",
        ),
    ],
    ids=["json", "symbol", "channel"],
)
def test_request_of_v2_that_cannot_be_is_refused_with_the_reason(
    exchange: RunningExchange, message: object, reason: str
) -> None:
    with asking(exchange, "/v2/marketdata") as reader:
        reader.say(message)
        answer = reader.frame()
    assert (answer["result"], answer["reason"]) == ("error", reason)


@pytest.mark.parametrize("query", ["snapshot=all", "snapshot=-2", "snapshot=99999999"])
def test_query_that_cannot_be_is_refused(exchange: RunningExchange, query: str) -> None:
    assert exchange.call(f"/?{query}")[0] == 400


@pytest.mark.parametrize("path", ["/", "/v2/marketdata"])
def test_plain_request_is_told_to_upgrade(exchange: RunningExchange, path: str) -> None:
    assert exchange.call(path)[0] == 426


def test_status_names_the_protocol_and_the_symbols_of_each_reader(exchange: RunningExchange) -> None:
    with asking(exchange, "/") as reader:
        reader.ask("subscribe", "ethusd@trade")
        deadline = time.monotonic() + DEADLINE
        while [(one["protocol"], one["symbols"]) for one in exchange.status()["readers"]] != [("streams", ["ETHUSD"])]:
            assert time.monotonic() < deadline


def test_recording_of_v1_is_followed_by_v1_alone(tmp_path: Path) -> None:
    file = tmp_path / "frames.txt"
    file.write_text('{"type":"heartbeat","socket_sequence":0}\n', encoding="utf-8")
    with running_exchange(simulator_play=str(file)) as exchange:
        for path in ("/", "/v2/marketdata"):
            status, answer = exchange.call(path)
            assert status == 404
            assert "/v1/marketdata" in answer["message"]
