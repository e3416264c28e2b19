"""What the generic feed knows of an exchange: a few pure functions and what they return.

A new exchange is one module with such functions and one line in `venues.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from market.records import Change


@dataclass(frozen=True, slots=True)
class ParsedTrade:
    """A trade as the exchange told it; `maker_side` is None where it has none (an auction, a block)."""

    trade_id: str
    price: str
    size: str
    maker_side: Literal["bid", "ask"] | None


@dataclass(frozen=True, slots=True)
class Update:
    """A frame with news. `snapshot`: it holds the whole book and replaces what was known.

    `exchange_time` in epoch ms, None where the frame has none. `ignored` counts events of kinds that are not used.
    """

    sequence: int | None
    exchange_time: int | None
    changes: tuple[Change, ...]
    trades: tuple[ParsedTrade, ...]
    snapshot: bool = False
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A frame without news: it proves that the connection lives and that nothing before it was lost."""

    sequence: int | None


@dataclass(frozen=True, slots=True)
class Venue:
    """One exchange's protocol.

    `feed_url(base, symbol)` is the address of a symbol's connection; `greeting(symbol)` the messages to send on it;
    `parse(payload)` reads a frame or raises MalformedFrame and nothing else. `first_sequence` is the number that a
    connection's first frame bears, None where any will do.
    """

    name: str
    base_url: str
    first_sequence: int | None
    feed_url: Callable[[str, str], str]
    greeting: Callable[[str], tuple[str, ...]]
    parse: Callable[[bytes], Update | Heartbeat]
