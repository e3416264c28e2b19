"""What the generic feed knows of an exchange's protocol: a few pure functions and what they return.

A new protocol is one module with such functions and one line in `protocols.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from market.records import Change, Level, Side

BookNews = Literal["", "changes", "snapshot", "whole"]
Resync = Literal["reconnect", "snapshot", "next_book"]


class ParsedTrade(msgspec.Struct, frozen=True, gc=False):
    """A trade as the exchange told it; `maker_side` is None where it has none (an auction, a block)."""

    trade_id: str
    price: str
    size: str
    maker_side: Side | None


class News(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a frame tells of one symbol. Prices and sizes are checked already and in the exchange's own digits.

    `symbol` is in upper case as the records bear it; empty: the only one of the connection. `exchange_time` in epoch
    ms, None where the frame has none.

    `book` says what it tells of the book: new totals of some levels ("changes"), all levels, which replace what was
    known ("snapshot"), or all levels that the exchange shows, sent anew each time ("whole"). The first two are in
    `changes`, those of a whole book in `bids` and `asks`, best first.

    `first_id` to `last_id` are the update numbers that the changes span, where a symbol has its own numbers; a snapshot
    has the `last_id` that it is as new as. `sequence` is what the records bear. `is_history`: the trades happened
    before the subscription; those that come with a snapshot are always taken for such. `ignored` counts events of kinds
    that are not used.
    """

    symbol: str = ""
    exchange_time: int | None = None
    book: BookNews = ""
    changes: Sequence[Change] = ()
    bids: Sequence[Level] = ()
    asks: Sequence[Level] = ()
    trades: tuple[ParsedTrade, ...] = ()
    is_history: bool = False
    sequence: int | None = None
    first_id: int | None = None
    last_id: int | None = None
    ignored: int = 0


class Refusal(msgspec.Struct, frozen=True):
    """The exchange says no to what was asked; `for_good`: asking again will not help."""

    text: str
    for_good: bool = False


class Frame(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A frame that was read. Without news it proves that the connection lives and that nothing before it was lost.

    `sequence` numbers the frames of the connection, heartbeats and answers too, where the protocol has such numbers.
    `exchange_time` (epoch ms) is that of a frame without news. `farewell`: the exchange is about to close. `ignored`
    counts messages of streams that are not used.
    """

    news: tuple[News, ...] = ()
    sequence: int | None = None
    exchange_time: int | None = None
    refusal: Refusal | None = None
    farewell: str = ""
    ignored: int = 0


QUIET = Frame()


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a connection asks for: these symbols (upper case), their books, and their trades too or not."""

    symbols: tuple[str, ...]
    trades: bool = True


@dataclass(frozen=True, slots=True)
class Keepalive:
    """`message(number)` is sent every `seconds`: the answer shows that a quiet connection lives."""

    seconds: float
    message: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class RestSnapshot:
    """Where a whole book is to be had when the socket has none.

    `path(symbol)` is asked at `base_url` by GET; `frame(symbol, body)` is the answer as it stands among the frames, so
    that it is recorded, parsed and replayed like them; it raises MalformedFrame when the answer is no book at all.
    Requests are `apart_seconds` apart, whoever wants them: after a disconnect all symbols want a book at once.
    """

    base_url: str
    path: Callable[[str], str]
    frame: Callable[[str, bytes], bytes]
    apart_seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class Protocol:
    """One protocol of one exchange.

    `address(base, subscription)` is where a connection goes, `greeting(subscription)` what is sent on it then;
    `parse(payload)` reads a frame or raises MalformedFrame and nothing else.

    `first_sequence` is the number of a connection's first frame, None where there are no such numbers or any will do.
    `first_changes_are_snapshot`: nothing in the frame marks the first book of a connection but that it is the first.
    `resync` is how a symbol in doubt is made whole again: by a new connection, by a REST snapshot on the standing one,
    or by simply waiting for the next whole book. `symbols_each` symbols share a connection, and no more than
    `most_symbols_each` can; connections are begun `apart_seconds` apart, as the exchange asks for. `most_frame_bytes`
    is what its largest frames need.
    """

    exchange: str
    name: str
    base_url: str
    address: Callable[[str, Subscription], str]
    greeting: Callable[[Subscription], tuple[str, ...]]
    parse: Callable[[bytes], Frame]
    symbol_example: str
    symbol_pattern: re.Pattern[str] = field(default=re.compile(r"[A-Z0-9]{3,20}"))
    first_sequence: int | None = None
    first_changes_are_snapshot: bool = False
    resync: Resync = "reconnect"
    snapshot: RestSnapshot | None = None
    keepalive: Keepalive | None = None
    symbols_each: int = 1
    most_symbols_each: int | None = None
    apart_seconds: float = 0.2
    most_frame_bytes: int = 8 * 1024 * 1024
