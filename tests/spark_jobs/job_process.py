"""The liquidity job as a user starts it: started, watched, killed, and always gone at the end."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from pipeline.topics import DEAD_LETTERS, HEALTH, SPARK_OUT, TopicSpec, create_topics, feed_topic

ROOT = Path(__file__).resolve().parents[2]
GENEROUS_SECONDS = 300  # most of it is for a machine that has much else to do
SHORT_LIVED_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""A test's Java lives for seconds: thorough compilation and a parallel collector would not pay."""


class JobProcess:
    """One run of `python -m spark_jobs run` in a process group of its own."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "spark_jobs", "run"],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pgid(self) -> int:
        return self.process.pid

    def messages(self) -> list[dict[str, Any]]:
        """The lines of our own log so far."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def await_message(self, text: str) -> dict[str, Any]:
        """The first line of our log that has `text`; fails when the job ends before, or takes too long."""
        deadline = time.monotonic() + GENEROUS_SECONDS
        while time.monotonic() < deadline:
            found = [message for message in self.messages() if text in message["message"]]
            if found:
                return found[0]
            with suppress(subprocess.TimeoutExpired):
                code = self.process.wait(0.2)
                raise AssertionError(f"the job ended with {code}: {self.tail()}")
        raise AssertionError(f"no {text!r} in the job's log: {self.tail()}")

    def await_end(self) -> int:
        """The exit code."""
        return self.process.wait(GENEROUS_SECONDS)

    def java(self) -> psutil.Process:
        """Spark's Java process."""
        (child,) = (each for each in psutil.Process(self.process.pid).children() if each.name() == "java")
        return child

    def tail(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-3000:]

    def end(self) -> None:
        """Nothing of it is left, whatever state it was in."""
        with suppress(ProcessLookupError):
            os.killpg(self.pgid, signal.SIGKILL)
        self.process.wait(GENEROUS_SECONDS)


class Job:
    """The job's surroundings: an exchange that no other test has, its topics, and a folder for its state."""

    def __init__(self, bootstrap: str, exchange: str, environment: Mapping[str, str], folder: Path) -> None:
        self.bootstrap = bootstrap
        self.exchange = exchange
        self.topic = feed_topic(exchange)
        self._folder = folder
        self._runs = 0
        self._environment = {
            **environment,
            "KAFKA_BOOTSTRAP": bootstrap,
            "STATE_DIR": str(folder / "state"),
            "SPARK_EXCHANGES": exchange,
            "SPARK_UI_PORT": "0",
            "SPARK_DRIVER_MEMORY": "512m",
            "SPARK_DEAD_LETTER_SECONDS": "1",
            "JDK_JAVA_OPTIONS": SHORT_LIVED_JAVA,
        }

    @property
    def checkpoint(self) -> Path:
        return self._folder / "state" / "checkpoints" / f"liquidity-{self.exchange}"

    def make_topics(self) -> None:
        names = (self.topic, SPARK_OUT, DEAD_LETTERS, HEALTH)
        create_topics(self.bootstrap, tuple(TopicSpec(name, 1, -1) for name in names))

    @contextmanager
    def running(self) -> Iterator[JobProcess]:
        """A run of the job over the same state as those before it; its end is seen to."""
        self._runs += 1
        process = JobProcess(self._environment, self._folder / f"run-{self._runs}.log")
        try:
            yield process
        finally:
            process.end()
