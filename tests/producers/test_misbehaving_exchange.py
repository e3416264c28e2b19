"""The connection loop and an exchange that misbehaves, on real sockets: never a hot loop, never given up, all counted.

Delays here are real, but short: a hot loop would connect hundreds of times where these allow a few.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise

import pytest

from pipeline.back_off import BackOff
from pipeline.errors import GaveUp, WrongSettings
from pipeline.metrics import Metrics
from producers.arrivals import Connected, ConnectionLost, Instant
from producers.connection import ConnectionLimits, FeedConnection
from producers.feed_rules import FeedRules
from producers.inbox import Inbox
from producers.protocol import Frame, Keepalive, Protocol, Refusal, Subscription
from tests.producers.live_feed import LiveFeed
from tests.producers.plain_protocol import NUMBERED, PLAIN, changes, frame, snapshot
from tests.producers.scripted_exchange import Client, ScriptedExchange

# Real sockets and real time-outs: minutes of waiting.
pytestmark = pytest.mark.slow

PATIENCE = 60.0
FIRST, CAP = 0.05, 0.4
# So many tries show whether the delays between them grow, and that they stop growing.
TRIES = 8


def now() -> Instant:
    return Instant(int(time.time() * 1000), time.monotonic() * 1000)


def least_seconds(tries: int) -> float:
    """What so many tries take at the very least: the delays lie in the upper half of 0.05, 0.1, 0.2, 0.4, 0.4, …"""
    return sum(least_delays(tries))


def least_delays(tries: int) -> list[float]:
    """The shortest delay after each of so many tries but the last."""
    return [min(FIRST * 2**number, CAP) / 2 for number in range(tries - 1)]


class Tried:
    """A connection that was let run against an exchange."""

    def __init__(self, inbox: Inbox, metrics: Metrics, connection: FeedConnection) -> None:
        self.inbox = inbox
        self.metrics = metrics
        self.connection = connection


@contextmanager
def trying(
    url: str,
    protocol: Protocol = PLAIN,
    *,
    steady: float = PATIENCE,
    silence: float = PATIENCE,
    begin_after: float = 0.0,
    symbols: tuple[str, ...] = ("A",),
) -> Iterator[Tried]:
    inbox, metrics = Inbox(100_000, 100_000_000), Metrics()
    limits = ConnectionLimits(
        connect_seconds=5.0, silence_seconds=silence, steady_seconds=steady, largest_frame_bytes=100_000
    )
    connection = FeedConnection(
        protocol, url, "link", Subscription(symbols), limits, BackOff(FIRST, CAP), inbox, now, metrics, begin_after
    )
    connection.start()
    try:
        yield Tried(inbox, metrics, connection)
        # Whatever happened, it would still try.
        connection.raise_if_ended()
    finally:
        connection.stop()
        connection.join(PATIENCE)


def await_true(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Raw:
    """A server that does with each connection what it is told, from the first byte on."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self._stopping = threading.Event()
        self.begun: list[float] = []
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Raw:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._listener.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.begun.append(time.monotonic())
            with client:
                try:
                    self._serve(client)
                except OSError:
                    continue


def answering(data: bytes) -> Callable[[socket.socket], None]:
    def serve(client: socket.socket) -> None:
        client.settimeout(2.0)
        client.recv(4096)
        client.sendall(data)

    return serve


# Never a hot loop.


def closes_after_the_first_frame(client: Client) -> None:
    client.send(frame(snapshot(1, symbol="A")))


def sends_garbage_and_closes(client: Client) -> None:
    for _ in range(100):
        client.send(b"\xff{garbage")


