"""What time brings: this process stood still, or what must come in time does not come. No I/O."""

from __future__ import annotations

from collections.abc import Collection

from pipeline.metrics import Metrics
from producers.arrivals import Instant
from producers.book_requests import BookRequests
from producers.doubts import Doubts
from producers.event_time import EventTime
from producers.feed_outcome import Outcome
from producers.feed_rules import UNREAD_FOR_MS, FeedRules
from producers.link import Link

# A process that stood still for longer is not given the benefit of the doubt.
LONGEST_PAUSE_MS = 30_000
# So long may the first time of the exchange take before it is done without.
FIRST_TIME_MS = 15_000
NO_TIMES = (
    "the exchange gives no times with what is followed: this machine's clock stands for its own; trades have times, "
    "where they are followed too"
)
CLOCKS_APART = (
    "the exchange's clock and this machine's are more than a minute apart: its times are refused, and no minute is "
    "complete until one of the clocks is set right"
)


class Watchdog:
    """Watches over all links of an exchange. `now_ms` is of the monotonic clock."""

    def __init__(
        self,
        links: Collection[Link],
        rules: FeedRules,
        time: EventTime,
        requests: BookRequests,
        doubts: Doubts,
        metrics: Metrics,
    ) -> None:
        self._links = links
        self._symbols = [symbol for link in links for symbol in link.symbols.values()]
        self._rules = rules
        self._time = time
        self._requests = requests
        self._doubts = doubts
        self._metrics = metrics
        self._last_seen: float | None = None
        self._untimed_since: float | None = None
        self._is_clock_told = False

    def look(self, now_ms: float, out: Outcome) -> None:
        """Look at everything but the clock. Not being called for a while is a pause."""
        self._notice_pause(now_ms, out)
        for link in self._links:
            if link.connection is not None:
                self._look_after(link, now_ms, out)

    def look_at_clock(self, now: Instant, out: Outcome) -> None:
        """No time of the exchange is known: if that lasts, do without where it tells none; tell so, once."""
        if self._is_clock_told or not any(symbol.is_trusted for symbol in self._symbols):
            return
        if self._untimed_since is None:
            self._untimed_since = now.monotonic_ms
        elif now.monotonic_ms - self._untimed_since > FIRST_TIME_MS:
            self._is_clock_told = True
            if self._time.refused_since is None:
                self._time.run_by_receipt(now)
                out.notes.append((NO_TIMES, ""))
            else:
                out.notes.append((CLOCKS_APART, ""))

    def clock_runs(self) -> None:
        """There is a time to go by: should it be lost, that is told anew."""
        self._untimed_since = None
        self._is_clock_told = False

    def _notice_pause(self, now_ms: float, out: Outcome) -> None:
        paused_for = 0.0 if self._last_seen is None else now_ms - self._last_seen
        self._last_seen = now_ms
        if paused_for <= self._rules.pause_ms:
            return
        self._metrics.count("pauses")
        for link in self._links:
            for symbol in link.symbols.values():
                if symbol.is_trusted and paused_for > LONGEST_PAUSE_MS:
                    self._doubts.cut(link, "paused", out)
                elif symbol.is_trusted:
                    symbol.paused_at = now_ms
                    link.is_suspect = True

    def _look_after(self, link: Link, now_ms: float, out: Outcome) -> None:
        """Give up waiting for what does not come: readable frames, first books, answers."""
        waited_for = [
            symbol
            for symbol in link.symbols.values()
            if symbol.doubted_at is not None and now_ms - symbol.doubted_at > self._rules.first_book_ms
        ]
        if waited_for and not any(symbol.is_trusted for symbol in link.symbols.values()):
            self._doubts.cut(link, "no_first_book", out)
            return
        for symbol in waited_for:
            # The others of this connection have theirs: it is this symbol that the exchange does not serve.
            self._metrics.count("first_books_missing", symbol=symbol.symbol)
            out.notes.append(("no book comes for this symbol", symbol.symbol))
            symbol.doubted_at = now_ms
            # Perhaps the book is there, but does not go with what waits for it.
            symbol.wait_no_more()
            if self._requests.are_possible:
                self._requests.ask(link, symbol, now_ms, out)
        for symbol in link.symbols.values():
            if symbol.unread_since is not None and now_ms - symbol.unread_since > UNREAD_FOR_MS:
                self._doubts.cut(link, link.unread_reason, out)
                return
