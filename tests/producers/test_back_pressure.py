"""What happens when frames come faster than they are handled: memory is bounded, and what is lost is a gap."""

from __future__ import annotations

import threading
import time

from market.records import L2, Gap
from pipeline.back_off import BackOff
from pipeline.metrics import Metrics
from producers.arrivals import Arrival, ConnectionLost, Instant
from producers.connection import ConnectionLimits, FeedConnection
from producers.exchange_feed import ExchangeFeed
from producers.feed_rules import FeedRules, FeedStart
from producers.inbox import Inbox
from producers.protocol import Subscription
from tests.producers.plain_protocol import NUMBERED, changes, frame, snapshot
from tests.producers.scripted_exchange import Client, ScriptedExchange

PATIENCE = 60.0
ROOM = 20


def now() -> Instant:
    return Instant(round(time.time() * 1000), time.monotonic() * 1000)


def book(time_ms: int, size: str) -> bytes:
    return frame(snapshot(1, ("bid", "100", size), ("ask", "101", "2"), symbol="A", exchange_time=time_ms), sequence=0)


def flood(client: Client) -> None:
    """A book, and far more changes than there is room for, as fast as they go."""
    client.send(book(now().wall_ms, "1"))
    for number in range(1, 500):
        news = changes(number + 1, number + 1, symbol="A", exchange_time=now().wall_ms)
        client.send(frame(news, sequence=number))
    client.stay()


def test_overflow_ends_as_a_gap_and_a_new_book_never_as_a_bent_one() -> None:
    may_serve = threading.Event()

    def serves(client: Client) -> None:
        may_serve.wait(PATIENCE)
        client.send(book(now().wall_ms, "7"))
        client.stay()

    inbox, metrics = Inbox(ROOM, 1_000_000), Metrics()
    limits = ConnectionLimits(
        connect_seconds=PATIENCE, silence_seconds=PATIENCE, steady_seconds=PATIENCE, largest_frame_bytes=100_000
    )
    feed = ExchangeFeed(NUMBERED, {"link": ("A",)}, FeedStart(), FeedRules(), metrics)
    with ScriptedExchange(flood, serves) as exchange:
        connection = FeedConnection(
            NUMBERED, exchange.url, "link", Subscription(("A",)), limits, BackOff(0.01, 0.01), inbox, now, metrics
        )
        connection.start()
        try:
            # Nobody handles what comes: this process is busy, or Kafka holds it up.
            await_connections(exchange, 2)
            assert len(inbox) <= ROOM + 3
            assert metrics.snapshot()["connections_lost_inbox_overflow"] == 1
            may_serve.set()
            arrivals = taken_until_gap_ends(inbox, feed)
        finally:
            connection.stop()
            connection.join(PATIENCE)
    assert [arrival.reason for arrival in arrivals[0] if isinstance(arrival, ConnectionLost)] == ["inbox_overflow"]
    records = arrivals[1]
    last = max(place for place, record in enumerate(records) if isinstance(record, Gap))
    gap = records[last]
    assert isinstance(gap, Gap)
    assert gap.reason == "inbox_overflow"
    before = [record for record in records[:last] if isinstance(record, L2)]
    assert len(before) == ROOM
    assert gap.from_ >= before[-1].event_time
    after = [record for record in records[last:] if isinstance(record, L2)]
    assert [(change.price, change.remaining) for change in after[0].changes] == [("100", "7"), ("101", "2")]


def await_connections(exchange: ScriptedExchange, number: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while exchange.connections < number:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def taken_until_gap_ends(inbox: Inbox, feed: ExchangeFeed) -> tuple[list[Arrival], list[object]]:
    """Everything that came, and its records, as soon as the second gap has ended."""
    arrivals: list[Arrival] = []
    records: list[object] = []
    deadline = time.monotonic() + PATIENCE
    while sum(isinstance(record, Gap) for record in records) < 2:
        assert time.monotonic() < deadline, records
        for arrival in inbox.take(100, 0.05):
            arrivals.append(arrival)
            records += feed.on_arrival(arrival).records
    return arrivals, records
