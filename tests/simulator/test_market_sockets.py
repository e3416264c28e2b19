"""Market data over real sockets."""

import socket
import time
from collections.abc import Iterator

import pytest
import websocket

from market.order_book import OrderBook
from pipeline.process import StopSignal
from pipeline.settings import load
from producers.gemini_v1 import parse
from simulator.errors import PortTaken
from simulator.serve import run_simulator
from simulator.settings import SimulatorSettings
from tests.simulator.running_exchange import DEADLINE, RunningExchange, running_exchange


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    """One that is quick: eight times as fast, two hundred messages a second of its clock."""
    with running_exchange(simulator_rate=100, speed=8, simulator_symbols="BTCUSD,ETHUSD") as running:
        yield running


def test_numbers_grow_by_one_over_updates_and_heartbeats(exchange: RunningExchange) -> None:
    with exchange.follow() as reader:
        frames = []
        for _ in range(2):
            frames += reader.frames_until(lambda frame: frame["type"] == "heartbeat")
    assert [frame["socket_sequence"] for frame in frames] == list(range(len(frames)))
    updates = [frame for frame in frames[1:] if frame["type"] == "update"]
    assert len(updates) > 100
    ids = [frame["eventId"] for frame in updates]
    assert ids == sorted(set(ids))
    assert all(frame["timestampms"] // 1000 == frame["timestamp"] for frame in updates)


def test_heartbeats_come_each_five_seconds_of_the_clock(exchange: RunningExchange) -> None:
    with exchange.follow() as reader:
        reader.frames_until(lambda frame: frame["type"] == "heartbeat")
        between = reader.frames_until(lambda frame: frame["type"] == "heartbeat")
    times = [frame["timestampms"] for frame in between if frame["type"] == "update"]
    assert 3500 <= times[-1] - times[0] <= 6500


def test_book_of_a_follower_is_whole_and_never_crossed(exchange: RunningExchange) -> None:
    book = OrderBook()
    with exchange.follow() as reader:
        for number in range(1500):
            frame = parse(reader.text().encode())
            assert frame.sequence == number
            for news in frame.news:
                book.apply(news.changes)
                assert not book.is_crossed
    bids, asks = book.top(50)
    assert len(bids) == len(asks) == 50


def test_all_followers_see_the_same_market(exchange: RunningExchange) -> None:
    query = "heartbeat=false&bids=true&offers=true&trades=true"
    with exchange.follow(query) as one, exchange.follow(query) as two:
        joined = two.frame()["eventId"]
        first = one.frames_until(lambda frame: frame["eventId"] >= joined + 200)
        second = two.frames_until(lambda frame: frame["eventId"] >= joined + 200)
    seen_by_one = {frame["eventId"]: frame["events"] for frame in first if frame["eventId"] > joined}
    assert seen_by_one == {frame["eventId"]: frame["events"] for frame in second}


def test_flags_choose_what_comes(exchange: RunningExchange) -> None:
    with exchange.follow("offers=true") as reader:
        frames = reader.frames(40)
    entries = [entry for frame in frames for entry in frame["events"]]
    assert {(entry["type"], entry["side"]) for entry in entries} == {("change", "ask")}


def test_symbol_in_lower_case_and_another_symbol_have_their_own_markets(exchange: RunningExchange) -> None:
    with exchange.follow(symbol="btcusd") as bitcoin, exchange.follow(symbol="ETHUSD") as ether:
        best = [
            max(float(event["price"]) for event in reader.frame()["events"] if event["side"] == "bid")
            for reader in (bitcoin, ether)
        ]
    assert best[0] > 5000
    assert 100 < best[1] < 500


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("DOGEUSD?heartbeat=true", 404),
        ("BTCUSD?top_of_book=true", 400),
        ("BTCUSD?bids=maybe", 400),
    ],
)
def test_connection_that_cannot_be_served_is_refused(exchange: RunningExchange, path: str, status: int) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(f"ws://127.0.0.1:{exchange.port}/v1/marketdata/{path}", timeout=DEADLINE)
    assert refused.value.status_code == status
    refused.value.__traceback__ = None


def test_plain_request_for_market_data_is_told_to_upgrade(exchange: RunningExchange) -> None:
    assert exchange.call("/v1/marketdata/BTCUSD")[0] == 426


def test_status_says_that_it_is_simulated(exchange: RunningExchange) -> None:
    with exchange.follow() as reader:
        reader.frame()
        status = exchange.status()
    assert status["label"] == "SIMULATED exchange"
    assert float(status["markets"]["BTCUSD"]["best_bid"]) < float(status["markets"]["BTCUSD"]["best_ask"])
    assert len(status["readers"]) >= 1


def slow_socket(port: int) -> socket.socket:
    """A connection that has shaken hands and does not read any more."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(DEADLINE)
    connection.connect(("127.0.0.1", port))
    connection.sendall(
        b"GET /v1/marketdata/BTCUSD HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    return connection


def test_slow_reader_is_cut_off_and_nobody_else_notices() -> None:
    with (
        running_exchange(simulator_rate=4000, simulator_client_queue=4000) as exchange,
        exchange.follow() as quick,
        slow_socket(exchange.port),
    ):
        deadline = time.monotonic() + DEADLINE
        number = 0
        while exchange.status()["counts"].get("cut_as_too_slow") != 1:
            assert time.monotonic() < deadline
            for _ in range(500):
                assert quick.frame()["socket_sequence"] == number
                number += 1
        assert len(exchange.status()["readers"]) == 1


def test_taken_port_is_one_clear_error() -> None:
    with running_exchange() as exchange:
        settings = load(SimulatorSettings, {}, simulator_port=exchange.port)
        with pytest.raises(PortTaken, match=str(exchange.port)):
            run_simulator(settings, StopSignal())
