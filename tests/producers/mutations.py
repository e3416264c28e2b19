"""Frames made wrong in every way that a network or an exchange may think of; the same seed gives the same ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

# What may stand in place of any value.
ABSURD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1.5,
    -0.0,
    1e-300,
    2**53,
    2**63 - 1,
    2**63,
    2**64,
    10**40,
    -(2**63),
    "",
    "0",
    "-1",
    "1e5",
    "NaN",
    "Infinity",
    "0x10",
    " 1",
    "1 ",
    "1.",
    ".5",
    "٣",
    "9" * 30,
    "0." + "0" * 70 + "1",
    "1" * 5_000,
    "x" * 200_000,
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "2026-02-30T00:00:00Z",
    "\ud800",
    "\x00",
    "bid",
    "update",
    "snapshot",
    "trade",
    [],
    {},
    [[]],
    [["1", "2", "3", "4"]],
    [None],
    {"a": {"b": []}},
)
RAW = (b"\xff", b"\xed\xa0\x80", b"[" * 2_000, b"{", b"}", b'"', b"\\", b"\x00", b"1e999999", b"NaN", b"-", b",,")


def mutated(payload: bytes, other: bytes, random: Random) -> bytes:
    """The frame with one to three things wrong; `other` is a frame that it may be joined with."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        payload = random.choice(_WAYS)(payload, other, random)
    return payload


def _flipped(payload: bytes, other: bytes, random: Random) -> bytes:
    if not payload:
        return payload
    changed = bytearray(payload)
    for _ in range(random.choice((1, 1, 2, 8))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _cut(payload: bytes, other: bytes, random: Random) -> bytes:
    return payload[: random.randrange(len(payload) + 1)]


def _joined(payload: bytes, other: bytes, random: Random) -> bytes:
    return random.choice((payload + other, payload[: len(payload) // 2] + other, payload + b"\n" + payload))


def _inserted(payload: bytes, other: bytes, random: Random) -> bytes:
    place = random.randrange(len(payload) + 1)
    return payload[:place] + random.choice(RAW) + payload[place:]


def _doubled(payload: bytes, other: bytes, random: Random) -> bytes:
    """The last field stands there once more, with another value."""
    return payload[:-1] + b"," + payload[1:-1].rsplit(b",", 1)[-1] + b"}" if payload[-1:] == b"}" else payload


def _within(change: Callable[[Any, Any, Random], None]) -> Callable[[bytes, bytes, Random], bytes]:
    """Changes one field or element somewhere in the JSON."""

    def way(payload: bytes, other: bytes, random: Random) -> bytes:
        try:
            value = json.loads(payload)
        except (ValueError, RecursionError):
            return payload
        places = list(_places(value))
        if not places:
            return payload
        change(*random.choice(places), random)
        return json.dumps(value, separators=(",", ":")).encode()

    return way


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container and key (or index) in it."""
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    found = [(value, key) for key, _ in items]
    for _, inner in items:
        found += _places(inner)
    return found


def _retype(container: Any, key: Any, random: Random) -> None:
    container[key] = random.choice(ABSURD)


def _drop(container: Any, key: Any, random: Random) -> None:
    del container[key]


def _nudge(container: Any, key: Any, random: Random) -> None:
    value = container[key]
    if isinstance(value, bool | None):
        container[key] = not value
    elif isinstance(value, int | float):
        container[key] = random.choice((value + 1, value - 1, value * 1_000, value * 1_000_000, -value, value / 7))
    elif isinstance(value, str):
        container[key] = random.choice((value.upper(), value.lower(), value + "0", "-" + value, value[1:], value * 2))
    else:
        container[key] = random.choice(ABSURD)


def _repeat(container: Any, key: Any, random: Random) -> None:
    value = container[key]
    if isinstance(container, list):
        container.extend([value] * random.choice((1, 3, 50)))
    else:
        container[random.choice(list(container))] = value


_WAYS = (
    _flipped,
    _flipped,
    _cut,
    _joined,
    _inserted,
    _doubled,
    _within(_retype),
    _within(_retype),
    _within(_drop),
    _within(_nudge),
    _within(_repeat),
)
