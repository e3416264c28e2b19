"""The recorder's format: one JSON object a line, packed by zstandard (`docs/feeds.md` has it for readers).

    {"type":"recording","version":1,"exchange":"gemini","protocol":"v1","links":{"BTCUSD":["BTCUSD"]},"part":1}
    {"type":"connected","at":1767225600120,"monotonic":5120.25,"link":"BTCUSD","connection":"gemini-BTCUSD-17-1"}
    {"type":"frame","at":1767225600527,"monotonic":5527.5,"connection":"gemini-BTCUSD-17-1","number":0,"data":"{…}"}
    {"type":"refused","at":…,"monotonic":…,"connection":…,"number":1,"length":50000000,"reason":"…"}
    {"type":"lost","at":…,"monotonic":…,"link":…,"connection":…,"reason":"silence","detail":"…"}
    {"type":"end","at":…,"monotonic":…,"reason":"stopped"}

`at` is the time of receipt in epoch ms, `monotonic` ms of a clock that is never set. A frame that is not UTF-8 has
`base64` in place of `data`. `number` counts the frames of a connection from 0; books that were asked for by REST are
frames too, numbered -1, -2 …. `standing` marks a connection that stood already when this part of the recording began.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Annotated, Literal

import msgspec

from producers.arrivals import Arrival, Connected, ConnectionLost, FrameArrived, FrameRefused, Instant

VERSION = 1
LATEST_MS = 4_102_444_800_000  # 2100
LONGEST_MS = 1e13  # of a clock that began when its machine or process did

EndReason = Literal["stopped", "next_part"]


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", gc=False):
    """What all lines are."""


class Header(Line, frozen=True, kw_only=True, omit_defaults=True, tag="recording"):
    """The first line of each part: what was recorded. `links` are the symbols that shared a connection, by name."""

    version: int
    exchange: str
    protocol: str
    links: dict[str, tuple[str, ...]]
    part: int = 1


class Event(Line, frozen=True, kw_only=True, omit_defaults=True):
    """What happened, and when on both clocks."""

    at: Annotated[int, msgspec.Meta(ge=0, lt=LATEST_MS)]
    monotonic: Annotated[float, msgspec.Meta(ge=0, lt=LONGEST_MS)]


class ConnectedLine(Event, frozen=True, kw_only=True, omit_defaults=True, tag="connected"):
    """A connection stands."""

    link: str
    connection: str
    standing: bool = False


class FrameLine(Event, frozen=True, kw_only=True, omit_defaults=True, tag="frame"):
    """A frame, whole and untouched."""

    connection: str
    number: int
    data: str | None = None
    base64: str | None = None


class RefusedLine(Event, frozen=True, kw_only=True, omit_defaults=True, tag="refused"):
    """A frame that was too large to be read."""

    connection: str
    number: int
    length: int
    reason: str


class LostLine(Event, frozen=True, kw_only=True, omit_defaults=True, tag="lost"):
    """A connection is gone, or was never made."""

    link: str
    connection: str
    reason: str
    detail: str
    for_good: bool = False


class EndLine(Event, frozen=True, kw_only=True, omit_defaults=True, tag="end"):
    """The part ends here because it was meant to. Without it its recorder was killed."""

    reason: EndReason


EventLine = ConnectedLine | FrameLine | RefusedLine | LostLine
AnyLine = Header | EventLine | EndLine

_encoder = msgspec.json.Encoder()
_lines: msgspec.json.Decoder[AnyLine] = msgspec.json.Decoder(
    Header | ConnectedLine | FrameLine | RefusedLine | LostLine | EndLine
)


class WrongLine(ValueError):
    """The line is not of this format; the text says why."""


def encode_line(line: AnyLine) -> bytes:
    """The line with its end."""
    return _encoder.encode(line) + b"\n"


def decode_line(line: bytes) -> AnyLine:
    """Raises WrongLine."""
    try:
        decoded = _lines.decode(line)
        if isinstance(decoded, FrameLine) and decoded.data is None:
            b64decode(decoded.base64 or "", validate=True)
    except (ValueError, RecursionError) as error:
        raise WrongLine(str(error)) from None
    return decoded


def is_header(line: bytes) -> bool:
    """Whether the first line of a file says that it is a recording of this format."""
    return line.startswith(b'{"type":"recording"')


def line_of(arrival: Arrival, *, standing: bool = False) -> EventLine:
    """An arrival as a line; `standing` for a connection that is told of again."""
    at, monotonic = arrival.at.wall_ms, round(arrival.at.monotonic_ms, 3)
    match arrival:
        case FrameArrived():
            data, base64 = _texts(arrival.payload)
            return FrameLine(
                at=at,
                monotonic=monotonic,
                connection=arrival.connection,
                number=arrival.number,
                data=data,
                base64=base64,
            )
        case Connected():
            return ConnectedLine(
                at=at, monotonic=monotonic, link=arrival.link, connection=arrival.connection, standing=standing
            )
        case FrameRefused():
            return RefusedLine(
                at=at,
                monotonic=monotonic,
                connection=arrival.connection,
                number=arrival.number,
                length=arrival.length,
                reason=arrival.reason,
            )
        case ConnectionLost():
            return LostLine(
                at=at,
                monotonic=monotonic,
                link=arrival.link,
                connection=arrival.connection,
                reason=arrival.reason,
                detail=arrival.detail,
                for_good=arrival.refused_for_good,
            )


def arrival_of(line: EventLine, link: str, at: Instant) -> Arrival:
    """The line, which `decode_line` has read, as an arrival at `at`."""
    match line:
        case FrameLine():
            return FrameArrived(link, line.connection, line.number, _payload(line), at)
        case ConnectedLine():
            return Connected(link, line.connection, at)
        case RefusedLine():
            return FrameRefused(link, line.connection, line.number, line.length, line.reason, at)
        case LostLine():
            return ConnectionLost(link, line.connection, line.reason, line.detail, at, line.for_good)


def _texts(payload: bytes) -> tuple[str | None, str | None]:
    try:
        return payload.decode(), None
    except UnicodeDecodeError:
        return None, b64encode(payload).decode()


def _payload(line: FrameLine) -> bytes:
    return b64decode(line.base64 or "") if line.data is None else line.data.encode()
