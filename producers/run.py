"""A producer's main loop: connections → inbox → feed → Kafka, until asked to stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from market.levels import ARE_COMPILED
from market.records import Health, encode
from pipeline.clock import Clock
from pipeline.errors import TemporarilyUnavailable
from pipeline.kafka_clients import Publisher, await_topics
from pipeline.log import get_log
from pipeline.metrics import HealthReporter, Metrics
from pipeline.metrics_endpoint import metrics_endpoint
from pipeline.process import StopSignal
from pipeline.topics import DEAD_LETTERS, HEALTH, feed_topic
from producers.arrivals import Instant
from producers.connections import Connections, links_of, symbols_each
from producers.exchange_clock import FARTHEST_AHEAD_MS
from producers.exchange_feed import ExchangeFeed
from producers.feed_log import FeedLog
from producers.feed_outcome import Outcome
from producers.feed_rules import SILENT_BOOK_MS, FeedRules
from producers.inbox import Inbox
from producers.protocol import Protocol
from producers.protocols import chosen_protocol, chosen_symbols
from producers.settings import ProducerSettings
from producers.topic_end import await_settled, read_start, refuse_the_future

LOOK_SECONDS = 0.05  # how often the clock is looked at when nothing arrives
MOST_AT_ONCE = 100
LEAST_PAUSE_MS = 300
FAREWELL_SECONDS = 15.0  # what waits for Kafka has so long to be delivered after a stop


def run_producer(exchange: str, settings: ProducerSettings, stop: StopSignal) -> None:
    """Run until `stop`. Whenever Kafka does not keep up, start over from what the topic holds, with a gap.

    Raises WrongSettings when the topic lies in the future, or the exchange refuses for good what is asked of it;
    TemporarilyUnavailable when the last records could not be
    delivered after a stop.
    """
    log = get_log("producer")
    protocol = chosen_protocol(exchange, settings.feed_protocol)
    metrics = Metrics()
    reason = "start"
    served: set[str] = set()
    with metrics_endpoint(f"producer-{exchange}", metrics, settings):
        while not stop.is_set():
            try:
                _run_until_trouble(protocol, settings, stop, reason, served, metrics)
            except TemporarilyUnavailable as error:
                if stop.is_set():
                    raise
                log.warning(f"Kafka is in trouble, the feed starts over with a gap: {error}")
                metrics.count("kafka_troubles")
                reason = "kafka"
                stop.wait(1.0)


def _run_until_trouble(
    protocol: Protocol,
    settings: ProducerSettings,
    stop: StopSignal,
    reason: str,
    served: set[str],
    metrics: Metrics,
) -> None:
    """One feed from its start to its end. The links that are served are added to `served`."""
    log = get_log("producer")
    clock = settings.clock()
    bootstrap = settings.kafka_bootstrap
    topic = settings.feed_topic or feed_topic(protocol.exchange)
    if not await_topics(bootstrap, (topic, DEAD_LETTERS, HEALTH), stop, log):
        return
    symbols = chosen_symbols(protocol, settings.symbols)
    if reason != "start":
        await_settled(bootstrap, topic, stop)
    start = read_start(bootstrap, topic, symbols, reason)
    refuse_the_future(start, topic, clock.wall_ms())
    log.info(
        "feed begins",
        exchange=protocol.exchange,
        symbols=",".join(symbols),
        protocol=protocol.name,
        topic=topic,
        after=start.last_event_time,
        levels="compiled" if ARE_COMPILED else "plain Python",
    )

    publisher = Publisher(
        bootstrap,
        delivery_timeout_ms=round(settings.feed_delivery_seconds * 1000),
        memory_bytes=settings.feed_pending_bytes,
    )
    try:
        links = links_of(symbols, symbols_each(protocol, settings.feed_symbols_each))
        start = replace(start, served=frozenset(served))
        feed = ExchangeFeed(protocol, links, start, feed_rules(settings, clock.speed), metrics)
        feed_log = FeedLog(publisher, topic, metrics)
        try:
            _stream(protocol, settings, links, stop, clock, feed, feed_log, publisher, metrics)
        finally:
            served |= feed.served
        publisher.close(FAREWELL_SECONDS)
    except BaseException:
        publisher.abandon()
        raise


def _stream(
    protocol: Protocol,
    settings: ProducerSettings,
    links: Mapping[str, tuple[str, ...]],
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

    def last_record_age_ms() -> int | None:
        last = feed_log.last_received
        return None if last is None else clock.wall_ms() - last

    def publish_health(health: Health) -> None:
        publisher.publish(HEALTH, health.part, encode(health))

    delivered = publisher.delivered

    def handle(outcome: Outcome) -> None:
        nonlocal delivered
        feed_log.write(outcome)
        connections.obey(outcome)
        # The exchange tells something, and Kafka takes it.
        if outcome.records and publisher.delivered > delivered:
            delivered = publisher.delivered
            alive.give()

    alive = settings.sign_of_life()
    inbox = Inbox(settings.feed_inbox_frames, settings.feed_inbox_bytes)
    metrics.watch("last_record_age_ms", last_record_age_ms)
    metrics.watch("in_flight_bytes", lambda: publisher.in_flight_bytes)
    metrics.watch("inbox", lambda: len(inbox))
    metrics.watch("inbox_bytes", lambda: inbox.waiting_bytes)
    connections = Connections(protocol, settings, links, inbox, instant, metrics)
    health = HealthReporter(
        f"producer-{protocol.exchange}",
        metrics,
        publish_health,
        clock,
        settings.health_interval_seconds,
        exchange=protocol.exchange,
    )
    with health:
        with connections:
            while not stop.is_set():
                arrivals = inbox.take(MOST_AT_ONCE, LOOK_SECONDS)
                out = feed.on_time(instant(), idle=False)
                for arrival in arrivals:
                    feed.take(arrival, out)
                handle(out)
                handle(feed.on_time(instant(), idle=not len(inbox)))
                publisher.raise_if_failed()
                connections.raise_if_ended()
        while arrivals := inbox.take(MOST_AT_ONCE, 0):
            for arrival in arrivals:
                feed_log.write(feed.on_arrival(arrival))
        feed.count_frames()


def feed_rules(settings: ProducerSettings, speed: float) -> FeedRules:
    """Networks and processes are slow in real time: on a fast clock their delays are longer."""
    return FeedRules(
        tick_grace_ms=settings.feed_tick_grace_ms * speed,
        pause_ms=max(settings.feed_tick_grace_ms, LEAST_PAUSE_MS) * speed,
        farthest_ahead_ms=FARTHEST_AHEAD_MS * max(1.0, speed),
        first_book_ms=settings.feed_first_book_seconds * 1000 * speed,
        silent_book_ms=SILENT_BOOK_MS * speed,
        crossed_book_is_doubt=settings.feed_crossed_book == "resync",
    )
