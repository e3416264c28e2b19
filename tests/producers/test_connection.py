"""A symbol's connection: what it reports, when it gives up, when it comes back. Over a real loopback socket."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.back_off import BackOff
from pipeline.metrics import Metrics
from producers.arrivals import Arrival, Connected, ConnectionLost, FrameArrived, FrameRefused, Instant
from producers.connection import ConnectionLimits, FeedConnection
from producers.gemini_v1 import FLAGS, GEMINI_V1
from producers.inbox import Inbox
from producers.protocol import Subscription
from tests.producers.frames import first_book, heartbeat
from tests.producers.scripted_exchange import Client, ScriptedExchange, header

PATIENCE = 60.0


class Delays(BackOff):
    """Delays of no length that are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.resets = 0

    def next(self) -> float:
        self.asked += 1
        return 0.0

    def reset(self) -> None:
        self.resets += 1


def now() -> Instant:
    return Instant(int(time.time() * 1000), time.monotonic() * 1000)


@contextmanager
def connected(
    exchange: ScriptedExchange,
    inbox: Inbox,
    *,
    silence: float = PATIENCE,
    steady: float = PATIENCE,
    delays: BackOff | None = None,
) -> Iterator[FeedConnection]:
    limits = ConnectionLimits(
        connect_seconds=PATIENCE, silence_seconds=silence, steady_seconds=steady, largest_frame_bytes=100_000
    )
    connection = FeedConnection(
        GEMINI_V1, exchange.url, "BTCUSD", Subscription(("BTCUSD",)), limits, delays or Delays(), inbox, now, Metrics()
    )
    connection.start()
    try:
        yield connection
    finally:
        connection.stop()
        connection.join(PATIENCE)


def until(inbox: Inbox, condition: Callable[[list[Arrival]], bool]) -> list[Arrival]:
    """Take arrivals until they are what is waited for."""
    arrivals: list[Arrival] = []
    deadline = time.monotonic() + PATIENCE
    while not condition(arrivals):
        assert time.monotonic() < deadline, arrivals
        arrivals += inbox.take(100, 0.1)
    return arrivals


def lost(arrivals: list[Arrival]) -> list[str]:
    return [arrival.reason for arrival in arrivals if isinstance(arrival, ConnectionLost)]


def frames(arrivals: list[Arrival]) -> list[FrameArrived]:
    return [arrival for arrival in arrivals if isinstance(arrival, FrameArrived)]


def two_frames_then_stay(client: Client) -> None:
    client.send(first_book())
    client.send(heartbeat(1))
    client.stay()


def test_frames_arrive_numbered_under_the_connections_name() -> None:
    inbox = Inbox(100, 1_000_000)
    with ScriptedExchange(two_frames_then_stay) as exchange, connected(exchange, inbox):
        arrivals = until(inbox, lambda got: len(got) == 3)
    assert isinstance(arrivals[0], Connected)
    assert [(frame.number, frame.payload) for frame in frames(arrivals)] == [(0, first_book()), (1, heartbeat(1))]
    assert {arrival.connection for arrival in arrivals} == {arrivals[0].connection}
    assert exchange.paths == [f"/v1/marketdata/BTCUSD?{FLAGS}&trades=true"]


def test_silent_connection_is_given_up_and_made_anew_under_another_name() -> None:
    inbox = Inbox(100, 1_000_000)
    with ScriptedExchange(Client.stay, two_frames_then_stay) as exchange, connected(exchange, inbox, silence=0.7):
        arrivals = until(inbox, lambda got: len(frames(got)) == 2)
    assert lost(arrivals)[0] == "silence"
    names = [arrival.connection for arrival in arrivals if isinstance(arrival, Connected)]
    assert len(set(names)) == len(names) >= 2


def test_closed_connection_is_made_anew() -> None:
    inbox = Inbox(100, 1_000_000)
    with ScriptedExchange(lambda client: None, two_frames_then_stay) as exchange, connected(exchange, inbox):
        arrivals = until(inbox, lambda got: len(frames(got)) == 2)
    assert lost(arrivals) == ["disconnected"]


def test_cut_gives_up_the_named_connection_only() -> None:
    inbox = Inbox(100, 1_000_000)
    with ScriptedExchange(two_frames_then_stay) as exchange, connected(exchange, inbox) as connection:
        first = until(inbox, lambda got: len(got) == 3)[0].connection
        connection.cut("one that is long gone", "sequence_gap")
        connection.cut(first, "crossed_book")
        again = until(inbox, lambda got: len(frames(got)) == 2)
        assert lost(again) == ["crossed_book"]
        assert again[-1].connection != first
        assert exchange.connections == 2


def test_too_large_frame_is_reported_with_its_length_and_the_connection_made_anew() -> None:
    def script(client: Client) -> None:
        client.send(first_book())
        client.send_raw(header(50_000_000))
        client.stay()

    inbox = Inbox(100, 1_000_000)
    with ScriptedExchange(script, two_frames_then_stay) as exchange, connected(exchange, inbox):
        arrivals = until(inbox, lambda got: len(frames(got)) == 3)
    refused = [arrival for arrival in arrivals if isinstance(arrival, FrameRefused)]
    assert [(frame.number, frame.length) for frame in refused] == [(1, 50_000_000)]
    assert lost(arrivals) == ["too_large"]


def test_full_inbox_gives_the_connection_up_after_what_was_let_in() -> None:
    inbox = Inbox(1, 1_000_000)
    with ScriptedExchange(two_frames_then_stay) as exchange, connected(exchange, inbox):
        deadline = time.monotonic() + PATIENCE
        while len(inbox) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        arrivals = inbox.take(3, 0)
    assert [type(arrival) for arrival in arrivals] == [Connected, FrameArrived, ConnectionLost]
    assert lost(arrivals) == ["inbox_overflow"]


def test_delays_start_small_again_only_after_data_has_flowed_for_a_while() -> None:
    def brief(client: Client) -> None:
        client.send(first_book())

    def long(client: Client) -> None:
        number = 0
        while not client.stopping:
            client.send(heartbeat(number))
            number += 1
            client.wait(0.05)

    inbox, delays = Inbox(100_000, 10_000_000), Delays()
    with (
        ScriptedExchange(brief, brief, brief, long) as exchange,
        connected(exchange, inbox, steady=1.0, delays=delays),
    ):
        until(inbox, lambda got: len(lost(got)) == 3)
        assert delays.resets == 0
        deadline = time.monotonic() + PATIENCE
        while not delays.resets:
            assert time.monotonic() < deadline
            inbox.take(100, 0.1)
    assert delays.asked == 3
    assert delays.resets == 1


def test_exchange_that_is_away_is_tried_again_until_it_is_there() -> None:
    inbox = Inbox(100, 1_000_000)
    exchange = ScriptedExchange(two_frames_then_stay)
    url = exchange.url
    with exchange:
        pass
    limits = ConnectionLimits(
        connect_seconds=PATIENCE, silence_seconds=PATIENCE, steady_seconds=PATIENCE, largest_frame_bytes=100_000
    )
    connection = FeedConnection(
        GEMINI_V1, url, "BTCUSD", Subscription(("BTCUSD",)), limits, BackOff(0.05, 0.1), inbox, now, Metrics()
    )
    connection.start()
    arrivals = until(inbox, lambda got: len(got) >= 3)
    connection.stop()
    connection.join(PATIENCE)
    assert set(lost(arrivals)) == {"disconnected"}
