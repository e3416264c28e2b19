"""Metrics of a part, and the sample of them that goes to `health` once a minute (design §5)."""

from collections.abc import Callable
from threading import Event, Lock, Thread

from market.records import Health
from pipeline.clock import Clock
from pipeline.errors import PipelineError

Value = int | float | str | None


class Metrics:
    """Counters and gauges by name. Safe to use from several threads."""

    def __init__(self) -> None:
        self._values: dict[str, Value] = {}
        self._lock = Lock()

    def count(self, name: str, by: int = 1) -> None:
        """Adds to a counter."""
        with self._lock:
            before = self._values.get(name, 0)
            self._values[name] = (before if isinstance(before, int) else 0) + by

    def gauge(self, name: str, value: Value) -> None:
        """Sets a gauge to what it is now."""
        with self._lock:
            self._values[name] = value

    def snapshot(self) -> dict[str, Value]:
        """All of them as they are now, by name in order."""
        with self._lock:
            return dict(sorted(self._values.items()))


class HealthReporter:
    """Writes a part's metrics with `publish` at the start, once an interval of the clock, and at the end.

    A thread of its own does so; use it as a context manager. `before` is called before each sample, to set gauges.
    """

    def __init__(
        self,
        part: str,
        metrics: Metrics,
        publish: Callable[[Health], None],
        clock: Clock,
        interval_seconds: float = 60.0,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        self._part = part
        self._metrics = metrics
        self._publish = publish
        self._clock = clock
        self._interval_ms = interval_seconds * 1000
        self._before = before
        self._ended = Event()
        self._thread = Thread(target=self._run, name=f"{part}-health", daemon=True)

    def __enter__(self) -> "HealthReporter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def report(self) -> None:
        """Writes one sample now."""
        self._before()
        self._publish(
            Health(
                exchange="",
                symbol="",
                event_time=self._clock.wall_ms(),
                part=self._part,
                metrics=self._metrics.snapshot(),
            )
        )

    def _run(self) -> None:
        self._try_to_report()
        while not self._ended.wait(self._clock.real_seconds(self._interval_ms)):
            self._try_to_report()
        self._try_to_report()

    def _try_to_report(self) -> None:
        try:
            self.report()
        except PipelineError:
            # A sample is worth nothing later; that Kafka is away shows in the part's log and in the samples' gap.
            self._metrics.count("health_samples_lost")
