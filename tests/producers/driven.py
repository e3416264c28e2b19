"""A made-up market, its exchange's frames, and the feed that reads them: connected anew and answered as by a link."""

from __future__ import annotations

from decimal import Decimal

from market.decimals import exact_price, exact_size
from market.records import L2, Book, FeedRecord, Gap, Side, Tick, Trade, decode_feed, encode
from producers.feed_rules import FeedRules
from producers.protocols import PROTOCOLS
from tests.producers.makers.makers import MAKERS
from tests.producers.makers.market import Market
from tests.producers.play import NOON, Played

MINUTE = 60_000
LAG = 20  # ms from the exchange to here


class Driven:
    """One symbol of one protocol."""

    def __init__(self, exchange: str, protocol: str, rules: FeedRules | None = None) -> None:
        self.market = Market()
        self.maker = MAKERS[exchange, protocol](self.market)
        self.play = Played(PROTOCOLS[exchange][protocol], self.maker.symbol, rules=rules)
        self.play.step = 250
        self.offset = 0
        self.lost_at: list[int] = []
        self.last_frame = b""

    @property
    def time(self) -> int:
        """The exchange's time of what is sent now."""
        return NOON + self.play.now - LAG + self.offset

    def connect(self) -> None:
        """A new connection; the book comes."""
        self.play.cuts.clear()
        self.play.wanted.clear()
        self.play.connect()
        for payload in self.maker.connect(self.time):
            self.send(payload)
        self._answer()

    def settle(self) -> None:
        """Do once what the feed wants of the exchange: connect anew, answer. It may want so again at once."""
        if self.play.cuts:
            self.connect()
        else:
            self._answer()

    def _answer(self) -> None:
        if self.play.wanted:
            self.play.wanted.clear()
            self.play.answer(self.maker.answer())

    def send(self, payload: bytes, *, is_lost: bool = False) -> None:
        """A frame of the exchange; a lost one is never seen here."""
        if is_lost:
            self.lost_at.append(self.time)
        else:
            self.last_frame = payload
            self.play.frame(payload)

    def garble(self, payload: bytes) -> None:
        """The frame arrives cut short."""
        self.lost_at.append(self.time)
        self.play.frame(payload[: len(payload) // 2])

    def change(self, side: Side, price: str, size: str, *, time: int | None = None, is_lost: bool = False) -> bytes:
        self.market.change(side, price, size)
        payload = self.maker.change(side, price, size, self.time if time is None else time)
        self.send(payload, is_lost=is_lost)
        return payload

    def trade(self, *, time: int | None = None, is_lost: bool = False) -> None:
        self.send(self.maker.trade(self.market.trade(), self.time if time is None else time), is_lost=is_lost)

    def quiet(self, *, is_lost: bool = False) -> None:
        self.send(self.maker.quiet(self.time), is_lost=is_lost)

    def wait(self, milliseconds: int) -> None:
        self.play.wait(milliseconds)
        self.settle()

    def records(self) -> list[FeedRecord]:
        return self.play.records

    def incomplete_minutes(self) -> set[int]:
        """The starts of the minutes that a gap touches, and of those with fewer than 60 ticks."""
        touched: set[int] = set()
        ticks: dict[int, int] = {}
        last = self.play.records[-1].event_time if self.play.records else NOON
        for record in self.play.records:
            if isinstance(record, Gap):
                touched |= set(range(record.from_ // MINUTE, max(record.to - 1, record.from_) // MINUTE + 1))
            elif isinstance(record, Tick):
                minute = record.event_time // MINUTE
                ticks[minute] = ticks.get(minute, 0) + 1
        every = range(NOON // MINUTE - 1, last // MINUTE + 1)
        return touched | {minute for minute in every if ticks.get(minute, 0) < 60}

    def last_book(self) -> tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]:
        """The levels of the newest book record."""
        book = next(record for record in reversed(self.play.records) if isinstance(record, Book))
        return numbers(book.bids), numbers(book.asks)

    def exchanges_book(self) -> tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]:
        """What it should be."""
        shown = 5 if self.maker.protocol == "depth5" else 50
        return numbers(self.market.bids[:shown]), numbers(self.market.asks[:shown])


def numbers(levels: object) -> dict[Decimal, Decimal]:
    assert isinstance(levels, list | tuple)
    return {Decimal(price): Decimal(size) for price, size in levels}


def check_schema(record: FeedRecord) -> None:
    """The record passes what Kafka's readers ask of it: its schema, and the ranges of its numbers."""
    assert decode_feed(encode(record)) == record
    assert 0 < record.event_time < 2**53
    if isinstance(record, L2):
        assert record.changes
        for change in record.changes:
            exact_price(change.price)
            exact_size(change.remaining)
            if change.delta is not None:
                exact_size(change.delta.removeprefix("-"))
    elif isinstance(record, Trade):
        exact_price(record.price)
        exact_size(record.size)
        assert 0 < len(record.trade_id) <= 64
    elif isinstance(record, Book):
        for price, size in (*record.bids, *record.asks):
            exact_price(price)
            exact_size(size)
    elif isinstance(record, Gap):
        assert record.from_ <= record.to == record.event_time
