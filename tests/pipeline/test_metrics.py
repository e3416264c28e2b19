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
