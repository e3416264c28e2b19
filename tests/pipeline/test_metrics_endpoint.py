"""/metrics for Prometheus, asked for over a real socket."""

from __future__ import annotations

import socket
from collections.abc import Callable

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.errors import WrongSettings
from pipeline.metrics import Metrics
from pipeline.metrics_endpoint import metrics_endpoint
from pipeline.settings import PartSettings, load

Ports = Callable[[int], tuple[int, ...]]


def settings(port: int) -> PartSettings:
    return load(PartSettings, {"METRICS_PORT": str(port)})


def asked(port: int) -> dict[str, float]:
    """Every sample, by name and labels as Prometheus reads them."""
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)
    assert answer.status_code == 200
    return {
        sample.name + "".join(f",{label}={value}" for label, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_counters_gauges_and_distributions_are_served_with_their_labels(free_ports: Ports) -> None:
    (port,) = free_ports(1)
    metrics = Metrics()
    metrics.count("frames", 7)
    metrics.count("gaps", 2, reason="silence", symbol="BTCUSD")
    metrics.gauge("state", "running")
    metrics.gauge("position", "0.25")
    metrics.gauge("age_ms", None)
    metrics.observe("delay_ms", [3, 40])
    with metrics_endpoint("producer-gemini", metrics, settings(port)):
        first = asked(port)
        metrics.count("frames")
        later = asked(port)
    part = "part=producer-gemini"
    assert first[f"crypto_frames_total,{part}"] == 7
    assert later[f"crypto_frames_total,{part}"] == 8
    assert first[f"crypto_gaps_total,{part},reason=silence,symbol=BTCUSD"] == 2
    assert first[f"crypto_state,{part},state=running"] == 1
    assert first[f"crypto_position,{part}"] == 0.25
    assert not [name for name in first if name.startswith("crypto_age_ms")]
    assert [first[f"crypto_delay_ms_bucket,le={bound},{part}"] for bound in ("2", "5", "50", "+Inf")] == [0, 1, 2, 2]
    assert (first[f"crypto_delay_ms_count,{part}"], first[f"crypto_delay_ms_sum,{part}"]) == (2, 43)


def test_endpoint_ends_with_its_part_and_can_begin_again(free_ports: Ports) -> None:
    (port,) = free_ports(1)
    for _ in range(2):
        with metrics_endpoint("bot", Metrics(), settings(port)):
            asked(port)
        with pytest.raises(httpx.ConnectError):
            asked(port)


def test_port_in_use_is_named(free_ports: Ports) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(WrongSettings, match=f"METRICS_PORT={port}.*port of its own"),
            metrics_endpoint("bot", Metrics(), settings(port)),
        ):
            pass


def test_no_port_is_listened_on_by_default() -> None:
    assert load(PartSettings, {}).metrics_port == 0
    with metrics_endpoint("bot", Metrics(), load(PartSettings, {})):
        pass