@pytest.mark.parametrize(
    "script",
    [closes_after_the_first_frame, sends_garbage_and_closes, lambda client: None],
    ids=["frame", "garbage", "close"],
)
def test_exchange_that_closes_again_and_again_is_asked_ever_more_seldom(script: Callable[[Client], None]) -> None:
    with ScriptedExchange(script) as exchange:
        began = time.monotonic()
        with trying(exchange.url) as tried:
            await_true(lambda: exchange.connections >= TRIES)
        counted = exchange.connections
        took = time.monotonic() - began
    assert took >= least_seconds(counted)
    metrics = tried.metrics.snapshot()
    reconnects = metrics["reconnects"]
    assert isinstance(reconnects, int)
    assert reconnects in (counted - 1, counted)
    assert metrics["connections_lost_disconnected"] == reconnects


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"garbage",
        b"\r\n\r\n",
        b"HTTP\r\n\r\n",
        b"HTTP/1.1 xyz\r\n\r\n",
        b"HTTP/1.1 101\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n",
        b"HTTP/1.1 500 Oh\r\nContent-Length: 5\r\n\r\nwrong",
        b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:9/\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        b"\xff\xfe\xfd\r\n\r\n",
        bytes(range(256)) * 8,
    ],
    ids=range(12),
)
def test_handshake_that_is_none_is_tried_again_and_ends_nothing(answer: bytes) -> None:
    with Raw(answering(answer)) as server, trying(server.url) as tried:
        await_true(lambda: len(server.begun) >= 3)
        lost = [arrival for arrival in tried.inbox.take(100, 0) if isinstance(arrival, ConnectionLost)]
    assert lost
    assert {arrival.reason for arrival in lost} == {"disconnected"}
    assert not any(arrival.refused_for_good for arrival in lost)


def test_port_where_nobody_listens_is_tried_again_with_growing_delays() -> None:
    with ScriptedExchange(closes_after_the_first_frame) as exchange:
        pass
    lost: list[ConnectionLost] = []
    with trying(exchange.url) as tried:

        def tried_enough() -> bool:
            lost.extend(each for each in tried.inbox.take(1_000, 0) if isinstance(each, ConnectionLost))
            return len(lost) >= TRIES

        await_true(tried_enough)
        delay = tried.metrics.snapshot()["reconnect_delay_s_link"]
    times = [arrival.at.monotonic_ms / 1000 for arrival in lost]
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert all(wait >= least for wait, least in zip(waits, least_delays(len(lost)), strict=True))
    assert isinstance(delay, float)
    assert CAP / 2 <= delay <= CAP


def test_delays_differ_so_that_many_do_not_come_back_at_once() -> None:
    delays = [BackOff(1.0, 8.0) for _ in range(20)]
    third = [[each.next() for _ in range(6)][-1] for each in delays]
    assert len({round(delay, 6) for delay in third}) > 10
    assert all(4.0 <= delay <= 8.0 for delay in third)


def test_delays_begin_small_again_only_after_data_that_flowed_for_a_while() -> None:
    def steady(client: Client) -> None:
        began = time.monotonic()
        while not client.stopping and time.monotonic() - began < 0.8:
            client.send(frame(changes(1, 1, symbol="A")))
            client.wait(0.02)

    scripts = [*[closes_after_the_first_frame] * 4, steady, closes_after_the_first_frame]
    with ScriptedExchange(*scripts) as exchange, trying(exchange.url, steady=0.5) as tried:
        await_true(lambda: exchange.connections >= 7)
        arrivals = tried.inbox.take(10_000, 0)
    lost = [arrival.at.monotonic_ms for arrival in arrivals if isinstance(arrival, ConnectionLost)]
    made = [arrival.at.monotonic_ms for arrival in arrivals if isinstance(arrival, Connected)]
    waits = [(again - ended) / 1000 for ended, again in zip(lost, made[1:], strict=False)]
    assert waits[3] >= CAP / 2
    assert waits[4] < CAP / 2


