"""One symbol's book as a recording leaves it at a moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import takewhile
from math import gcd

from market.decimals import PRICE_TICKS
from market.order_book import OrderBook
from market.records import L2, FeedRecord, Gap
from market.reference_price import OffGrid, ReferencePrice
from pipeline.errors import WrongSettings
from pipeline.metrics import Metrics
from producers.exchange_feed import ExchangeFeed
from producers.feed_rules import FeedStart
from producers.recordings.errors import WrongRecording
from producers.recordings.moment import Told
from producers.recordings.opened import Recording
from producers.recordings.playback import Playback, from_nothing
from producers.run import feed_rules
from producers.settings import ProducerSettings

_UNIT = Decimal(1).scaleb(-8)


@dataclass(frozen=True, slots=True)
class RecordedBook:
    """`received_time` is that of the last arrival before the moment, `event_time` that of the symbol's last record.

    `doubt` says why the book is not to be trusted then; empty: it is whole.
    """

    exchange: str
    symbol: str
    received_time: int
    event_time: int
    book: OrderBook
    reference: ReferencePrice
    doubt: str = ""


def book_at(
    recording: Recording,
    symbol: str,
    settings: ProducerSettings,
    *,
    at_ms: int | None = None,
    tick: Decimal | None = None,
    without_snapshot: bool = False,
) -> RecordedBook:
    """Play the recording up to what was received at `at_ms` (None: to its end).

    Without `tick` the recording is read twice, first for the largest tick that all its prices are multiples of.

    Raises WrongRecording when there is no book then, WrongSettings for a tick size that is not the market's.
    """
    story = _Story(recording, symbol, settings, at_ms, without_snapshot=without_snapshot)
    reference = ReferencePrice(tick or _common_tick(story))
    received_time = event_time = None
    for received, records in story:
        received_time = received
        for record in records:
            event_time = record.event_time
            if isinstance(record, Gap):
                reference.forget()
        try:
            reference.update(story.book)
        except OffGrid as error:
            raise WrongSettings(f"--tick: {error}") from None
    if received_time is None or event_time is None:
        raise WrongRecording(recording.path, story.why_nothing())
    doubt = story.doubt
    return RecordedBook(recording.protocol.exchange, symbol, received_time, event_time, story.book, reference, doubt)


class _Story:
    """What a feed tells of one symbol while a recording plays; each iteration plays it anew."""

    def __init__(
        self,
        recording: Recording,
        symbol: str,
        settings: ProducerSettings,
        at_ms: int | None,
        *,
        without_snapshot: bool,
    ) -> None:
        self._recording = recording
        self._symbol = symbol
        self._settings = settings
        self._at_ms = at_ms
        self._without_snapshot = without_snapshot
        self._first_ms: int | None = None
        self._feed = self._new_feed()

    @property
    def book(self) -> OrderBook:
        """The book as it is now."""
        return self._feed.symbols[self._symbol].book

    @property
    def doubt(self) -> str:
        """Why it is not to be trusted; empty: it is."""
        doubt = self._feed.symbols[self._symbol].doubt
        return "" if doubt is None else doubt.reason

    def __iter__(self) -> Iterator[tuple[int, list[FeedRecord]]]:
        """(time of receipt, the symbol's records) of all that tells of it."""
        self._feed = self._new_feed()
        source = self._recording.arrivals(begins_anywhere=self._without_snapshot)
        arrivals = takewhile(self._is_in_time, source)
        for at, outcome in Playback(source, arrivals, self._feed, self._recording.links):
            if records := [record for record in outcome.records if record.symbol == self._symbol]:
                yield at.wall_ms, records

    def why_nothing(self) -> str:
        """Why there was nothing to tell."""
        if self._first_ms is not None and self._at_ms is not None and self._first_ms > self._at_ms:
            return f"begins at {_time(self._first_ms)}, after --at {_time(self._at_ms)}"
        return f"holds no whole book of {self._symbol} up to then (--without-snapshot starts from an empty one)"

    def _is_in_time(self, told: Told) -> bool:
        if self._first_ms is None:
            self._first_ms = told.at.wall_ms
        return self._at_ms is None or told.at.wall_ms <= self._at_ms

    def _new_feed(self) -> ExchangeFeed:
        protocol, rules = self._recording.protocol, feed_rules(self._settings, 1.0)
        if self._without_snapshot:
            protocol, rules = from_nothing(protocol, rules)
        return ExchangeFeed(protocol, self._recording.links, FeedStart(), rules, Metrics())


def _time(epoch_ms: int) -> str:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _common_tick(story: _Story) -> Decimal:
    units = 0
    for _, records in story:
        for record in records:
            if isinstance(record, L2):
                units = gcd(units, *(PRICE_TICKS[change.price] for change in record.changes))
    return ((units or 1) * _UNIT).normalize()
