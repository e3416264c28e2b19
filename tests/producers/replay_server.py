"""Plays frames of any exchange over a real websocket, one script a connection, with faults.

    with ScriptedExchange(plays(frames, then=close), plays(frames)) as exchange: ...

The first connection gets the frames and is closed; each one after it gets them and stays open.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence

from tests.producers.scripted_exchange import TEXT, Client, header

Script = Callable[[Client], None]
# A frame, or what makes it from the time of now (epoch ms) when it is sent.
Frame = bytes | Callable[[int], bytes]


def plays(
    frames: Sequence[Frame],
    *,
    greetings: int = 0,
    then: Script | None = None,
    opcode: int = TEXT,
    apart_seconds: float = 0.0,
) -> Script:
    """Read so many messages of the client, send the frames, and stay open (or do something else) then."""

    def script(client: Client) -> None:
        for _ in range(greetings):
            client.greetings.append(client.read_frame()[1])
        for frame in frames:
            client.send(frame(round(time.time() * 1000)) if callable(frame) else frame, opcode)
            if apart_seconds:
                client.wait(apart_seconds)
        (then or Client.stay)(client)

    return script


def close(client: Client) -> None:
    """Drop the connection."""


def answers(**fields: object) -> Script:
    """Stay open, and answer each message of the client with its `id` and these fields."""
    return lambda client: client.answer(
        lambda message: json.dumps({**fields, "id": json.loads(message)["id"]}).encode()
    )


def send_giant(length: int) -> Script:
    """Announce a frame of so many bytes and send none of them."""

    def script(client: Client) -> None:
        client.send_raw(header(length))
        client.stay()

    return script


# Faults in a list of frames.


def without(frames: Sequence[Frame], index: int) -> list[Frame]:
    """The frame is lost."""
    return [*frames[:index], *frames[index + 1 :]]


def repeated(frames: Sequence[Frame], index: int) -> list[Frame]:
    """The frame comes twice."""
    return [*frames[: index + 1], *frames[index:]]


def swapped(frames: Sequence[Frame], index: int) -> list[Frame]:
    """The frame comes after the next one."""
    return [*frames[:index], frames[index + 1], frames[index], *frames[index + 2 :]]


def with_garbage(frames: Sequence[Frame], index: int, garbage: bytes = b"\x00{garbage") -> list[Frame]:
    """Garbage comes before the frame."""
    return [*frames[:index], garbage, *frames[index:]]
