"""Replays a recording through the same feed as live data, into Kafka or as JSON lines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Literal

from market.records import Health, encode
from pipeline.clock import Clock
from pipeline.errors import WrongSettings
from pipeline.kafka_clients import Publisher, await_topics
from pipeline.log import get_log
from pipeline.metrics import HealthReporter, Metrics
from pipeline.metrics_endpoint import metrics_endpoint
from pipeline.process import StopSignal
from pipeline.topics import DEAD_LETTERS, HEALTH, feed_topic
from producers.arrivals import Instant
from producers.exchange_feed import ExchangeFeed
from producers.feed_log import FeedLog, RecordSink
from producers.feed_rules import FeedStart
from producers.progress import ProgressLine
from producers.recordings.errors import WrongRecording
from producers.recordings.moved_time import moved_arrivals, moved_protocol
from producers.recordings.opened import Recording, open_recording
from producers.recordings.playback import Playback, from_nothing
from producers.replay_sinks import JsonLines, PatientPublisher
from producers.replay_summary import summary
from producers.run import FAREWELL_SECONDS, feed_rules
from producers.settings import ProducerSettings
from producers.topic_end import read_start, refuse_the_future


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """`speed` None: as fast as it goes. `keep_times`: nothing is moved, and the records are of the past."""

    path: Path
    exchange: str
    protocol: str = ""
    symbols: tuple[str, ...] = ()
    speed: float | None = 1.0
    to: Literal["kafka", "jsonl"] = "kafka"
    keep_times: bool = False
    without_snapshot: bool = False


def replay(
    options: ReplayOptions,
    write_out: BinaryIO,
    write_summary: Callable[[str], object],
    settings: ProducerSettings,
    stop: StopSignal,
) -> None:
    """Play the recording to its end, or until stopped; then say what came of it.

    Raises WrongRecording; WrongSettings for options that do not fit it, or a topic that ends after it;
    TemporarilyUnavailable when Kafka is away.
    """
    # What the settings say of protocol and symbols is meant for live feeds; a recording has its own.
    recording = open_recording(
        options.path, options.exchange, options.protocol, options.symbols, unnamed=settings.symbols
    )
    topic = settings.feed_topic or feed_topic(options.exchange)
    metrics = Metrics()
    get_log("producer").info(
        "replay begins",
        file=options.path,
        layout=recording.layout.name.lower() if recording.layout else "recorder",
        protocol=recording.protocol.name,
        symbols=_shown(recording.symbols),
    )
    if options.to == "jsonl":
        sink = JsonLines(write_out, topic, stop, at_once=options.speed is not None)
        _play(recording, options, settings, stop, FeedStart(), sink, topic, metrics, write_summary)
        return
    if not await_topics(settings.kafka_bootstrap, (topic, DEAD_LETTERS, HEALTH), stop, get_log("producer")):
        return
    if not options.keep_times and (options.speed is None or options.speed > 1):
        get_log("producer").warning("the records run ahead of the clock: a live feed must then wait until it is there")
    start = read_start(settings.kafka_bootstrap, topic, recording.symbols, "start")
    with (
        metrics_endpoint(f"producer-{options.exchange}", metrics, settings),
        _publisher(settings) as publisher,
        _health(options.exchange, publisher, settings, metrics),
    ):
        patient = PatientPublisher(publisher, settings.feed_pending_bytes, settings.feed_delivery_seconds)
        _play(recording, options, settings, stop, start, patient, topic, metrics, write_summary)


def _play(
    recording: Recording,
    options: ReplayOptions,
    settings: ProducerSettings,
    stop: StopSignal,
    start: FeedStart,
    sink: RecordSink,
    topic: str,
    metrics: Metrics,
    write_summary: Callable[[str], object],
) -> None:
    clock = settings.clock()
    source = recording.arrivals(begins_anywhere=options.without_snapshot)
    arrivals = iter(source)
    first = next(arrivals, None)
    if first is None:
        raise WrongRecording(options.path, "holds no frame")
    moved_ms = 0 if options.keep_times else clock.wall_ms() - first.at.wall_ms
    _refuse_later_topic(start, first.at.wall_ms + moved_ms, topic, clock, options)
    protocol, rules = moved_protocol(recording.protocol, moved_ms), feed_rules(settings, 1.0)
    if options.without_snapshot:
        protocol, rules = from_nothing(protocol, rules)
    feed = ExchangeFeed(protocol, recording.links, start, rules, metrics)
    feed_log = FeedLog(sink, topic, metrics)
    playback = Playback(source, moved_arrivals(chain([first], arrivals), moved_ms), feed, recording.links)
    pace = _Pace(first.at, options.speed, clock, stop)
    began = time.monotonic()

    def progress() -> str:
        part = 100 * source.bytes_read / source.size if source.size else 100
        return f"{part:.0f} % of {options.path.name}: {playback.frames:,} frames, {_seconds(playback):,.0f} s recorded"

    with ProgressLine(progress) as line:
        for at, outcome in playback:
            if outcome.records or outcome.dead_letters:
                if not pace.wait_until(at):
                    break
                feed_log.write(outcome)
            line.show()
    feed.count_frames()
    took = time.monotonic() - began
    write_summary(summary(playback, feed, source.notes, metrics, took, moved_ms, recording, stopped=stop.is_set()))


class _Pace:
    """Makes recorded time pass at `speed` times the clock's."""

    def __init__(self, first: Instant, speed: float | None, clock: Clock, stop: StopSignal) -> None:
        self._first_ms = first.monotonic_ms
        self._speed = speed
        self._clock = clock
        self._began_ms = clock.monotonic_ms()
        self._stop = stop

    def wait_until(self, at: Instant) -> bool:
        """Wait for the moment to come; False: asked to stop."""
        if self._speed is None:
            return not self._stop.is_set()
        due_ms = self._began_ms + (at.monotonic_ms - self._first_ms) / self._speed
        seconds = self._clock.real_seconds(due_ms - self._clock.monotonic_ms())
        return not (self._stop.wait(seconds) if seconds else self._stop.is_set())


