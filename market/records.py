"""The records that flow through Kafka (design §3): JSON values, times in epoch milliseconds, money as decimal text."""

from typing import Annotated, Literal, TypeVar

import msgspec

from market.errors import MalformedRecord

Side = Literal["bid", "ask"]
Reason = Literal["initial", "place", "trade", "cancel"]
Level = tuple[str, str]
# A number as it is written where only its value counts: no sign, no exponent.
Digits = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,40}(\.[0-9]{1,20})?$")]


LONGEST_SYMBOL = 64
"""It is a key of Kafka and part of each record of its own: a giant one would make records that Kafka never takes."""
Symbol = Annotated[str, msgspec.Meta(max_length=LONGEST_SYMBOL)]


class Change(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """One level's new total. `delta`, `reason` and `time` only where the exchange gives them."""

    side: Side
    price: str
    remaining: str
    delta: str | None = None
    reason: Reason | None = None
    time: int | None = None


class Record(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="type", gc=False):
    """What every record names. `exchange` and `symbol` are empty where a record belongs to none."""

    exchange: str
    symbol: Symbol
    event_time: int


class FromFeed(Record, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """What every record of a feed carries besides.

    `late`: `event_time` was raised so that it does not go back; `exchange_time` is then the exchange's own.
    `time_from`: what stands for a time that the exchange did not give, or that was refused: its clock as the producer
    knows it, or, where there is none, the time of receipt.
    """

    received_time: int
    connection: str
    sequence: int | None = None
    late: bool = False
    exchange_time: int | None = None
    time_from: Literal["clock", "receipt"] | None = None


class L2(FromFeed, frozen=True, omit_defaults=True, kw_only=True, tag="l2", gc=False):
    """One exchange message's changes to the book. A large first book is split into pieces 1 to `pieces`."""

    changes: tuple[Change, ...]
    piece: int | None = None
    pieces: int | None = None


class Trade(FromFeed, frozen=True, omit_defaults=True, kw_only=True, tag="trade", gc=False):
    """One trade; `maker_side` is None where there is none (an auction, a block)."""

    trade_id: str
    price: str
    size: str
    maker_side: Side | None = None


class Book(FromFeed, frozen=True, omit_defaults=True, kw_only=True, tag="book", gc=False):
    """The best 50 levels of each side as (price, size), best first."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class Tick(FromFeed, frozen=True, omit_defaults=True, kw_only=True, tag="tick", gc=False):
    """A whole second of the exchange's clock up to which the symbol's feed was whole."""


class Gap(FromFeed, frozen=True, omit_defaults=True, kw_only=True, tag="gap", gc=False):
    """Messages were lost between `from` (the last good frame) and `to` (the first book after, its own event time)."""

    from_: int = msgspec.field(name="from")
    to: int
    reason: str


class PriceVolume(Record, frozen=True, kw_only=True, tag="price_volume"):
    """A minute's liquidity: sums to 8 places, `value` = ask ÷ bid to 12, null when either is 0 or does not fit."""

    window_start: int
    window_end: int
    timestamp: int
    changes: int
    ask: Digits | None
    bid: Digits | None
    value: Digits | None
    complete: bool


class DeadLetter(Record, frozen=True, kw_only=True, tag="dead_letter"):
    """What could not be read: its first 64 KiB in base64, the length and SHA-256 of what was read, where from, why."""

    id: str
    source: str
    reason: str
    payload: str
    length: int
    sha256: str


class Health(Record, frozen=True, kw_only=True, tag="health"):
    """A sample of a part's metrics."""

    part: str
    metrics: dict[str, int | float | str | None]


FeedRecord = L2 | Trade | Book | Tick | Gap

R = TypeVar("R")


def _as_it_is(value: object) -> msgspec.Raw:
    """Compiled changes know their own JSON."""
    json = getattr(value, "json", None)
    if isinstance(json, bytes):
        return msgspec.Raw(json)
    raise NotImplementedError(f"no JSON for {type(value).__name__}")


_encoder = msgspec.json.Encoder(enc_hook=_as_it_is)
_feed: msgspec.json.Decoder[FeedRecord] = msgspec.json.Decoder(L2 | Trade | Book | Tick | Gap)
_price_volume = msgspec.json.Decoder(PriceVolume)
_dead_letter = msgspec.json.Decoder(DeadLetter)
_health = msgspec.json.Decoder(Health)


def encode(record: Record) -> bytes:
    """The record as JSON."""
    return _encoder.encode(record)


def decode_feed(value: bytes) -> FeedRecord:
    """A record of a feed topic; raises `MalformedRecord`."""
    return decode_whole(_feed, value)


def decode_price_volume(value: bytes) -> PriceVolume:
    """A record of `spark.out`; raises `MalformedRecord`."""
    return decode_whole(_price_volume, value)


def decode_dead_letter(value: bytes) -> DeadLetter:
    """A record of `dead-letters`; raises `MalformedRecord`."""
    return decode_whole(_dead_letter, value)


def decode_health(value: bytes) -> Health:
    """A record of `health`; raises `MalformedRecord`."""
    return decode_whole(_health, value)


def decode_whole(decoder: msgspec.json.Decoder[R], value: bytes) -> R:
    """What the decoder makes of the whole value; raises `MalformedRecord` with the reason."""
    try:
        return decoder.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedRecord(str(error)) from error
