"""Plays a recording to a feed as its connections did, driven by the times of receipt alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from producers.arrivals import FrameArrived, Instant
from producers.exchange_feed import ExchangeFeed
from producers.feed_outcome import Outcome
from producers.feed_rules import FeedRules
from producers.protocol import Protocol
from producers.recordings.moment import Moment, Told
from producers.recordings.opened import Arrivals

LOOK_MS = 50.0  # how often the feed looks at the clock, as when it is live
# Nobody looks at the clock through a pause of the recording that is longer.
LONGEST_WATCH_MS = 900_000.0


def from_nothing(protocol: Protocol, rules: FeedRules) -> tuple[Protocol, FeedRules]:
    """Protocol and rules for a recording that begins in the middle: the first changes stand for the missing book."""
    return replace(protocol, first_sequence=None), replace(rules, book_from_nothing=True)


class Playback:
    """Iterate over it, once, to get what the feed gives out, each with the moment at which it does."""

    def __init__(
        self,
        source: Arrivals,
        arrivals: Iterable[Told],
        feed: ExchangeFeed,
        links: Collection[str],
    ) -> None:
        """`arrivals` are the source's, with their times moved or not."""
        self._source = source
        self._arrivals = arrivals
        self._feed = feed
        self._links = links
        self.frames = 0
        self.cuts: Counter[str] = Counter()
        self.refusals: dict[str, None] = {}
        self.first: Instant | None = None
        self.last: Instant | None = None

    def __iter__(self) -> Iterator[tuple[Instant, Outcome]]:
        for arrival in self._arrivals:
            at = arrival.at
            if self.last is None:
                self.first = self.last = at
            yield from self._look(self.last, at)
            self.last = at
            if isinstance(arrival, Moment) or arrival.link not in self._links:
                continue  # others are of symbols that were left out
            if isinstance(arrival, FrameArrived):
                self.frames += 1
            yield at, self._minded(self._feed.on_arrival(arrival))
        if self.last is not None:
            yield self.last, self._minded(self._feed.on_time(self.last, idle=True))

    def _look(self, since: Instant, until: Instant) -> Iterator[tuple[Instant, Outcome]]:
        """All that happens while nothing arrives: the clock is looked at every LOOK_MS of the whole recording."""
        passed = until.monotonic_ms - since.monotonic_ms
        if passed > LONGEST_WATCH_MS:
            yield until, self._minded(self._feed.on_time(until, idle=True))
            return
        first = since.monotonic_ms // LOOK_MS + 1
        for step in range(int((until.monotonic_ms // LOOK_MS) - first) + 1):
            monotonic_ms = (first + step) * LOOK_MS
            now = Instant(since.wall_ms + round(monotonic_ms - since.monotonic_ms), monotonic_ms)
            yield now, self._minded(self._feed.on_time(now, idle=True))

    def _minded(self, outcome: Outcome) -> Outcome:
        for refused in outcome.refused:
            self.refusals[refused.refusal.text] = None
        for cut in outcome.cuts:
            self.cuts[cut.reason] += 1
            self._source.cut(cut.connection)
        return outcome