def test_connection_that_ends_with_the_process_was_not_given_up_for_what_another_was() -> None:
    def serves(client: Client) -> None:
        client.send(frame(snapshot(1, symbol="A")))
        client.stay()

    arrivals: list[object] = []

    def connected() -> list[Connected]:
        arrivals.extend(tried.inbox.take(100, 0))
        return [arrival for arrival in arrivals if isinstance(arrival, Connected)]

    with ScriptedExchange(serves) as exchange:
        with trying(exchange.url) as tried:
            await_true(lambda: len(connected()) == 1)
            tried.connection.cut(connected()[0].connection, "sequence_gap")
            await_true(lambda: len(connected()) == 2)
        connected()
    assert [arrival.reason for arrival in arrivals if isinstance(arrival, ConnectionLost)] == [
        "sequence_gap",
        "stopped",
    ]


# Silence.


def test_subscription_that_is_never_answered_is_given_up_again_and_again() -> None:
    with ScriptedExchange(Client.stay) as exchange, trying(exchange.url, silence=0.3) as tried:
        await_true(lambda: exchange.connections >= 3)
        assert tried.metrics.snapshot().keys() >= {"connections_lost_silence", "reconnects"}


def test_server_that_takes_the_connection_and_never_speaks_is_given_up() -> None:
    # The handshake itself is never answered.
    with Raw(lambda client: time.sleep(0.3)) as server, trying(server.url) as tried:
        await_true(lambda: len(server.begun) >= 3)
        lost = [arrival for arrival in tried.inbox.take(100, 0) if isinstance(arrival, ConnectionLost)]
    assert {arrival.reason for arrival in lost} == {"disconnected"}


def test_keepalive_is_sent_when_due_and_its_answers_keep_a_quiet_connection() -> None:
    said: list[bytes] = []

    def answers(client: Client) -> None:
        while not client.stopping:
            _, payload = client.read_frame()
            said.append(payload)
            client.send(frame())

    quiet = replace(PLAIN, keepalive=Keepalive(0.1, lambda number: f"ping {number}"))
    with ScriptedExchange(answers) as exchange, trying(exchange.url, quiet, silence=1.0):
        await_true(lambda: len(said) >= 5)
        assert exchange.connections == 1
    assert said[:3] == [b"ping 1", b"ping 2", b"ping 3"]


def test_keepalive_alone_does_not_make_a_silent_exchange_live() -> None:
    quiet = replace(PLAIN, keepalive=Keepalive(0.1, lambda number: f"ping {number}"))
    with ScriptedExchange(Client.stay) as exchange, trying(exchange.url, quiet, silence=0.5):
        await_true(lambda: exchange.connections >= 2)


# Several links and symbols.


def test_connections_are_begun_apart() -> None:
    with ScriptedExchange(Client.stay) as exchange:
        began = time.monotonic()
        with trying(exchange.url, begin_after=0.6):
            await_true(lambda: exchange.connections == 1)
            assert time.monotonic() - began >= 0.6


def test_link_that_waits_for_its_turn_ends_at_once_when_asked_to() -> None:
    began = time.monotonic()
    with ScriptedExchange(Client.stay) as exchange, trying(exchange.url, begin_after=50.0):
        pass
    assert time.monotonic() - began < 5
    assert exchange.connections == 0


def test_symbols_of_one_link_share_its_connection_and_one_that_is_not_served_is_told() -> None:
    def serves_one(client: Client) -> None:
        client.send(frame(snapshot(1, symbol="A", exchange_time=round(time.time() * 1000))))
        while not client.stopping:
            client.send(frame(changes(1, 1, symbol="A", exchange_time=round(time.time() * 1000))))
            client.wait(0.05)

    with (
        ScriptedExchange(serves_one) as exchange,
        LiveFeed(PLAIN, exchange.url, ["A", "B"], rules=FeedRules(first_book_ms=300)) as feed,
    ):
        feed.until(lambda: feed.metrics.snapshot().get("first_books_missing") is not None)
        snapshots = feed.metrics.snapshots()
        assert exchange.paths == ["/A+B"]
        assert (snapshots["A"]["trusted"], snapshots["B"]["trusted"]) == (1, 0)
        assert snapshots["B"]["first_books_missing"] == 1
        assert (snapshots[""]["links_connected"], snapshots[""]["symbols_trusted"]) == (1, 1)


