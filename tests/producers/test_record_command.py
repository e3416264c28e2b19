"""`python -m producers record` as a process of its own, against a scripted exchange: stopped, timed, killed."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from market.records import L2, Gap, decode_feed
from pipeline.errors import EXIT_BUG, EXIT_CONFIG, EXIT_OK
from pipeline.process import StopSignal
from pipeline.settings import load
from producers.arrivals import Arrival, Connected, ConnectionLost, FrameArrived
from producers.recordings.errors import WrongRecording
from producers.recordings.recording_reader import RecorderArrivals
from producers.replay import ReplayOptions, replay
from producers.settings import ProducerSettings
from tests.producers import binance_made_up as binance
from tests.producers.frames import change, first_book, update
from tests.producers.rest_server import Answer, RestServer
from tests.producers.scripted_exchange import Client, ScriptedExchange

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


def told(number: int) -> bytes:
    """The n-th frame of a connection."""
    return update(number, 1_767_225_600_000 + number, change("bid", "100.00", str(number))) if number else first_book()


def steadily(client: Client) -> None:
    """A first book, then an update every 20 ms."""
    number = 0
    while not client.stopping:
        client.send(told(number))
        number += 1
        client.wait(0.02)


GEMINI = ("gemini", "BTCUSD", "--protocol", "v1")


@contextmanager
def recording(
    url: str, out: Path, *options: str, what: Sequence[str] = GEMINI, limit_blocks: int | None = None, **environ: str
) -> Iterator[subprocess.Popen[str]]:
    limit = ["sh", "-c", f'ulimit -f {limit_blocks} && exec "$@"', "sh"] if limit_blocks else []
    process = subprocess.Popen(
        [*limit, sys.executable, "-m", "producers", "record", *what, "--out", out, *options],
        cwd=ROOT,
        env={
            "PATH": os.environ.get("PATH", ""),
            "FEED_URL": url,
            "FEED_BACK_OFF_FIRST_SECONDS": "0.1",
            **environ,
        },
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read(path: Path) -> list[Arrival]:
    return list(RecorderArrivals(path))


def read_when(path: Path, condition: Callable[[list[Arrival]], bool]) -> list[Arrival]:
    """What the recording holds as soon as it is what is waited for."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            arrivals = read(path)
        except (FileNotFoundError, WrongRecording):
            arrivals = []
        if condition(arrivals):
            return arrivals
        assert time.monotonic() < deadline
        time.sleep(0.05)


def payloads(arrivals: list[Arrival], connection: str | None = None) -> list[bytes]:
    return [
        arrival.payload
        for arrival in arrivals
        if isinstance(arrival, FrameArrived) and connection in (None, arrival.connection)
    ]


def test_killed_recorder_leaves_all_but_the_last_second(tmp_path: Path) -> None:
    out = tmp_path / "btc.zst"
    sent_at: list[float] = []

    def timed(client: Client) -> None:
        while not client.stopping:
            client.send(told(len(sent_at)))
            sent_at.append(time.monotonic())
            client.wait(0.02)

    with ScriptedExchange(timed) as exchange, recording(exchange.url, out) as process:
        read_when(out, lambda arrivals: len(payloads(arrivals)) >= 100)
        process.send_signal(signal.SIGKILL)
        killed_at = time.monotonic()
        process.wait(PATIENCE)
    source = RecorderArrivals(out)
    kept = payloads(list(source))
    assert kept == [told(number) for number in range(len(kept))]
    # A second may be lost, and a loaded machine takes its time.
    assert len(kept) >= sum(sent < killed_at - 1.5 for sent in sent_at)
    assert "killed" in source.notes[0]


def test_stopped_recorder_says_what_it_has_and_ends_its_file(tmp_path: Path) -> None:
    out = tmp_path / "btc.zst"
    with ScriptedExchange(steadily) as exchange, recording(exchange.url, out) as process:
        read_when(out, lambda arrivals: len(payloads(arrivals)) >= 5)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == EXIT_OK, said
    source = RecorderArrivals(out)
    arrivals = list(source)
    assert source.notes == []
    # Stopping is no loss: the book is whole to the end.
    assert [type(arrival) for arrival in arrivals if not isinstance(arrival, FrameArrived)] == [Connected]
    assert f"recorded {len(payloads(arrivals))} frames" in said


def test_recorder_stops_after_the_time_it_was_given(tmp_path: Path) -> None:
    out = tmp_path / "btc.zst"
    with ScriptedExchange(steadily) as exchange, recording(exchange.url, out, "--seconds", "1.5") as process:
        _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == EXIT_OK, said
    assert payloads(read(out))


def test_address_on_the_command_line_comes_before_that_of_the_settings(tmp_path: Path) -> None:
    out = tmp_path / "btc.zst"
    with (
        ScriptedExchange(steadily) as exchange,
        recording("ws://127.0.0.1:9", out, "--url", exchange.url),
    ):
        assert read_when(out, lambda arrivals: len(payloads(arrivals)) >= 1)


