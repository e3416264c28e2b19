"""Metrics of a part, and the sample of them that goes to `health` once a minute (design §5)."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Literal

from market.records import Health
from pipeline.clock import Clock
from pipeline.errors import PipelineError

Value = int | float | str | None
Labels = tuple[tuple[str, str], ...]

# The label that makes a sample of its own in `health`; the values of all others become a part of the name there.
SYMBOL = "symbol"
# Upper bounds of what a distribution tells apart (ms).
BOUNDS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000)
QUANTILES = {"p50": 0.5, "p99": 0.99}


@dataclass(frozen=True)
class Measured:
    """One metric as it is now. `value` is that of a counter or a gauge, `spread` a distribution's."""

    kind: Literal["counter", "gauge", "distribution"]
    name: str
    labels: Labels
    value: Value = None
    spread: "Spread | None" = None


@dataclass
class Spread:
    """How values are distributed: how many lie at or below each of `BOUNDS` and above the one before; the rest last."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0
    largest: float | None = None

    def add(self, values: Sequence[float]) -> None:
        """Counts the values in, which are in order."""
        if not values:
            return
        below = 0
        for place, bound in enumerate(BOUNDS):
            until = bisect_right(values, bound, below)
            self.counts[place] += until - below
            below = until
        self.counts[-1] += len(values) - below
        self.total += sum(values)
        self.largest = values[-1] if self.largest is None else max(self.largest, values[-1])

    def quantile(self, share: float) -> float | None:
        """The bound below which this share of the values lies, and never more than the largest; None without any."""
        if self.largest is None:
            return None
        wanted, seen = share * sum(self.counts), 0
        for bound, count in zip(BOUNDS, self.counts, strict=False):
            seen += count
            if seen >= wanted:
                return min(bound, self.largest)
        return self.largest


class Metrics:
    """Counters, gauges and distributions by name and labels. Safe to use from several threads."""

    def __init__(self) -> None:
        self._counters: dict[tuple[str, Labels], int] = {}
        self._gauges: dict[tuple[str, Labels], Value] = {}
        self._watched: dict[tuple[str, Labels], Callable[[], Value]] = {}
        self._spreads: dict[tuple[str, Labels], Spread] = {}
        # What came since the last snapshot.
        self._recent: dict[tuple[str, Labels], Spread] = {}
        self._lock = Lock()

    def count(self, name: str, by: int = 1, **labels: str) -> None:
        """Adds to a counter."""
        key = name, tuple(labels.items())
        with self._lock:
            self._counters[key] = self._counters.get(key, 0) + by

    def gauge(self, name: str, value: Value, **labels: str) -> None:
        """Sets a gauge to what it is now."""
        with self._lock:
            self._gauges[name, tuple(labels.items())] = value

    def watch(self, name: str, read: Callable[[], Value], **labels: str) -> None:
        """A gauge that `read` tells whenever somebody looks, from any thread. A later one takes its place."""
        with self._lock:
            self._watched[name, tuple(labels.items())] = read

    def observe(self, name: str, values: Iterable[float], **labels: str) -> None:
        """Adds values to a distribution."""
        key, ordered = (name, tuple(labels.items())), sorted(values)
        with self._lock:
            for spreads in (self._spreads, self._recent):
                spreads.setdefault(key, Spread()).add(ordered)

    def measured(self) -> list[Measured]:
        """All metrics as they are now, in the order of their names."""
        with self._lock:
            watched = dict(self._watched)
        # Read outside the lock: whoever is asked may be counting something.
        seen = {key: read() for key, read in watched.items()}
        with self._lock:
            found = [Measured("counter", *key, value=value) for key, value in self._counters.items()]
            found += [Measured("gauge", *key, value=value) for key, value in (self._gauges | seen).items()]
            found += [
                Measured("distribution", *key, spread=Spread(list(spread.counts), spread.total, spread.largest))
                for key, spread in self._spreads.items()
            ]
        return sorted(found, key=lambda metric: (metric.name, metric.labels))

    def snapshot(self) -> dict[str, Value]:
        """All of them by name: `gaps_silence` is the counter `gaps` with the label `silence`, of all symbols together.

        Of a distribution: how many values there were, and what is known of those that came since the last snapshot.
        """
        return self.snapshots()[""]

    def snapshots(self) -> dict[str, dict[str, Value]]:
        """The same under "", and for each symbol that labels name what they tell of it alone."""
        whole: dict[str, Value] = {}
        found: dict[str, dict[str, Value]] = {"": whole}
        for metric in self.measured():
            symbol = dict(metric.labels).get(SYMBOL, "")
            name = "_".join((metric.name, *(value for label, value in metric.labels if label != SYMBOL)))
            of_symbol = found.setdefault(symbol, {})
            if metric.spread is not None:
                of_symbol |= self._in_short(metric, name)
                continue
            of_symbol[name] = metric.value
            if symbol and metric.kind == "counter" and isinstance(metric.value, int):
                before = whole.get(name, 0)
                whole[name] = metric.value + (before if isinstance(before, int) else 0)
        with self._lock:
            self._recent.clear()
        return {symbol: dict(sorted(values.items())) for symbol, values in found.items()}

    def _in_short(self, metric: Measured, name: str) -> dict[str, Value]:
        with self._lock:
            recent = self._recent.get((metric.name, metric.labels)) or Spread()
            short: dict[str, Value] = {f"{name}_{title}": recent.quantile(share) for title, share in QUANTILES.items()}
        count = sum(metric.spread.counts) if metric.spread is not None else 0
        return short | {f"{name}_max": recent.largest, f"{name}_count": count}


class HealthReporter:
    """Writes a part's metrics with `publish` at the start, once an interval of the clock, and at the end.

    One record for each symbol that the metrics name, then one for all. A thread of its own does so; use it as a context
    manager. `before` is called before each sample, to set gauges.
    """

    def __init__(
        self,
        part: str,
        metrics: Metrics,
        publish: Callable[[Health], None],
        clock: Clock,
        interval_seconds: float = 60.0,
        before: Callable[[], None] = lambda: None,
        exchange: str = "",
    ) -> None:
        self._part = part
        self._metrics = metrics
        self._publish = publish
        self._clock = clock
        self._interval_ms = interval_seconds * 1000
        self._before = before
        self._exchange = exchange
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
        now = self._clock.wall_ms()
        # That of all comes last: who wants a part's newest sample finds it there.
        for symbol, values in sorted(self._metrics.snapshots().items(), reverse=True):
            self._publish(
                Health(exchange=self._exchange, symbol=symbol, event_time=now, part=self._part, metrics=values)
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
