"""What a connection tells the feed, each with when it happened."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment on both clocks: epoch ms, and ms of the monotonic clock at the clock's speed."""

    wall_ms: int
    monotonic_ms: float


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection stands; its frames follow."""

    symbol: str
    connection: str
    at: Instant


@dataclass(frozen=True, slots=True)
class FrameArrived:
    """A whole frame; `number` counts the connection's frames from 0."""

    symbol: str
    connection: str
    number: int
    payload: bytes
    at: Instant


@dataclass(frozen=True, slots=True)
class FrameRefused:
    """A frame of `length` bytes was refused by its header, its payload unread; the connection is closed for it."""

    symbol: str
    connection: str
    number: int
    length: int
    reason: str
    at: Instant


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """The connection is gone, or was never made; `reason` is a gap's, `detail` is for people."""

    symbol: str
    connection: str
    reason: str
    detail: str
    at: Instant


Arrival = Connected | FrameArrived | FrameRefused | ConnectionLost
