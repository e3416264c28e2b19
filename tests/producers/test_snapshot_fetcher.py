"""Books by REST from a real server on loopback: asked for until they are there, never too often."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pipeline.back_off import BackOff
from pipeline.metrics import Metrics
from producers.arrivals import Arrival, FrameArrived, Instant
from producers.errors import MalformedFrame
from producers.feed_outcome import SnapshotWanted
from producers.inbox import Inbox
from producers.protocol import RestSnapshot
from producers.snapshot_fetcher import SnapshotFetcher
from tests.producers import rest_server
from tests.producers.rest_server import RestServer

PATIENCE = 30.0
Answer = tuple[int, dict[str, str], bytes]
BOOK: Answer = (200, {}, b'{"lastUpdateId":7}')
INVALID: Answer = (400, {}, b'{"code":-1121,"msg":"Invalid symbol."}')


class BookServer:
    """Gives the n-th answer to the n-th request, and the last one to all after it; remembers when it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.asked: list[tuple[float, str]] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append((time.monotonic(), self.path))
                status, headers, body = answers[min(len(asked), len(answers)) - 1]
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> BookServer:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def paths(self) -> list[str]:
        return [path for _, path in self.asked]


def named(symbol: str, body: bytes) -> bytes:
    if not body.startswith(b"{"):
        raise MalformedFrame("no book", symbol=symbol)
    return symbol.encode() + body


@contextmanager
def fetching(
    url: str, inbox: Inbox, *, apart: float = 0.0, timeout: float = PATIENCE, most_bytes: int = 100_000
) -> Iterator[tuple[SnapshotFetcher, Metrics]]:
    metrics = Metrics()
    fetcher = SnapshotFetcher(
        RestSnapshot(url, lambda symbol: f"/book/{symbol}", named),
        "",
        BackOff(0.02, 0.05),
        inbox,
        lambda: Instant(0, 0.0),
        metrics,
        apart_seconds=apart,
        timeout_seconds=timeout,
        most_bytes=most_bytes,
    )
    fetcher.start()
    try:
        yield fetcher, metrics
    finally:
        fetcher.stop(PATIENCE)


def until(inbox: Inbox, condition: Callable[[list[Arrival]], bool]) -> list[Arrival]:
    arrivals: list[Arrival] = []
    deadline = time.monotonic() + PATIENCE
    while not condition(arrivals):
        assert time.monotonic() < deadline, arrivals
        arrivals += inbox.take(100, 0.05)
    return arrivals


