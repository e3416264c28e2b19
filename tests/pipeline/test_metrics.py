"""Metrics and the samples of them that go to `health`."""

from threading import Event, Thread

from market.records import Health
from pipeline.clock import Clock
from pipeline.errors import TemporarilyUnavailable
from pipeline.metrics import HealthReporter, Metrics

PATIENCE = 60


def test_counters_add_up_and_gauges_show_the_last_value() -> None:
    metrics = Metrics()
    metrics.count("frames")
    metrics.count("frames", 4)
    metrics.gauge("age_ms", 7)
    metrics.gauge("age_ms", None)
    assert metrics.snapshot() == {"age_ms": None, "frames": 5}


def test_counts_of_several_threads_are_all_there() -> None:
    metrics = Metrics()

    def count() -> None:
        for _ in range(2000):
            metrics.count("frames")

    threads = [Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert metrics.snapshot() == {"frames": 8000}


def test_samples_come_at_the_start_each_interval_and_at_the_end() -> None:
    samples: list[Health] = []
    three = Event()
    metrics = Metrics()

    def publish(sample: Health) -> None:
        samples.append(sample)
        if len(samples) >= 3:
            three.set()

    fast = Clock(1, 0, 1000.0)
    with HealthReporter("bot", metrics, publish, fast, interval_seconds=60, before=lambda: metrics.count("looked")):
        assert three.wait(PATIENCE)
        metrics.gauge("state", "leaving")
    assert samples[-1].metrics["state"] == "leaving"
    assert [sample.metrics["looked"] for sample in samples] == list(range(1, len(samples) + 1))
    assert {sample.part for sample in samples} == {"bot"}
    times = [sample.event_time for sample in samples]
    assert times == sorted(times)
    assert times[1] - times[0] >= 59_000


def test_sample_that_cannot_be_written_is_counted_and_the_next_one_is_tried() -> None:
    tried = Event()
    metrics = Metrics()

    def publish(_: Health) -> None:
        if metrics.snapshot().get("health_samples_lost") == 1:
            tried.set()
        raise TemporarilyUnavailable("Kafka is away")

    with HealthReporter("bot", metrics, publish, Clock.real(), interval_seconds=0.01):
        assert tried.wait(PATIENCE)
    lost = metrics.snapshot()["health_samples_lost"]
    assert isinstance(lost, int)
    assert lost >= 2


def test_labels_are_told_apart_by_symbol_and_together() -> None:
    metrics = Metrics()
    metrics.count("gaps", reason="silence", symbol="BTCUSD")
    metrics.count("gaps", 2, reason="silence", symbol="ETHUSD")
    metrics.count("gaps", reason="start", symbol="BTCUSD")
    metrics.gauge("trusted", 1, symbol="BTCUSD")
    metrics.count("frames", 7)
    assert metrics.snapshots() == {
        "": {"frames": 7, "gaps_silence": 3, "gaps_start": 1},
        "BTCUSD": {"gaps_silence": 1, "gaps_start": 1, "trusted": 1},
        "ETHUSD": {"gaps_silence": 2},
    }


def test_watched_gauge_is_read_whenever_somebody_looks() -> None:
    metrics, waiting = Metrics(), [1]
    metrics.watch("inbox", lambda: len(waiting))
    assert metrics.snapshot() == {"inbox": 1}
    waiting.append(2)
    assert metrics.snapshot() == {"inbox": 2}


def test_distribution_tells_of_what_came_since_the_last_look() -> None:
    metrics = Metrics()
    metrics.observe("delay_ms", [3] * 98 + [40, 700])
    assert metrics.snapshot() == {"delay_ms_count": 100, "delay_ms_max": 700, "delay_ms_p50": 5, "delay_ms_p99": 50}
    metrics.observe("delay_ms", [-4, 90_000])
    assert metrics.snapshot() == {
        "delay_ms_count": 102,
        "delay_ms_max": 90_000,
        "delay_ms_p50": 0,
        "delay_ms_p99": 90_000,
    }
    assert metrics.snapshot() == {
        "delay_ms_count": 102,
        "delay_ms_max": None,
        "delay_ms_p50": None,
        "delay_ms_p99": None,
    }


def test_each_symbol_has_a_sample_and_that_of_all_comes_last() -> None:
    samples: list[Health] = []
    metrics = Metrics()
    metrics.count("gaps", reason="start", symbol="BTCUSD")
    HealthReporter("producer-gemini", metrics, samples.append, Clock.real(), exchange="gemini").report()
    assert [(sample.exchange, sample.symbol, sample.metrics) for sample in samples] == [
        ("gemini", "BTCUSD", {"gaps_start": 1}),
        ("gemini", "", {"gaps_start": 1}),
    ]
    assert samples[0].event_time == samples[1].event_time
