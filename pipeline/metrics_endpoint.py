"""A part's metrics for Prometheus: `http://METRICS_HOST:METRICS_PORT/metrics`, where a port is set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from pipeline.errors import WrongSettings
from pipeline.log import get_log
from pipeline.metrics import BOUNDS, Measured, Metrics, Spread, Value
from pipeline.settings import PartSettings

PREFIX = "crypto_"
PART = "part"
STATE = "state"


@contextmanager
def metrics_endpoint(part: str, metrics: Metrics, settings: PartSettings) -> Iterator[None]:
    """Serves the metrics while the block runs; does nothing when METRICS_PORT is 0. Raises `WrongSettings`."""
    host, port = settings.metrics_host, settings.metrics_port
    if not port:
        yield
        return
    registry = CollectorRegistry()
    registry.register(MetricsCollector(part, metrics))
    try:
        server, thread = start_http_server(port, addr=host, registry=registry)
    except OSError as error:
        raise WrongSettings(
            f"wrong settings: METRICS_PORT={port}: {host}:{port} cannot be listened on ({error.strerror or error}); "
            "each part on a machine needs a port of its own, 0 switches the endpoint off"
        ) from None
    get_log(part).info("metrics are served", url=f"http://{host}:{port}/metrics")
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class MetricsCollector(Collector):
    """What prometheus_client asks at each look: our metrics in its form, each with the part that they are of.

    A gauge that is a text, and no number, becomes `name{state="text"} 1`; one that is not known yet is left out.
    """

    def __init__(self, part: str, metrics: Metrics) -> None:
        self._part = part
        self._metrics = metrics

    def describe(self) -> Iterable[Metric]:
        """Nothing: they are made as they come."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """One family for each name."""
        families: dict[str, list[Measured]] = {}
        for metric in self._metrics.measured():
            families.setdefault(metric.name, []).append(metric)
        for name, members in families.items():
            labels = sorted({label for metric in members for label, _ in metric.labels})
            if members[0].kind == "gauge" and any(_is_text(metric.value) for metric in members):
                labels.append(STATE)
            yield self._family(PREFIX + name, members, labels)

    def _family(self, name: str, members: list[Measured], labels: list[str]) -> Metric:
        family: CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
        title = name.removeprefix(PREFIX).replace("_", " ")
        if members[0].kind == "distribution":
            family = HistogramMetricFamily(name, title, labels=[PART, *labels])
        elif members[0].kind == "counter":
            family = CounterMetricFamily(name, title, labels=[PART, *labels])
        else:
            family = GaugeMetricFamily(name, title, labels=[PART, *labels])
        for metric in members:
            given = dict(metric.labels)
            value = metric.value
            if isinstance(value, str):
                value = _number(value)
                if value is None:
                    given[STATE], value = str(metric.value), 1
            values = [self._part, *(given.get(label, "") for label in labels)]
            if isinstance(family, HistogramMetricFamily):
                if metric.spread is not None:
                    family.add_metric(values, _buckets(metric.spread), metric.spread.total)
            elif value is not None:
                family.add_metric(values, value)
        return family


def _is_text(value: Value) -> bool:
    return isinstance(value, str) and _number(value) is None


def _number(text: str) -> float | None:
    """What a text says when it is a number: money travels so."""
    try:
        return float(text)
    except ValueError:
        return None


def _buckets(spread: Spread) -> list[tuple[str, float]]:
    """How many values lie at or below each bound, as Prometheus wants them: each bucket holds the ones before it."""
    buckets: list[tuple[str, float]] = []
    seen = 0
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), spread.counts, strict=True):
        seen += count
        buckets.append((bound, seen))
    return buckets
