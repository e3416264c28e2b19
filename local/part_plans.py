"""What a run consists of, as plain data: which parts, in which order, how each is started and when it is ready."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.jdk import Jdk
from local.kafka import KafkaNode
from local.settings import LocalSettings
from pipeline.topics import GEMINI_FEED, SPARK_OUT


@dataclass(frozen=True)
class PortAnswers:
    """Ready when something accepts connections on this port of 127.0.0.1."""

    port: int


@dataclass(frozen=True)
class LogSays:
    """Ready when the part's log of this start contains the text."""

    text: str


@dataclass(frozen=True)
class Finishes:
    """Ready when the part has ended with exit code 0: a one-shot."""


Ready = PortAnswers | LogSays | Finishes


@dataclass(frozen=True)
class PartPlan:
    """How one part is run. Its name is the one under which it writes to `health`, if it does.

    `address` is where others find it, if anywhere; `writes` names the topics that it alone fills; `ready_seconds` is
    the longest that its start may take.
    """

    name: str
    argv: tuple[str, ...]
    ready: Ready
    env: Mapping[str, str] = field(default_factory=dict)
    address: str | None = None
    writes: tuple[str, ...] = ()
    ready_seconds: float = 180.0


@dataclass(frozen=True)
class RunClock:
    """The clock of all parts of a run: at real time `anchor_ms` it showed `start_ms`, and it goes at `speed`.

    An anchor of 0 means real time.
    """

    speed: float = 1.0
    anchor_ms: int = 0
    start_ms: int = 0

    def wall_ms(self, now_ms: int) -> int:
        """What this clock shows at the real time `now_ms`."""
        if not self.anchor_ms:
            return now_ms
        return int(self.start_ms + (now_ms - self.anchor_ms) * self.speed)

    def env(self) -> dict[str, str]:
        """The variables from which a part makes this clock."""
        return {
            "CLOCK_SPEED": f"{self.speed:g}",
            "CLOCK_ANCHOR_MS": str(self.anchor_ms),
            "CLOCK_START_MS": str(self.start_ms),
        }


def next_clock(previous: RunClock | None, speed: float, now_ms: int) -> RunClock:
    """The clock of a run that starts at `now_ms`, given that of the run before it on the same state.

    It never goes back behind what the previous run may have written: the feed's event time must not.
    """
    start_ms = max(now_ms, previous.wall_ms(now_ms) if previous else 0)
    if speed == 1.0 and start_ms == now_ms:
        return RunClock()
    return RunClock(speed=speed, anchor_ms=now_ms, start_ms=start_ms)


@dataclass(frozen=True)
class Tools:
    """What the machine offers: the interpreter, the JDK, Kafka's jars, the folder with Spark's connector jars."""

    python: str
    jdk: Jdk
    kafka_jars: tuple[Path, ...]
    spark_jars: Path


def kafka_node(settings: LocalSettings, tools: Tools) -> KafkaNode:
    """The run's broker. Its storage must be prepared before it is started."""
    return KafkaNode(
        settings.run_dir / "kafka", tools.jdk, tools.kafka_jars, settings.kafka_port, settings.kafka_controller_port
    )


def part_plans(settings: LocalSettings, tools: Tools, clock: RunClock) -> tuple[PartPlan, ...]:
    """The parts in the order in which they are started."""
    common = {"KAFKA_BOOTSTRAP": settings.bootstrap, "STATE_DIR": str(settings.run_dir), **clock.env()}
    return (
        _kafka(settings, tools),
        _topics(tools, common),
        _simulator(settings, tools, common),
        _producer(settings, tools, common),
        _spark(settings, tools, common),
    )


def _kafka(settings: LocalSettings, tools: Tools) -> PartPlan:
    return PartPlan(
        name="kafka",
        argv=kafka_node(settings, tools).argv,
        ready=PortAnswers(settings.kafka_port),
        address=settings.bootstrap,
    )


def _topics(tools: Tools, common: Mapping[str, str]) -> PartPlan:
    return PartPlan(name="topics", argv=(tools.python, "-m", "pipeline", "topics"), ready=Finishes(), env=common)


def _simulator(settings: LocalSettings, tools: Tools, common: Mapping[str, str]) -> PartPlan:
    port = settings.simulator_port
    return PartPlan(
        name="simulator",
        argv=(tools.python, "-m", "simulator", "serve"),
        ready=PortAnswers(port),
        env={**common, "SIMULATOR_PORT": str(port)},
        address=f"ws://127.0.0.1:{port}",
    )


def _producer(settings: LocalSettings, tools: Tools, common: Mapping[str, str]) -> PartPlan:
    return PartPlan(
        name="producer-gemini",
        argv=(tools.python, "-m", "producers", "run", "gemini"),
        ready=LogSays('"message":"connected"'),
        env={**common, "FEED_URL": f"ws://127.0.0.1:{settings.simulator_port}"},
        writes=(GEMINI_FEED,),
    )


def _spark(settings: LocalSettings, tools: Tools, common: Mapping[str, str]) -> PartPlan:
    ui_port = settings.spark_ui_port
    return PartPlan(
        name="spark",
        argv=(tools.python, "-m", "spark_jobs", "run"),
        ready=PortAnswers(ui_port),
        env={
            **common,
            "JAVA_HOME": str(tools.jdk.home),
            "SPARK_JARS_DIR": str(tools.spark_jars),
            "SPARK_UI_PORT": str(ui_port),
        },
        address=f"http://127.0.0.1:{ui_port}",
        writes=(SPARK_OUT,),
    )