def test_connection_that_lives_but_brings_no_book_is_given_up() -> None:
    def beats(client: Client) -> None:
        while not client.stopping:
            client.send(frame())
            client.wait(0.05)

    def serves(client: Client) -> None:
        client.send(frame(snapshot(1, symbol="A")))
        client.stay()

    with (
        ScriptedExchange(beats, serves) as exchange,
        LiveFeed(PLAIN, exchange.url, ["A"], rules=FeedRules(first_book_ms=300)) as feed,
    ):
        feed.until(lambda: bool(feed.records))
        assert [cut.reason for cut in feed.cuts] == ["no_first_book"]
        assert exchange.connections == 2


def test_garbage_alone_is_given_up_put_aside_and_tried_again_with_delays() -> None:
    def garbage(client: Client) -> None:
        client.send(frame(snapshot(1, symbol="A"), sequence=0))
        while not client.stopping:
            client.send(b"\xff{")
            client.wait(0.2)

    with (
        ScriptedExchange(garbage) as exchange,
        LiveFeed(NUMBERED, exchange.url, ["A"], feed_back_off_first_seconds=0.05) as feed,
    ):
        feed.until(lambda: exchange.connections == 2)
        assert [cut.reason for cut in feed.cuts] == ["malformed_frame"]
        assert len(feed.dead) >= 20


# Refusals.


def refusing(for_good: bool) -> Protocol:
    def parse(payload: bytes) -> Frame:
        said = PLAIN.parse(payload)
        return said if said.news else Frame(refusal=Refusal("not for you", for_good))

    return replace(PLAIN, parse=parse)


def test_refusal_that_will_pass_is_tried_again() -> None:
    def refuses(client: Client) -> None:
        client.send(frame())
        client.stay()

    def serves(client: Client) -> None:
        client.send(frame(snapshot(1, symbol="A")))
        client.stay()

    with ScriptedExchange(refuses, refuses, serves) as exchange, LiveFeed(refusing(False), exchange.url, ["A"]) as feed:
        feed.until(lambda: bool(feed.records))
        assert [cut.reason for cut in feed.cuts] == ["refused", "refused"]


def test_refusal_for_good_names_what_can_be_chosen_instead() -> None:
    def refuses(client: Client) -> None:
        client.send(frame())
        client.stay()

    with (
        ScriptedExchange(refuses) as exchange,
        LiveFeed(refusing(True), exchange.url, ["A"]) as feed,
        pytest.raises(WrongSettings, match=r"not for you.*FEED_SYMBOLS.*FEED_PROTOCOL"),
    ):
        feed.until(lambda: False)


def test_refusal_after_data_was_served_is_the_exchanges_trouble_and_will_pass() -> None:
    def serves_then_refuses(client: Client) -> None:
        client.send(frame(snapshot(1, symbol="A")))
        client.send(frame())
        client.stay()

    with ScriptedExchange(serves_then_refuses) as exchange, LiveFeed(refusing(True), exchange.url, ["A"]) as feed:
        feed.until(lambda: exchange.connections >= 3)
        assert set(feed.gaps()) == {"start", "refused"}


# A fault of ours.


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_thread_that_dies_of_a_fault_of_ours_ends_the_part_instead_of_going_quiet() -> None:
    def fails(number: int) -> str:
        raise KeyError(number)

    faulty = replace(PLAIN, keepalive=Keepalive(0.0, fails))
    with (
        ScriptedExchange(Client.stay) as exchange,
        pytest.raises(GaveUp, match="link"),
        trying(exchange.url, faulty) as tried,
    ):
        await_true(lambda: not is_alive(tried.connection))


def is_alive(connection: FeedConnection) -> bool:
    try:
        connection.raise_if_ended()
    except GaveUp:
        return False
    return True
