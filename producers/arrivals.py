"""What a connection tells the feed, each with when it happened.

A link is what keeps some symbols connected: it has one connection after the other.
"""

from __future__ import annotations

import msgspec


class Instant(msgspec.Struct, frozen=True, gc=False):
    """One moment on both clocks: epoch ms, and ms of the monotonic clock at the clock's speed."""

    wall_ms: int
    monotonic_ms: float


class Connected(msgspec.Struct, frozen=True, gc=False):
    """A connection stands; its frames follow."""

    link: str
    connection: str
    at: Instant


class FrameArrived(msgspec.Struct, frozen=True, gc=False):
    """A whole frame; `number` counts the connection's frames from 0, and below 0 what was asked for besides by REST."""

    link: str
    connection: str
    number: int
    payload: bytes
    at: Instant


class FrameRefused(msgspec.Struct, frozen=True, gc=False):
    """A frame of `length` bytes was refused by its header, its payload unread; the connection is closed for it."""

    link: str
    connection: str
    number: int
    length: int
    reason: str
    at: Instant


class ConnectionLost(msgspec.Struct, frozen=True, gc=False):
    """The connection is gone, or was never made; `reason` is a gap's, `detail` is for people.

    `refused_for_good`: the exchange answered in a way that asking again will not change.
    """

    link: str
    connection: str
    reason: str
    detail: str
    at: Instant
    refused_for_good: bool = False


Arrival = Connected | FrameArrived | FrameRefused | ConnectionLost