def await_true(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def count_of(metrics: Metrics, name: str) -> int:
    counted = metrics.snapshot().get(name, 0)
    assert isinstance(counted, int)
    return counted


def wish(symbol: str, connection: str = "c-1") -> SnapshotWanted:
    return SnapshotWanted("link", connection, symbol)


def test_answer_arrives_as_a_frame_of_the_connection_that_wanted_it() -> None:
    inbox = Inbox(100, 100_000)
    with BookServer(BOOK) as server, fetching(server.url, inbox) as (fetcher, _):
        fetcher.want(wish("BTCUSDT"))
        fetcher.want(wish("ETHUSDT"))
        frames = until(inbox, lambda got: len(got) == 2)
    assert all(isinstance(frame, FrameArrived) for frame in frames)
    assert [(f.link, f.connection, f.number, f.payload) for f in frames if isinstance(f, FrameArrived)] == [
        ("link", "c-1", -1, b'BTCUSDT{"lastUpdateId":7}'),
        ("link", "c-1", -2, b'ETHUSDT{"lastUpdateId":7}'),
    ]
    assert server.paths == ["/book/BTCUSDT", "/book/ETHUSDT"]


def test_trouble_of_any_kind_is_tried_again_until_the_book_is_there() -> None:
    wrong: list[Answer] = [
        (500, {}, b""),
        (404, {}, b"{}"),
        (301, {"Location": "http://127.0.0.1:9/"}, b""),
        (200, {"Content-Encoding": "gzip"}, b"this is no gzip"),
        (200, {}, b"<html>busy</html>"),
        (200, {}, b"{" + b"x" * 200_000),
        (200, {"Content-Length": "10"}, b"{"),
        BOOK,
    ]
    inbox = Inbox(100, 100_000)
    with BookServer(*wrong) as server, fetching(server.url, inbox, timeout=2.0) as (fetcher, metrics):
        fetcher.want(wish("A"))
        frames = until(inbox, lambda got: len(got) == 1)
        assert isinstance(frames[0], FrameArrived)
        assert len(server.asked) == len(wrong)
        assert metrics.snapshot() == {"snapshots_failed": len(wrong) - 1, "snapshots_fetched": 1}
        fetcher.raise_if_ended()


def test_requests_keep_their_distance_whoever_wants_them() -> None:
    inbox = Inbox(100, 100_000)
    with BookServer(BOOK) as server, fetching(server.url, inbox, apart=0.2) as (fetcher, _):
        for symbol in "ABCD":
            fetcher.want(wish(symbol))
        until(inbox, lambda got: len(got) == 4)
    times = [moment for moment, _ in server.asked]
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= 0.2


def test_ban_is_kept_as_long_as_the_exchange_says() -> None:
    inbox = Inbox(100, 100_000)
    banned: Answer = (429, {"Retry-After": "1"}, b"")
    with BookServer(banned, BOOK) as server, fetching(server.url, inbox) as (fetcher, _):
        fetcher.want(wish("A"))
        until(inbox, lambda got: len(got) == 1)
    first, second = (moment for moment, _ in server.asked)
    assert second - first >= 1.0


def test_answer_for_which_there_is_no_room_is_fetched_again() -> None:
    inbox = Inbox(1, 100_000)
    inbox.put(FrameArrived("link", "c-1", 0, b"", Instant(0, 0.0)))
    with BookServer(BOOK) as server, fetching(server.url, inbox) as (fetcher, metrics):
        fetcher.want(wish("A"))
        await_true(lambda: len(server.asked) >= 2)
        frames = until(inbox, lambda got: len(got) == 2)
        assert isinstance(frames[1], FrameArrived)
        assert frames[1].payload == b'A{"lastUpdateId":7}'
        failed = metrics.snapshot()["snapshots_failed"]
    assert isinstance(failed, int)
    assert failed >= 1


def test_book_of_a_connection_that_is_gone_is_not_asked_for_again() -> None:
    inbox = Inbox(100, 100_000)
    with BookServer((500, {}, b"")) as server, fetching(server.url, inbox) as (fetcher, _):
        fetcher.want(wish("A"))
        await_true(lambda: len(server.asked) >= 1)
        fetcher.forget("c-1")
        fetcher.want(wish("B", "c-2"))
        await_true(lambda: "/book/B" in server.paths)
        before = server.paths.count("/book/A")
        await_true(lambda: server.paths.count("/book/B") >= 3)
        assert server.paths.count("/book/A") == before


def test_server_that_is_away_is_not_asked_in_a_hot_loop() -> None:
    with BookServer(BOOK) as server:
        pass
    inbox = Inbox(100, 100_000)
    with fetching(server.url, inbox, apart=0.1) as (fetcher, metrics):
        began = time.monotonic()
        fetcher.want(wish("A"))
        await_true(lambda: count_of(metrics, "snapshots_failed") >= 5)
        failed = count_of(metrics, "snapshots_failed")
        assert time.monotonic() - began >= (failed - 1) * 0.1


@pytest.mark.parametrize(
    "slow",
    [rest_server.Answer(hangs=True), rest_server.Answer(b"{", trickles=True)],
    ids=["hangs", "trickles"],
)
def test_answer_that_does_not_come_whole_in_time_is_asked_for_again(slow: rest_server.Answer) -> None:
    inbox = Inbox(100, 100_000)
    with (
        RestServer(slow, rest_server.Answer(b"{}")) as server,
        fetching(server.url, inbox, timeout=0.4) as (fetcher, _),
    ):
        fetcher.want(wish("A"))
        until(inbox, lambda got: len(got) == 1)
    assert len(server.asked) == 2


@pytest.mark.parametrize("status", [418, 429])
def test_ban_without_a_length_is_long_and_stopping_does_not_wait_for_it(status: int) -> None:
    with BookServer((status, {}, b""), BOOK) as server:
        with fetching(server.url, Inbox(100, 100_000)) as (fetcher, metrics):
            fetcher.want(wish("A"))
            await_true(lambda: metrics.snapshot().get("snapshots_failed") == 1)
            began = time.monotonic()
        assert time.monotonic() - began < PATIENCE / 2
        assert len(server.asked) == 1


def test_symbol_that_is_refused_does_not_keep_the_others_from_their_books() -> None:
    inbox = Inbox(100, 100_000)
    with BookServer(INVALID, BOOK) as server, fetching(server.url, inbox) as (fetcher, _):
        fetcher.want(wish("A"))
        fetcher.want(wish("B"))
        until(inbox, lambda got: len(got) == 2)
    assert sorted(server.paths[1:]) == ["/book/A", "/book/B"]


def test_refusal_is_logged_with_what_the_exchange_said(capfd: pytest.CaptureFixture[str]) -> None:
    inbox = Inbox(100, 100_000)
    with BookServer(INVALID, BOOK) as server, fetching(server.url, inbox) as (fetcher, _):
        fetcher.want(wish("A"))
        until(inbox, lambda got: len(got) == 1)
    assert "Invalid symbol." in capfd.readouterr().err


class ReadAndWantedAgain(Inbox):
    """The answer is read at once, and found too old: the book is wanted again before `put` returns."""

    def __init__(self, again: Callable[[], None]) -> None:
        super().__init__(100, 100_000)
        self._again: Callable[[], None] | None = again

    def put(self, arrival: Arrival) -> bool:
        stays = super().put(arrival)
        if self._again is not None:
            self._again()
            self._again = None
        return stays


def test_book_that_is_wanted_again_while_it_is_handed_over_is_fetched_again() -> None:
    with BookServer(BOOK) as server:
        inbox = ReadAndWantedAgain(lambda: fetcher.want(wish("A")))
        with fetching(server.url, inbox) as (fetcher, _):
            fetcher.want(wish("A"))
            until(inbox, lambda got: len(got) == 2)
