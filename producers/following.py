"""Exchanges followed for those who want to see what arrives, without Kafka: the same connections, the same feeds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event

from pipeline.log import get_log
from pipeline.metrics import Metrics
from pipeline.seldom_warning import SeldomWarning
from producers.arrivals import Arrival, Instant
from producers.connections import Connections, links_of, symbols_each
from producers.exchange_feed import ExchangeFeed
from producers.feed_outcome import Outcome
from producers.feed_rules import FeedStart
from producers.inbox import Inbox
from producers.progress import ProgressLine
from producers.protocol import Protocol
from producers.protocols import chosen_protocol, chosen_symbols
from producers.run import LOOK_SECONDS, MOST_AT_ONCE, feed_rules
from producers.settings import ProducerSettings


@dataclass(frozen=True, slots=True)
class Followed:
    """One exchange, and how it is followed. The settings name its symbols and protocol."""

    exchange: str
    settings: ProducerSettings

    @property
    def protocol(self) -> Protocol:
        """Raises WrongSettings."""
        return chosen_protocol(self.exchange, self.settings.feed_protocol)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Raises WrongSettings."""
        return chosen_symbols(self.protocol, self.settings.symbols)


@dataclass(frozen=True, slots=True)
class Told:
    """What a connection told, what the feed made of it, and the feed as it stands then."""

    arrival: Arrival
    outcome: Outcome
    feed: ExchangeFeed
    protocol: Protocol


def follow(
    exchanges: Sequence[Followed],
    seconds: float | None,
    stop: Event,
    on_arrival: Callable[[Told], None],
    progress: Callable[[], str] | None = None,
) -> None:
    """Hand on all that arrives, in one thread, until stopped or until `seconds` have passed.

    `progress` says how far it is, when that is of interest. The feeds run beside: they know when to connect anew and
    which books to ask for. Raises WrongSettings for symbols and protocols that are not there and when an exchange
    refuses for good, GaveUp when a thread ended by a fault of ours, and what `on_arrival` raises.
    """
    ends_at = None if seconds is None else time.monotonic() + seconds
    # All share one inbox, so what they tell comes in the order in which it was received.
    first = exchanges[0].settings
    inbox = Inbox(first.feed_inbox_frames, first.feed_inbox_bytes)
    clock = first.clock()

    def instant() -> Instant:
        return Instant(clock.wall_ms(), clock.monotonic_ms())

    with ExitStack() as connected:
        runs = [_Run(followed, inbox, instant, clock.speed) for followed in exchanges]
        by_link = {link: run for run in runs for link in run.links}
        line = None if progress is None else connected.enter_context(ProgressLine(progress))
        for run in runs:
            connected.enter_context(run.connections)
        while not stop.is_set() and (ends_at is None or time.monotonic() < ends_at):
            for run in runs:
                run.connections.raise_if_ended()
            arrivals = inbox.take(MOST_AT_ONCE, LOOK_SECONDS)
            for run in runs:
                run.connections.obey(run.feed.on_time(instant(), idle=False))
            for arrival in arrivals:
                run = by_link[arrival.link]
                run.connections.obey(run.take(arrival, on_arrival))
            idle = not len(inbox)
            for run in runs:
                run.connections.obey(run.feed.on_time(instant(), idle=idle))
            if line is not None:
                line.show()
    while arrivals := inbox.take(MOST_AT_ONCE, 0):
        for arrival in arrivals:
            by_link[arrival.link].take(arrival, on_arrival)


class _Run:
    """One exchange's connections and feed."""

    def __init__(self, followed: Followed, inbox: Inbox, instant: Callable[[], Instant], speed: float) -> None:
        settings = followed.settings
        self.protocol = followed.protocol
        self._put_aside = SeldomWarning(get_log("producer"), "frame put aside")
        groups = links_of(followed.symbols, symbols_each(self.protocol, settings.feed_symbols_each))
        # Several exchanges may have symbols of one name.
        self.links = {f"{followed.exchange}:{name}": symbols for name, symbols in groups.items()}
        metrics = Metrics()
        self.feed = ExchangeFeed(self.protocol, self.links, FeedStart(), feed_rules(settings, speed), metrics)
        self.connections = Connections(self.protocol, settings, self.links, inbox, instant, metrics)

    def take(self, arrival: Arrival, on_arrival: Callable[[Told], None]) -> Outcome:
        """Let the feed handle what arrived, then whoever listens. Returns what the feed wants."""
        out = self.feed.on_arrival(arrival)
        for letter in out.dead_letters:
            self._put_aside.tell(letter.symbol, symbol=letter.symbol, id=letter.id, reason=letter.reason)
        on_arrival(Told(arrival, out, self.feed, self.protocol))
        return out
