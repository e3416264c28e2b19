"""A producer's main loop: connections → inbox → feed → Kafka, until asked to stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from market.records import Health, encode
from pipeline.back_off import BackOff
from pipeline.clock import Clock
from pipeline.errors import TemporarilyUnavailable
from pipeline.kafka_clients import Publisher, await_topics
from pipeline.log import get_log
from pipeline.metrics import HealthReporter, Metrics
from pipeline.process import StopSignal
from pipeline.topics import DEAD_LETTERS, HEALTH, feed_topic
from producers.arrivals import Instant
from producers.connection import ConnectionLimits, FeedConnection
from producers.exchange_clock import FARTHEST_AHEAD_MS
from producers.exchange_feed import ExchangeFeed, FeedRules, Outcome
from producers.feed_log import FeedLog
from producers.inbox import Inbox
from producers.settings import ProducerSettings
from producers.topic_end import await_settled, read_start, refuse_the_future
from producers.venue import Venue

LOOK_SECONDS = 0.05  # how often the clock is looked at when nothing arrives
MOST_AT_ONCE = 500
LEAST_PAUSE_MS = 300
FAREWELL_SECONDS = 15.0  # what waits for Kafka has so long to be delivered after a stop
JOIN_SECONDS = 10.0


def run_producer(venue: Venue, settings: ProducerSettings, stop: StopSignal) -> None:
    """Run until `stop`. Whenever Kafka does not keep up, start over from what the topic holds, with a gap.

    Raises WrongSettings when the topic lies in the future, TemporarilyUnavailable when the last records could not be
    delivered after a stop.
    """
    log = get_log("producer")
    metrics = Metrics()
    reason = "start"
    while not stop.is_set():
        try:
            _run_until_trouble(venue, settings, stop, reason, metrics)
        except TemporarilyUnavailable as error:
            if stop.is_set():
                raise
            log.warning(f"Kafka is in trouble, the feed starts over with a gap: {error}")
            metrics.count("kafka_troubles")
            reason = "kafka"
            stop.wait(1.0)


def _run_until_trouble(
    venue: Venue, settings: ProducerSettings, stop: StopSignal, reason: str, metrics: Metrics
) -> None:
    log = get_log("producer")
    clock = settings.clock()
    bootstrap = settings.kafka_bootstrap
    topic = settings.feed_topic or feed_topic(venue.name)
    if not await_topics(bootstrap, (topic, DEAD_LETTERS, HEALTH), stop, log):
        return
    if reason != "start":
        await_settled(bootstrap, topic, stop)
    start = read_start(bootstrap, topic, settings.symbols, reason)
    refuse_the_future(start, topic, clock.wall_ms())
    log.info(
        "feed begins", exchange=venue.name, symbols=settings.feed_symbols, topic=topic, after=start.last_event_time
    )

    publisher = Publisher(
        bootstrap,
        delivery_timeout_ms=round(settings.feed_delivery_seconds * 1000),
        memory_bytes=settings.feed_pending_bytes,
    )
    try:
        feed = ExchangeFeed(venue, settings.symbols, start, _rules(settings, clock), metrics)
        feed_log = FeedLog(publisher, topic, metrics)
        _stream(venue, settings, stop, clock, feed, feed_log, publisher, metrics)
        publisher.close(FAREWELL_SECONDS)
    except BaseException:
        publisher.abandon()
        raise


def _stream(
    venue: Venue,
    settings: ProducerSettings,
    stop: StopSignal,
    clock: Clock,
    feed: ExchangeFeed,
    feed_log: FeedLog,
    publisher: Publisher,
    metrics: Metrics,
) -> None:
    """Connect every symbol and carry its arrivals, until stopped; then what had arrived by then."""

    def instant() -> Instant:
        return Instant(clock.wall_ms(), clock.monotonic_ms())

    def set_gauges() -> None:
        last = feed_log.last_received
        metrics.gauge("last_record_age_ms", None if last is None else clock.wall_ms() - last)
        metrics.gauge("in_flight_bytes", publisher.in_flight_bytes)
        metrics.gauge("inbox", len(inbox))

    def publish_health(health: Health) -> None:
        publisher.publish(HEALTH, health.part, encode(health))

    inbox = Inbox(settings.feed_inbox_frames, settings.feed_inbox_bytes)
    connections = _connections(venue, settings, inbox, instant, metrics)
    health = HealthReporter(
        f"producer-{venue.name}", metrics, publish_health, clock, settings.health_interval_seconds, set_gauges
    )
    with health:
        try:
            for connection in connections.values():
                connection.start()
            while not stop.is_set():
                arrivals = inbox.take(MOST_AT_ONCE, LOOK_SECONDS)
                _handle(feed.on_time(instant(), idle=False), feed_log, connections)
                for arrival in arrivals:
                    _handle(feed.on_arrival(arrival), feed_log, connections)
                _handle(feed.on_time(instant(), idle=not len(inbox)), feed_log, connections)
                publisher.raise_if_failed()
        finally:
            for connection in connections.values():
                connection.stop()
            for connection in connections.values():
                connection.join(JOIN_SECONDS)
        while arrivals := inbox.take(MOST_AT_ONCE, 0):
            for arrival in arrivals:
                _handle(feed.on_arrival(arrival), feed_log, connections)


def _handle(outcome: Outcome, feed_log: FeedLog, connections: Mapping[str, FeedConnection]) -> None:
    feed_log.write(outcome)
    for cut in outcome.cuts:
        get_log("producer").warning("connection in doubt", symbol=cut.symbol, reason=cut.reason)
        connections[cut.symbol].cut(cut.connection, cut.reason)


def _connections(
    venue: Venue, settings: ProducerSettings, inbox: Inbox, instant: Callable[[], Instant], metrics: Metrics
) -> dict[str, FeedConnection]:
    limits = ConnectionLimits(
        connect_seconds=settings.feed_connect_seconds,
        silence_seconds=settings.feed_silence_seconds,
        steady_seconds=settings.feed_steady_seconds,
        largest_frame_bytes=settings.feed_max_frame_bytes,
    )
    return {
        symbol: FeedConnection(
            venue,
            settings.feed_url or venue.base_url,
            symbol,
            limits,
            BackOff(settings.feed_back_off_first_seconds, settings.feed_back_off_cap_seconds),
            inbox,
            instant,
            metrics,
        )
        for symbol in settings.symbols
    }


def _rules(settings: ProducerSettings, clock: Clock) -> FeedRules:
    """Networks and processes are slow in real time: on a fast clock their delays are longer."""
    return FeedRules(
        tick_grace_ms=settings.feed_tick_grace_ms * clock.speed,
        pause_ms=max(settings.feed_tick_grace_ms, LEAST_PAUSE_MS) * clock.speed,
        farthest_ahead_ms=FARTHEST_AHEAD_MS * max(1.0, clock.speed),
        crossed_book_is_doubt=settings.feed_crossed_book == "resync",
    )
