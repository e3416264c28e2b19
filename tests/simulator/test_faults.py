"""Faults on demand, as a follower sees them."""

import json
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest
import websocket

from producers.errors import MalformedFrame
from producers.gemini_v1 import parse
from simulator.faulty_frames import OVERSIZED_BYTES
from tests.simulator.running_exchange import DEADLINE, Json, Reader, RunningExchange, running_exchange

MINUTE_MS = 60_000


@pytest.fixture
def exchange() -> Iterator[RunningExchange]:
    """Quick, with an early heartbeat."""
    with running_exchange(simulator_rate=40, speed=10) as running:
        yield running


def follow_until_step(reader: Reader, before: int, wanted: int) -> list[int]:
    """Reads on from the number `before` until the sequence steps by at least `wanted`; the steps up to there.

    However many frames were under way before the fault was caused, it comes after them.
    """
    numbers = [before]

    def has_stepped(frame: Json) -> bool:
        numbers.append(frame["socket_sequence"])
        return numbers[-1] - numbers[-2] >= wanted

    reader.frames_until(has_stepped)
    return [after - before for before, after in pairwise(numbers)]


def follow_until_wrong(exchange: RunningExchange, fault: str) -> tuple[int, str]:
    """Causes the fault and returns the number and the text of the first frame that a producer refuses."""
    with exchange.follow() as reader:
        reader.frames(3)
        exchange.cause(fault)
        for number in range(3, 200_000):
            text = reader.text()
            try:
                parse(text.encode())
            except MalformedFrame:
                after = reader.frame()
                assert after["socket_sequence"] == number + 1
                return number, text
    raise AssertionError("every frame was right")


@pytest.mark.parametrize(
    "fault", ["malformed", "missing-field", "negative-price", "absurd-price", "text-price", "unknown-type"]
)
def test_one_frame_is_spoiled_and_the_feed_goes_on(exchange: RunningExchange, fault: str) -> None:
    number, text = follow_until_wrong(exchange, fault)
    assert fault == "malformed" or json.loads(text)["socket_sequence"] == number


def test_gap_skips_one_number(exchange: RunningExchange) -> None:
    with exchange.follow() as reader:
        before = reader.frames(3)[-1]["socket_sequence"]
        exchange.cause("gap")
        steps = follow_until_step(reader, before, 2)
        after = [frame["socket_sequence"] for frame in reader.frames(50)]
    assert set(steps[:-1]) <= {1}
    assert steps[-1] == 2
    assert after == list(range(after[0], after[0] + 50))


def test_disconnect_cuts_every_socket_and_new_ones_are_let_in(exchange: RunningExchange) -> None:
    with exchange.follow() as reader:
        reader.frame()
        exchange.cause("disconnect")
        with pytest.raises((websocket.WebSocketConnectionClosedException, ConnectionError)):
            reader.frames_until(lambda _: False)
    with exchange.follow() as again:
        assert again.frame()["socket_sequence"] == 0


def test_crossed_puts_a_bid_above_the_best_ask(exchange: RunningExchange) -> None:
    with exchange.follow() as reader:
        first = reader.frame()
        exchange.cause("crossed")
        asks = {float(event["price"]) for event in first["events"] if event["side"] == "ask"}

        def crosses(frame: Json) -> bool:
            for event in frame.get("events", []):
                if event["type"] == "change" and event["side"] == "ask":
                    change = asks.discard if event["remaining"] == "0" else asks.add
                    change(float(event["price"]))
                elif event["type"] == "change" and event["remaining"] != "0" and float(event["price"]) >= min(asks):
                    return True
            return False

        frames = reader.frames_until(crosses)
    assert [frame["socket_sequence"] for frame in frames] == list(range(1, len(frames) + 1))


def test_oversized_announces_fifty_megabytes(exchange: RunningExchange) -> None:
    with exchange.follow() as reader:
        reader.frame()
        exchange.cause("oversized")
        raw = reader.connection.sock
        assert raw is not None
        raw.settimeout(DEADLINE)
        received = b""
        wanted = b"\x81\x7f" + OVERSIZED_BYTES.to_bytes(8)
        while not received.endswith(wanted):
            piece = raw.recv(4096)
            assert piece
            received += piece


def test_silent_sends_nothing_until_it_ends_and_the_numbers_show_it(exchange: RunningExchange) -> None:
    with exchange.follow() as reader:
        before = reader.frame()["socket_sequence"]
        exchange.cause("silent", seconds=30)
        steps = follow_until_step(reader, before, 100)
    assert set(steps[:-1]) <= {1}


def test_reject_refuses_new_connections_and_keeps_old_ones(exchange: RunningExchange) -> None:
    with exchange.follow() as reader:
        reader.frame()
        exchange.cause("reject", seconds=30)
        with pytest.raises(websocket.WebSocketBadStatusException) as refused, exchange.follow():
            raise AssertionError("let in")
        assert refused.value.status_code == 503
        reader.frames(10)
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        try:
            with exchange.follow() as again:
                assert again.frame()["socket_sequence"] == 0
                return
        except websocket.WebSocketBadStatusException:
            continue
    raise AssertionError("never let in again")


def test_whole_quiet_and_one_sided_minutes_are_exact() -> None:
    scenes = "quiet@minute:1,one-side@minute:2"
    with running_exchange(simulator_rate=5, speed=60, simulator_scenes=scenes) as exchange, exchange.follow() as reader:
        reader.frame()
        quiet, one_side = exchange.status()["scenes"]
        frames = reader.frames_until(lambda frame: frame.get("timestampms", 0) > one_side["to_ms"] + 20_000)
    assert quiet["from_ms"] % MINUTE_MS == 0
    assert (quiet["to_ms"], one_side["to_ms"]) == (quiet["from_ms"] + MINUTE_MS, quiet["from_ms"] + 2 * MINUTE_MS)

    def sides_in(scene: Json) -> set[str]:
        inside = [frame for frame in frames if scene["from_ms"] <= frame.get("timestampms", 0) < scene["to_ms"]]
        return {entry.get("side") or entry["makerSide"] for frame in inside for entry in frame["events"]}

    assert sides_in(quiet) == set()
    assert sides_in(one_side) == {"bid"}
    whole = {"from_ms": one_side["to_ms"], "to_ms": one_side["to_ms"] + MINUTE_MS}
    assert sides_in(whole) == {"bid", "ask"}
    assert sum(frame["type"] == "heartbeat" for frame in frames) >= 20


def test_scene_asked_for_now_counts_from_now(exchange: RunningExchange) -> None:
    now = exchange.status()["clock"]["now_ms"]
    status, scene = exchange.call("/simulator/faults", {"scene": "quiet@minute:0"})
    assert status == 200
    assert scene["fault"] == "quiet"
    assert scene["from_ms"] % MINUTE_MS == 0
    assert now <= scene["from_ms"] <= now + 2 * MINUTE_MS
    assert exchange.status()["scenes"] == [scene]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"fault": "earthquake"},
        {"fault": "quiet", "seconds": 0},
        {"fault": "gap", "scene": "gap@1"},
        {"scene": "gap"},
        {"fault": 5},
        {"fault": "gap", "secnods": 5},
    ],
)
def test_fault_that_cannot_be_is_refused_with_the_reason(exchange: RunningExchange, body: Json) -> None:
    status, answer = exchange.call("/simulator/faults", body)
    assert status == 400
    assert answer["error"]
    assert exchange.status()["scenes"] == []