def _refuse_later_topic(start: FeedStart, first_ms: int, topic: str, clock: Clock, options: ReplayOptions) -> None:
    """Raises WrongSettings: event time never goes back, so all records would be held at the topic's last one."""
    if not options.keep_times:
        refuse_the_future(start, topic, clock.wall_ms())
    elif start.last_event_time is not None and start.last_event_time > first_ms:
        raise WrongSettings(
            f"{topic} holds later records than {options.path} begins with, and event time never goes back: replay"
            " without --keep-times, or into an empty topic (FEED_TOPIC, or another state directory)"
        )


@contextmanager
def _publisher(settings: ProducerSettings) -> Iterator[Publisher]:
    publisher = Publisher(
        settings.kafka_bootstrap,
        delivery_timeout_ms=round(settings.feed_delivery_seconds * 1000),
        memory_bytes=settings.feed_pending_bytes,
    )
    try:
        yield publisher
        publisher.close(max(FAREWELL_SECONDS, settings.feed_delivery_seconds))
    except BaseException:
        publisher.abandon()
        raise


def _health(exchange: str, publisher: Publisher, settings: ProducerSettings, metrics: Metrics) -> HealthReporter:
    def publish(health: Health) -> None:
        publisher.publish(HEALTH, health.part, encode(health))

    return HealthReporter(
        f"producer-{exchange}",
        metrics,
        publish,
        settings.clock(),
        settings.health_interval_seconds,
        exchange=exchange,
    )


def _seconds(playback: Playback) -> float:
    if playback.first is None or playback.last is None:
        return 0.0
    return (playback.last.monotonic_ms - playback.first.monotonic_ms) / 1000


def _shown(symbols: tuple[str, ...]) -> str:
    return ",".join(symbols[:20]) + (f" and {len(symbols) - 20} more" if len(symbols) > 20 else "")
