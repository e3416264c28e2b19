"""The simulated exchange, run in a thread of the test and spoken to over loopback sockets."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import websocket

from pipeline.clock import Clock
from pipeline.log import get_log
from pipeline.process import StopSignal
from pipeline.settings import load
from simulator.serve import run_simulator
from simulator.settings import SimulatorSettings
from tests.ports import free_ports

DEADLINE = 60.0
ALL = "heartbeat=true&bids=true&offers=true&trades=true&top_of_book=false"
Json = dict[str, Any]


@dataclass(frozen=True)
class RunningExchange:
    """Where it listens, and the clock that it follows."""

    port: int
    clock: Clock

    @contextmanager
    def follow(self, query: str = ALL, symbol: str = "BTCUSD") -> Iterator[Reader]:
        """A market data connection."""
        connection = websocket.create_connection(
            f"ws://127.0.0.1:{self.port}/v1/marketdata/{symbol}?{query}", timeout=DEADLINE
        )
        try:
            yield Reader(connection)
        finally:
            connection.close(timeout=1)
            # After a close that the other side began, close() leaves the socket open.
            connection.shutdown()  # type: ignore[no-untyped-call]

    def call(self, path: str, body: Json | None = None) -> tuple[int, Json]:
        """GET, or POST of a JSON body: status and answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data, {"Content-Type": "application/json"} if data else {}
        )
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def cause(self, fault: str, seconds: float = 60) -> None:
        """A fault, now."""
        status, answer = self.call("/simulator/faults", {"fault": fault, "seconds": seconds})
        assert status == 200, answer

    def await_clock(self, until_ms: int) -> None:
        """Waits until its clock shows this time."""
        while (left_ms := until_ms - self.clock.wall_ms()) > 0:
            time.sleep(self.clock.real_seconds(left_ms))

    def status(self) -> Json:
        """What it says of itself."""
        return self.call("/simulator/status")[1]


class Reader:
    """A websocket client that reads frames."""

    def __init__(self, connection: websocket.WebSocket) -> None:
        self.connection = connection

    def text(self) -> str:
        """The next message; empty when the connection was closed."""
        received = self.connection.recv()
        return received if isinstance(received, str) else received.decode()

    def frame(self) -> Json:
        """The next frame."""
        frame: Json = json.loads(self.text())
        return frame

    def frames_until(self, is_last: Callable[[Json], bool]) -> list[Json]:
        """All frames up to the first for which this holds, that one too."""
        deadline = time.monotonic() + DEADLINE
        frames: list[Json] = []
        while time.monotonic() < deadline:
            frames.append(self.frame())
            if is_last(frames[-1]):
                return frames
        raise AssertionError(f"not among {len(frames)} frames")

    def frames(self, count: int) -> list[Json]:
        """So many frames."""
        return [self.frame() for _ in range(count)]


@contextmanager
def running_exchange(**settings: Any) -> Iterator[RunningExchange]:
    """An exchange with these settings; `speed` makes its clock faster, `port` names the port that it listens on.

    Its account is new unless a folder is named.
    """
    if "state_dir" not in settings:
        with tempfile.TemporaryDirectory() as folder, running_exchange(state_dir=Path(folder), **settings) as exchange:
            yield exchange
        return
    port = settings.pop("port", None) or free_ports(1)[0]
    speed = settings.pop("speed", 1.0)
    if speed != 1.0:
        now = int(time.time() * 1000)
        settings |= {"clock_speed": speed, "clock_anchor_ms": now, "clock_start_ms": now}
    loaded = load(SimulatorSettings, {}, simulator_port=port, **settings)
    stop = StopSignal()
    log, said = get_log("simulator"), StringIO()
    before, log.stream = log.stream, said
    faults: list[BaseException] = []

    def run() -> None:
        try:
            run_simulator(loaded, stop)
        except BaseException as error:
            faults.append(error)
            raise

    thread = threading.Thread(target=run)
    thread.start()
    try:
        _await_port(port, thread)
        yield RunningExchange(port, loaded.clock())
    finally:
        stop.set()
        thread.join(DEADLINE)
        # What it says between two tests, of readers that have gone, would be printed amid pytest's own lines.
        log.stream = before
        sys.stderr.write(said.getvalue())
    assert not thread.is_alive()
    assert faults == []


def _await_port(port: int, thread: threading.Thread) -> None:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline and thread.is_alive():
        with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        thread.join(0.02)
    raise AssertionError("the exchange did not begin to listen")
