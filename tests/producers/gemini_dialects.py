"""Gemini's three protocols as the exchange's end speaks them, so that one test can drive each."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Protocol as Shape

from pipeline.clock import Clock
from producers.gemini_streams import GEMINI_STREAMS
from producers.gemini_v1 import GEMINI_V1
from producers.gemini_v2 import GEMINI_V2
from producers.protocol import Protocol
from tests.producers import frames, streams_frames, v2_frames
from tests.producers.scripted_exchange import Client

BEAT_SECONDS = 0.2


_BEGAN = int(time.time() * 1000)
# Both ends follow it: ticks come soon.
CLOCK = Clock(_BEGAN, _BEGAN, speed=5.0)


def now_ms() -> int:
    return CLOCK.wall_ms()


class Dialect(Shape):
    """The frames of one connection; the n-th update puts a bid of n at 100.00, n being 1, 2, 3 …"""

    @property
    def protocol(self) -> Protocol: ...

    @property
    def has_sequence(self) -> bool:
        """Whether a frame that is lost can be noticed."""

    def listen(self, client: Client) -> None:
        """What comes before the first book."""

    def book(self, time_ms: int) -> bytes:
        """A bid at 100.00 and an ask at 101.00."""

    def update(self, number: int, time_ms: int) -> bytes:
        """Its n-th update."""

    def trade(self, number: int, time_ms: int) -> list[bytes]:
        """A trade with the id n, as the n-th update."""

    def live(self, client: Client, number: int) -> None:
        """Be a quiet exchange, whose last update was the n-th, for as long as the client stays."""


@dataclass(frozen=True)
class Streams:
    protocol: Protocol = GEMINI_STREAMS
    has_sequence: bool = True

    def listen(self, client: Client) -> None:
        _, message = client.read_frame()
        assert json.loads(message)["params"] == ["btcusd@depth@100ms", "btcusd@trade"]
        client.send(streams_frames.answer(1))

    def book(self, time_ms: int) -> bytes:
        return streams_frames.first_depth(time_ms)

    def update(self, number: int, time_ms: int) -> bytes:
        return streams_frames.depth(100 + number, 100 + number, time_ms, [("100.00", str(number))])

    def trade(self, number: int, time_ms: int) -> list[bytes]:
        return [streams_frames.trade(number, time_ms), self.update(number, time_ms)]

    def live(self, client: Client, number: int) -> None:
        while not client.stopping:
            client.send(streams_frames.answer(2))
            client.wait(BEAT_SECONDS)

    def __str__(self) -> str:
        return "streams"


@dataclass(frozen=True)
class V1:
    protocol: Protocol = GEMINI_V1
    has_sequence: bool = True

    def listen(self, client: Client) -> None:
        """Nothing."""

    def book(self, time_ms: int) -> bytes:
        return frames.first_book()

    def update(self, number: int, time_ms: int) -> bytes:
        return frames.update(number, time_ms, frames.change("bid", "100.00", str(number)))

    def trade(self, number: int, time_ms: int) -> list[bytes]:
        change = frames.change("bid", "100.00", str(number))
        return [frames.update(number, time_ms, frames.trade(number, "101.00", "0.5"), change)]

    def live(self, client: Client, number: int) -> None:
        while not client.stopping:
            number += 1
            client.send(frames.heartbeat(number))
            client.wait(BEAT_SECONDS)

    def __str__(self) -> str:
        return "v1"


@dataclass(frozen=True)
class V2:
    protocol: Protocol = GEMINI_V2
    has_sequence: bool = False

    def listen(self, client: Client) -> None:
        _, message = client.read_frame()
        assert json.loads(message)["subscriptions"] == [{"name": "l2", "symbols": ["BTCUSD"]}]

    def book(self, time_ms: int) -> bytes:
        return v2_frames.first_l2(v2_frames.past_trade(-1 % 2**62, time_ms))

    def update(self, number: int, time_ms: int) -> bytes:
        return v2_frames.l2_updates(("buy", "100.00", str(number)))

    def trade(self, number: int, time_ms: int) -> list[bytes]:
        return [v2_frames.trade(number, time_ms), self.update(number, time_ms)]

    def live(self, client: Client, number: int) -> None:
        while not client.stopping:
            client.send(v2_frames.heartbeat(now_ms()))
            client.wait(BEAT_SECONDS)

    def __str__(self) -> str:
        return "v2"


DIALECTS: tuple[Dialect, ...] = (Streams(), V1(), V2())
