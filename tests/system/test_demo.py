"""The demo as a user runs it: a process of its own, real servers, Ctrl-C, a resume, a kill, a reset."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Condition, Thread
from typing import Any, Protocol

import psutil
import pytest

from local.artifacts import ArtifactCache
from tests.simulator.running_exchange import running_exchange

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 240.0
GONE_SECONDS = 30.0
RATIO = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d)–\d\d:\d\d BTCUSD  bid .* ratio \d+\.\d+ ")
DECISION = re.compile(r" decision \d\d:\d\d–\d\d:\d\d BTCUSD: (buy|sell|none) \(forecast: (buy|sell)\): .")
DOCUMENTS = re.compile(r"Elasticsearch: [\d,]+ documents .*\d decisions")
RUNNING = ("kafka", "elasticsearch", "simulator", "producer-gemini", "spark", "indexer", "bot")
ONCE = ("topics", "history", "forecast")

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("artifact_cache")]


class Start(Protocol):
    """Starts a demo."""

    def __call__(self, parts: str = "all", **variables: str) -> "Demo":
        """`parts` is what it consists of; more variables of its environment may be given."""


class Demo:
    """A running demo and the lines that it has printed."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local", "demo"],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._changed = Condition()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def await_line(self, wanted: Callable[[str], bool]) -> str:
        """The first line that fits; fails when the demo ends or the deadline passes before."""

        def found() -> list[str]:
            return [line for line in self.lines if wanted(line)]

        with self._changed:
            self._changed.wait_for(lambda: found() or not self._reader.is_alive(), DEADLINE)
            assert found(), "\n".join(self.lines)
            return found()[0]

    def end(self, signum: int) -> int:
        """Sends a signal and waits for the end; returns the exit code."""
        self.process.send_signal(signum)
        code = self.process.wait(DEADLINE)
        self._reader.join(DEADLINE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def tree(self) -> list[psutil.Process]:
        """Every process below the demo."""
        return list(psutil.Process(self.process.pid).children(recursive=True))

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()


@pytest.fixture
def environ(
    tmp_path: Path, free_ports: Callable[[int], tuple[int, ...]], artifact_cache: ArtifactCache
) -> dict[str, str]:
    """Ports and a state folder of this test's own, a clock of speed 4, the artifacts that are there."""
    artifact_cache.fetch("elasticsearch")
    names = (
        "KAFKA_PORT",
        "KAFKA_CONTROLLER_PORT",
        "SIMULATOR_PORT",
        "SPARK_UI_PORT",
        "ELASTICSEARCH_PORT",
        "ELASTICSEARCH_TRANSPORT_PORT",
    )
    ports = dict(zip(names, map(str, free_ports(len(names))), strict=True))
    cache = {
        "RTC_CACHE": str(artifact_cache.folder),
        "STATE_DIR": str(tmp_path / "state"),
        "DEMO_SPEED": "4",
    }
    return {**os.environ, **ports, **cache}


@pytest.fixture
def start(environ: dict[str, str]) -> Iterator[Start]:
    """Starts a demo, `parts` being what it consists of; whatever a test has left running is ended after it."""
    started: list[Demo] = []

    def new(parts: str = "all", **variables: str) -> Demo:
        started.append(Demo({**environ, "DEMO_PARTS": parts, **variables}))
        return started[-1]

    yield new
    for demo in started:
        if demo.process.returncode is None:
            demo.end(signal.SIGTERM)


def command(environ: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "local", *arguments],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


def status(environ: dict[str, str]) -> dict[str, Any]:
    return dict(json.loads(command(environ, "status", "--json").stdout))


def minute_of(line: str) -> str | None:
    found = RATIO.search(line)
    return found[1] if found else None


def await_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=GONE_SECONDS)
    left = [process for process in alive if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert left == []


def test_demo_shows_ratios_and_decisions_stops_whole_resumes_and_forgets(
    start: Start, environ: dict[str, str], tmp_path: Path
) -> None:
    demo = start()
    demo.await_line(lambda line: minute_of(line) is not None)
    assert any("simulated price" in line for line in demo.lines)
    assert any("It will be incomplete" in line for line in demo.lines)
    assert any("SIMULATED market" in line for line in demo.lines)
    assert any("Expect losses" in line for line in demo.lines)
    demo.await_line(lambda line: DECISION.search(line) is not None)
    demo.await_line(lambda line: DOCUMENTS.search(line) is not None)

    seen = status(environ)
    assert seen["running"]
    states = {part["name"]: part["state"] for part in seen["parts"]}
    assert states == {**dict.fromkeys(RUNNING, "up"), **dict.fromkeys(ONCE, "done")}
    assert {topic["name"]: topic["records"] > 0 for topic in seen["topics"]}["gemini-feed"]
    assert seen["documents"]["crypto-decisions"] > 0
    (tailed,) = command(environ, "tail", "spark.out", "--from-start", "--count", "1").stdout.splitlines()
    assert json.loads(tailed)["type"] == "price_volume"
    assert command(environ, "reset").returncode == 1

    processes = demo.tree()
    assert demo.end(signal.SIGINT) == 0
    await_gone(processes)
    assert command(environ, "status").returncode == 3

    last = max(minute_of(line) or "" for line in demo.lines)
    resumed = start()
    resumed.await_line(lambda line: (minute_of(line) or "") > last)
    resumed.await_line(lambda line: DECISION.search(line) is not None)
    assert not any("forecast is done" in line for line in resumed.lines)
    assert resumed.end(signal.SIGTERM) == 0

    assert command(environ, "reset").stdout.startswith("Removed")
    assert not (tmp_path / "state" / "simulator").exists()


def test_killed_demo_takes_its_servers_with_it_and_leaves_files_only_in_its_folder(
    start: Start, environ: dict[str, str], tmp_path: Path
) -> None:
    demo = start("stream")
    demo.await_line(lambda line: "spark is up" in line)
    processes = demo.tree()
    servers = [process.cmdline() for process in processes if process.name() == "java"]
    assert len(servers) == 2
    temporary = f"-Djava.io.tmpdir={tmp_path / 'state'}/"
    assert all(any(option.startswith(temporary) for option in server) for server in servers)
    assert demo.end(signal.SIGKILL) == -signal.SIGKILL
    await_gone(processes)
    assert not status(environ)["running"]


def test_live_demo_keeps_trying_an_exchange_that_is_away_and_forecasts_by_its_candles(
    start: Start, environ: dict[str, str], tmp_path: Path
) -> None:
    # Bound and not listened to: nobody is reached there, and nobody else can take it meanwhile.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        where = {"FEED_URL": f"ws://127.0.0.1:{port}", "CANDLES_URL": f"http://127.0.0.1:{port}"}
        live = start(FEED="live", DEMO_SPEED="1", **where)
        live.await_line(lambda line: "The exchange is not reached" in line)
        live.await_line(lambda line: "No new forecast" in line and "the bot opens nothing" in line)
    with running_exchange(port=port):
        live.await_line(lambda line: "The exchange is reached." in line)
        live.await_line(lambda line: "A forecast was made." in line)
        live.await_line(lambda line: minute_of(line) is not None)
        live.await_line(lambda line: DECISION.search(line) is not None)
        assert not any("simulat" in line for line in live.lines)
        states = {
            part["name"]: part["state"] for part in status({**environ, "FEED": "live", "DEMO_SPEED": "1"})["parts"]
        }
        assert states == {**dict.fromkeys(set(RUNNING) - {"simulator"}, "up"), "forecast": "up", "topics": "done"}
        assert live.end(signal.SIGINT) == 0
    assert (tmp_path / "state" / "gemini" / "candles" / "BTCUSD.csv").is_file()
    assert not (tmp_path / "state" / "simulator").exists()
