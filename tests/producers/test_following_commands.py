"""`python -m producers watch|tops|lines|latency` as processes of their own, against scripted exchanges."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.errors import EXIT_CONFIG, EXIT_OK, EXIT_RESTART
from tests.producers.frames import change, first_book, heartbeat, trade, update
from tests.producers.rest_server import Answer, RestServer
from tests.producers.scripted_exchange import BINARY, Client, ScriptedExchange
from tests.producers.upbit_frames import BOOK, orderbook, written

# Real sockets and real time-outs: minutes of waiting.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
UPBIT_LINE = f"btckrw@orderbook,{written(BOOK)}"
DEPTH = b'{"stream":"ethusdt@depth5","data":{"lastUpdateId":7,"bids":[["100.00","1.5"]],"asks":[["101.00","2.50"]]}}'
DEPTH_LINE = 'ethusdt@orderbook,bids:[["100.00","1.5"]],asks:[["101.00","2.50"]]'
TRADE = (
    b'{"stream":"ethusdt@trade","data":{"e":"trade","E":5,"s":"ETHUSDT","t":9,"p":"100.00","q":"0.10","T":5,"m":true}}'
)


def now_ms() -> int:
    return round(time.time() * 1000)


def gemini(client: Client) -> None:
    """A first book, a bid that is placed, a heartbeat, a trade that takes the ask, then every 20 ms a new bid."""
    for payload in (
        first_book(),
        update(1, now_ms(), change("bid", "100.50", "1.5")),
        heartbeat(2),
        update(3, now_ms(), trade(7, "101.00", "2"), change("ask", "101.00", "0", "trade", "-2")),
    ):
        client.send(payload)
    number = 4
    while not client.stopping:
        client.wait(0.02)
        client.send(update(number, now_ms(), change("bid", "100.75", str(number))))
        number += 1


def upbit(client: Client) -> None:
    """What Upbit sends, once it was asked."""
    client.greetings.append(client.read_frame()[1])
    while not client.stopping:
        client.send(orderbook(time=now_ms()), BINARY)
        client.wait(0.02)


def binance(client: Client) -> None:
    """Depth and trades by turns."""
    while not client.stopping:
        client.send(DEPTH)
        client.send(TRADE)
        client.wait(0.02)


@contextmanager
def command(*words: str | Path, cwd: Path, **env: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "producers", *words],
        cwd=cwd,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT), "FEED_BACK_OFF_FIRST_SECONDS": "0.1", **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def finished(*words: str | Path, cwd: Path, code: int = EXIT_OK, **env: str) -> tuple[str, str]:
    """What it printed and what it told on standard error."""
    with command(*words, cwd=cwd, **env) as process:
        printed, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, told
    assert "Traceback" not in told
    return printed, told


def until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def test_watch_prints_each_event_and_tells_when_it_was_opened_and_closed(tmp_path: Path) -> None:
    with ScriptedExchange(gemini) as exchange:
        printed, told = finished(
            "watch", "gemini", "btcusd", "--protocol", "v1", "--url", exchange.url, "--seconds", "1.5", cwd=tmp_path
        )
    events = [json.loads(line) for line in printed.splitlines()]
    assert [(event["type"], event["price"]) for event in events[:5]] == [
        ("change", "100.00"),
        ("change", "101.00"),
        ("change", "100.50"),
        ("trade", "101.00"),
        ("change", "101.00"),
    ]
    assert re.search(r"^Opened, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ UTC$", told, re.MULTILINE)
    assert re.search(r"^Closed, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ UTC$", told, re.MULTILINE)


def test_watch_of_frames_prints_heartbeats_too(tmp_path: Path) -> None:
    with ScriptedExchange(gemini) as exchange:
        words = ("watch", "gemini", "BTCUSD", "--protocol", "v1", "--frames", "--url", exchange.url, "--seconds", "1.5")
        printed, _ = finished(*words, cwd=tmp_path)
    assert printed.splitlines()[:3:2] == [first_book().decode(), heartbeat(2).decode()]


def test_watch_ends_quietly_when_nobody_reads_any_more(tmp_path: Path) -> None:
    with (
        ScriptedExchange(gemini) as exchange,
        command("watch", "gemini", "BTCUSD", "--protocol", "v1", "--url", exchange.url, cwd=tmp_path) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline()
        process.stdout.close()
        process.stdout = None
        _, told = process.communicate(timeout=PATIENCE)
        assert process.returncode == EXIT_OK, told
        assert "Broken" not in told


def test_tops_are_the_best_levels_after_each_message(tmp_path: Path) -> None:
    with ScriptedExchange(gemini) as exchange:
        words = ("tops", "gemini", "btcusd", "--protocol", "v1", "--limit", "1", "--url", exchange.url)
        before = now_ms()
        _, told = finished(*words, "--seconds", "1.5", cwd=tmp_path)
    lines = lines_of(tmp_path / "BTCUSD.txt")
    # The heartbeat tells nothing; each other message has its line.
    tops = [json.loads(line) for line in lines]
    assert [(top["bids"], top["asks"]) for top in tops[:4]] == [
        ([[100.0, 1.0]], [[101.0, 2.0]]),
        ([[100.5, 1.5]], [[101.0, 2.0]]),
        ([[100.5, 1.5]], []),
        ([[100.75, 4.0]], []),
    ]
    assert lines[0].startswith('{"bids": [[100.0, 1.0]], "asks": [[101.0, 2.0]], "ts": ')
    times = [top["ts"] for top in tops]
    assert times == sorted(times)
    assert before <= times[0] <= times[-1] <= now_ms()
    assert f"wrote {len(lines)} lines" in told


def test_tops_after_a_lost_message_wait_for_the_whole_book(tmp_path: Path) -> None:
    def gap(client: Client) -> None:
        client.send(first_book())
        client.send(update(2, now_ms(), change("bid", "100.99", "9")))
        client.stay()

    def other(client: Client) -> None:
        client.send(first_book(change("bid", "50.00", "5", "initial")))
        client.stay()

    out = tmp_path / "tops.txt"
    with (
        ScriptedExchange(gap, other) as exchange,
        command(
            "tops", "gemini", "BTCUSD", "--protocol", "v1", "--out", out, "--url", exchange.url, cwd=tmp_path
        ) as process,
    ):
        until(lambda: len(lines_of(out)) == 2, process)
    assert [json.loads(line)["bids"] for line in lines_of(out)] == [[[100.0, 1.0]], [[50.0, 5.0]]]


def test_lines_of_two_exchanges_go_into_one_file(tmp_path: Path) -> None:
    words = ("lines", "--exchange", "binance:ethusdt", "--exchange", "upbit:KRW-BTC")
    with ScriptedExchange(binance) as first, ScriptedExchange(upbit) as second:
        urls = ("--url", f"binance={first.url}", "--url", f"upbit={second.url}")
        _, told = finished(*words, *urls, "--seconds", "2", cwd=tmp_path)
        assert "ethusdt@depth5" in first.paths[0]
        assert "ethusdt@trade" in first.paths[0]
    lines = lines_of(tmp_path / "stream-data-multi.txt")
    assert set(lines) == {DEPTH_LINE, "ethusdt@trade, p:100.00,q:0.10", UPBIT_LINE}
    # They alternate: neither waits for the other.
    assert len({line.partition("@")[0] for line in lines[:20]}) == 2
    assert f"wrote {len(lines)} lines" in told


@pytest.mark.parametrize(
    ("exchange", "symbol", "script", "kinds"),
    [
        ("binance", "ETHUSDT", binance, {"ethusdt@orderbook"}),
        ("upbit", "krw-btc", upbit, {"btckrw@orderbook"}),
    ],
)
def test_order_book_alone_of_one_exchange_has_a_file_of_its_name(
    tmp_path: Path, exchange: str, symbol: str, script: Callable[[Client], None], kinds: set[str]
) -> None:
    asked: list[Client] = []

    def noted(client: Client) -> None:
        asked.append(client)
        script(client)

    with ScriptedExchange(noted) as served:
        words = ("lines", "--exchange", f"{exchange}:{symbol}", "--no-trades", "--url", f"{exchange}={served.url}")
        finished(*words, "--seconds", "1", cwd=tmp_path, FEED_URL="ws://127.0.0.1:1", FEED_PROTOCOL="v1")
    assert b"trade" not in asked[0].path.encode() + b"".join(asked[0].greetings)
    assert kinds <= {line.partition(",")[0] for line in lines_of(tmp_path / f"stream-data-{exchange}.txt")}


def test_killed_writers_leave_only_whole_lines(tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    with ScriptedExchange(upbit) as exchange:
        words = ("lines", "--exchange", "upbit:KRW-BTC", "--out", out, "--url", f"upbit={exchange.url}")
        for run in range(4):
            with command(*words, cwd=tmp_path) as process:
                before = len(lines_of(out))
                until(lambda before=before: len(lines_of(out)) > before + 3, process)  # type: ignore[misc]
                process.send_signal(signal.SIGKILL)
                process.wait(PATIENCE)
            with out.open("a") as file:
                file.write(UPBIT_LINE[: 30 * run])  # as if the kill had come in the middle of a line
        _, told = finished(*words, "--seconds", "1", cwd=tmp_path)
    assert "cut off half a line" in told
    assert out.read_bytes().endswith(b"\n")
    assert set(lines_of(out)) == {UPBIT_LINE}


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_with_what_was_written(tmp_path: Path, stop: signal.Signals) -> None:
    out = tmp_path / "out.txt"
    with ScriptedExchange(upbit) as exchange:
        words = ("lines", "--exchange", "upbit:KRW-BTC", "--out", out, "--url", f"upbit={exchange.url}")
        with command(*words, cwd=tmp_path) as process:
            until(lambda: len(lines_of(out)) > 3, process)
            process.send_signal(stop)
            _, told = process.communicate(timeout=PATIENCE)
            assert process.returncode == EXIT_OK, told
    assert f"wrote {len(lines_of(out))} lines" in told


def test_latency_compares_both_ways(tmp_path: Path) -> None:
    with ScriptedExchange(gemini) as exchange, RestServer(Answer(b'{"bids":[],"asks":[]}')) as rest:
        words = ("latency", "gemini", "btcusd", "--protocol", "v1", "--url", exchange.url, "--rest-url", rest.url)
        printed, _ = finished(*words, "--seconds", "3", "--every", "0.1", cwd=tmp_path, COLUMNS="140")
    assert set(rest.asked) == {"/v1/book/btcusd"}
    rows = {
        cells[1].strip(): [cell.strip() for cell in cells[2:7]] for cells in map(_cells, printed.splitlines()) if cells
    }
    for what in (
        "REST, a new connection for each request",
        "REST, one connection kept",
        "socket, from the exchange's time to receipt",
        "socket, from one message to the next",
    ):
        times, middle, _, least, most = rows[what]
        assert int(times) >= 3
        assert float(least) <= float(middle) <= float(most)
    assert float(rows["socket, from one message to the next"][1]) >= 15
    assert "Who asks every 0.1 s" in printed


def _cells(line: str) -> list[str]:
    return line.split("│") if line.count("│") >= 6 else []


def test_latency_goes_on_without_rest_and_says_why(tmp_path: Path) -> None:
    with ScriptedExchange(gemini) as exchange, RestServer(Answer(status=404)) as rest:
        words = ("latency", "gemini", "btcusd", "--protocol", "v1", "--url", exchange.url, "--rest-url", rest.url)
        printed, _ = finished(*words, "--seconds", "1.5", "--every", "0.1", cwd=tmp_path)
    assert re.search(r"\d+ requests failed, the last one: HTTP status 404", printed)


def test_latency_of_nothing_is_an_error(tmp_path: Path) -> None:
    words = ("latency", "gemini", "btcusd", "--url", "ws://127.0.0.1:1", "--seconds", "0.5")
    _, told = finished(*words, cwd=tmp_path, code=EXIT_RESTART)
    assert "neither by REST nor by its socket" in told


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("tops", "gemini", "BTCUSD", "--out", "/nowhere/x.txt"), "/nowhere/x.txt cannot be written"),
        (("tops", "gemini", "BTCUSD", "--protocol", "v9"), "gemini has"),
        (("tops", "upbit", "BTCUSD"), "KRW-BTC"),
        (("watch", "gemini", "BTCUSD", "--url", "http://127.0.0.1"), "expected an address such as wss://"),
        (("lines", "--exchange", "upbit:KRW-BTC", "--url", "binance=ws://127.0.0.1:1"), "--url names binance"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_said_in_a_line(tmp_path: Path, words: tuple[str, ...], named: str) -> None:
    _, told = finished(*words, cwd=tmp_path, code=EXIT_CONFIG)
    assert named in told


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("lines",), "--exchange"),
        (("lines", "--exchange", "gemini:BTCUSD"), "binance:SYMBOL"),
        (("lines", "--exchange", "upbit"), "upbit:SYMBOL"),
        (("tops", "gemini", "BTCUSD,ETHUSD"), "one symbol"),
        (("tops", "gemini", "BTCUSD", "--limit", "0"), "whole number"),
        (("watch", "gemini", "BTCUSD", "--seconds", "-1"), "above 0"),
        (("watch", "mtgox", "BTCUSD"), "gemini"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_arguments_are_named(tmp_path: Path, words: tuple[str, ...], named: str) -> None:
    _, told = finished(*words, cwd=tmp_path, code=2)
    assert named in told