def test_lost_connection_and_the_next_one_are_in_the_recording(tmp_path: Path) -> None:
    def brief(client: Client) -> None:
        for number in range(3):
            client.send(told(number))

    out = tmp_path / "btc.zst"
    with ScriptedExchange(brief, steadily) as exchange, recording(exchange.url, out):
        arrivals = read_when(out, lambda arrivals: len(payloads(arrivals)) >= 6)
    names = [arrival.connection for arrival in arrivals if isinstance(arrival, Connected)]
    assert len(names) == 2
    lost = next(arrival for arrival in arrivals if isinstance(arrival, ConnectionLost))
    assert lost.connection == names[0]
    assert payloads(arrivals, names[0]) == [told(number) for number in range(3)]
    assert payloads(arrivals, names[1])[0] == told(0)


def test_feed_beside_the_recorder_connects_anew_after_a_gap(tmp_path: Path) -> None:
    def skipping(client: Client) -> None:
        client.send(told(0))
        client.send(told(2))
        client.stay()

    out = tmp_path / "btc.zst"
    with ScriptedExchange(skipping, steadily) as exchange, recording(exchange.url, out):
        arrivals = read_when(out, lambda arrivals: sum(isinstance(arrival, Connected) for arrival in arrivals) >= 2)
    lost = next(arrival for arrival in arrivals if isinstance(arrival, ConnectionLost))
    assert lost.reason == "sequence_gap"


def test_books_that_were_asked_for_are_in_the_recording_and_make_its_replay_whole(tmp_path: Path) -> None:
    def updates(client: Client) -> None:
        number = 1
        while not client.stopping:
            client.send(binance.depth(number, number, time=int(time.time() * 1000)))
            number += 1
            client.wait(0.02)

    out = tmp_path / "binance.zst"
    asked = Answer(json.dumps(binance.book(3)).encode())
    with (
        ScriptedExchange(updates) as exchange,
        RestServer(asked) as rest,
        recording(exchange.url, out, what=("binance", "BTCUSDT", "--protocol", "diff"), FEED_REST_URL=rest.url),
    ):
        arrivals = read_when(
            out,
            lambda arrivals: (
                any(isinstance(arrival, FrameArrived) and arrival.number < 0 for arrival in arrivals)
                and len(payloads(arrivals)) > 20
            ),
        )
    assert sum(b"lastUpdateId" in payload for payload in payloads(arrivals)) == 1
    written, said = io.BytesIO(), list[str]()
    options = ReplayOptions(out, "binance", speed=None, to="jsonl")
    replay(options, written, said.append, load(ProducerSettings, {}), StopSignal())
    records = [decode_feed(line) for line in written.getvalue().splitlines()]
    assert isinstance(records[0], Gap)
    changes = [record for record in records if isinstance(record, L2)]
    # The book as of update 3, then every update after it.
    assert [change.reason for change in changes[0].changes] == ["initial", "initial"]
    assert len(changes) > 15
    assert "has no book" not in said[0]


def test_rotated_recording_is_one_recording(tmp_path: Path) -> None:
    out = tmp_path / "btc.zst"
    with (
        ScriptedExchange(steadily) as exchange,
        recording(exchange.url, out, "--rotate-mb", "0.000001", "--seconds", "4") as process,
    ):
        _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == EXIT_OK, said
    assert (tmp_path / "btc.0002.zst").exists()
    source = RecorderArrivals(out)
    kept = payloads(list(source))
    assert kept == [told(number) for number in range(len(kept))]
    assert source.notes == []


def test_disk_that_takes_no_more_ends_the_recorder_and_spoils_nothing(tmp_path: Path) -> None:
    def large(client: Client) -> None:
        number = 0
        while not client.stopping:
            levels = [change("bid", f"{price}.{number % 100:02}", f"{price * number}.5") for price in range(1, 400)]
            client.send(update(number, 1_767_225_600_000 + number, *levels) if number else first_book(*levels))
            number += 1
            client.wait(0.02)

    out = tmp_path / "btc.zst"
    with (
        ScriptedExchange(large) as exchange,
        recording(exchange.url, out, limit_blocks=50) as process,
    ):
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == EXIT_BUG
    assert "takes no more: File too large; what was written before can be replayed" in said
    assert "Traceback" not in said
    assert payloads(read(out))


@pytest.mark.parametrize("wrong", [("--seconds", "0"), ("--rotate-mb", "x")], ids=str)
def test_wrong_option_is_told(tmp_path: Path, wrong: tuple[str, str]) -> None:
    with recording("ws://127.0.0.1:9", tmp_path / "btc.zst", *wrong) as process:
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert "expected a number above 0" in said


def test_existing_file_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "btc.zst"
    out.write_text("mine")
    with recording("ws://127.0.0.1:9", out) as process:
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == EXIT_CONFIG
    assert "is there already and is not overwritten" in said
    assert "Traceback" not in said
    assert out.read_text() == "mine"
