"""A whole run for the tests of the minutes: real servers and parts, a fast clock, and what its topics hold."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from local.artifacts import ArtifactCache
from local.jdk import find_jdk
from local.part_plans import Tools
from local.settings import LocalSettings
from local.system import LocalSystem
from local.whole_system import whole_system
from pipeline.kafka_clients import read_to_end
from pipeline.settings import load
from pipeline.topics import GEMINI_FEED, SPARK_OUT
from tests.ports import free_ports
from tests.recount import Comparison, compare

MINUTE_MS = 60_000
SPEED = 4.0
LOOK_SECONDS = 1.0

Json = dict[str, Any]


@dataclass(frozen=True)
class Minutes:
    """What a run has written: the feed's records and the minutes of `spark.out`, up to the end of a whole minute."""

    feed: list[Json]
    out: list[Json]

    def of(self, window_start: int) -> Json:
        """The minute that begins then."""
        (found,) = {
            json.dumps(record): record for record in self.out if record["window_start"] == window_start
        }.values()
        return found

    def compared(self) -> Comparison:
        """The verdict of the recount, every minute being due."""
        return compare(self.feed, self.out, closing_ms=-2_000)


class PipelineRun:
    """A running system, and what to ask of it."""

    def __init__(self, system: LocalSystem, settings: LocalSettings) -> None:
        self.system = system
        self.settings = settings

    def values(self, topic: str) -> list[Json]:
        """Every record of a topic."""
        return [json.loads(value) for value in read_to_end(self.settings.bootstrap, topic)]

    def await_minutes(self, last_start: int, deadline_seconds: float) -> Minutes:
        """Waits until the minute that begins then is written; the records up to its end."""

        def written() -> bool:
            return any(record["window_start"] >= last_start for record in self.values(SPARK_OUT))

        self.await_true(written, deadline_seconds, f"the minute {last_start} in spark.out")
        end = last_start + MINUTE_MS
        return Minutes(
            feed=[record for record in self.values(GEMINI_FEED) if record["event_time"] < end],
            out=[record for record in self.values(SPARK_OUT) if record["window_start"] < end],
        )

    def await_true(
        self, condition: Callable[[], bool], deadline_seconds: float, what: str, *, parts_up: bool = True
    ) -> None:
        """Waits for a condition; fails, naming it, when the deadline passes or, with `parts_up`, a part is down."""
        deadline = time.monotonic() + deadline_seconds
        pause = Event()
        while not condition():
            if parts_up:
                self.system.raise_if_failed()
            assert time.monotonic() < deadline, f"not within {deadline_seconds:.0f} s: {what}"
            pause.wait(LOOK_SECONDS)


@contextmanager
def pipeline_run(
    folder: Path,
    artifact_cache: ArtifactCache,
    extra_env: Mapping[str, Mapping[str, str]],
    speed: float = SPEED,
    parts: str = "stream",
    recording: Path | None = None,
) -> Iterator[PipelineRun]:
    """Runs those parts (`stream` or `all`) on free ports at that speed; `extra_env` adds variables for single parts.

    With a `recording` of Gemini's frames it is played in place of the simulator's market.
    """
    artifact_cache.fetch("kafka", "spark", "elasticsearch")
    kafka_port, controller_port, simulator_port, spark_ui_port, elasticsearch_port, transport_port = free_ports(6)
    settings = load(
        LocalSettings,
        state_dir=folder / "state",
        demo_speed=speed,
        kafka_port=kafka_port,
        kafka_controller_port=controller_port,
        simulator_port=simulator_port,
        spark_ui_port=spark_ui_port,
        elasticsearch_port=elasticsearch_port,
        elasticsearch_transport_port=transport_port,
        demo_parts=parts,
        feed="simulator" if recording is None else "replay",
        demo_file=recording,
    )
    tools = Tools(
        sys.executable,
        find_jdk(os.environ),
        artifact_cache.files("kafka"),
        artifact_cache.files("spark")[0].parent,
        artifact_cache.files("elasticsearch")[0],
    )
    with whole_system(settings, tools, extra_env=extra_env) as system:
        yield PipelineRun(system, settings)
