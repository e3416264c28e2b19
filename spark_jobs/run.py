"""The life of the job: waits for Kafka, starts Spark and the queries, watches over them, and sees all of it out."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from py4j.protocol import Py4JError
from pyspark.errors import PySparkRuntimeError
from pyspark.sql import SparkSession

from market.records import Health, encode
from pipeline.alive import SignOfLife
from pipeline.errors import PipelineError, TemporarilyUnavailable
from pipeline.kafka_clients import Publisher, await_topics, make_consumer, partitions_of
from pipeline.log import get_log
from pipeline.metrics import HealthReporter, Metrics
from pipeline.metrics_endpoint import metrics_endpoint
from pipeline.process import StopSignal
from pipeline.topics import DEAD_LETTERS, HEALTH, SPARK_OUT, feed_topic
from spark_jobs.errors import DataLost, NoJava, SparkDied
from spark_jobs.queries import Plan, plans, start
from spark_jobs.running_query import RunningQuery
from spark_jobs.session import SessionPlan, connector_jars, end_session, java_process, start_session
from spark_jobs.settings import SparkSettings

_LOOK_SECONDS = 0.5
_LOOKS_A_READING = 20
_LOOKS_A_REMINDER = 600
_DELIVERY_SECONDS = 5
_DYING_SECONDS = 5
# Event time is that of the partition that is ahead. A broker's restart takes some seconds.
_DELAY_OF_SEVERAL_PARTITIONS = 30

log = get_log("spark")


def run(settings: SparkSettings, stop: StopSignal) -> None:
    """Runs until `stop` is set.

    Raises `WrongSettings` when it cannot start, `TemporarilyUnavailable` when a query or Spark died and a restart is
    the cure, `DataLost` when it is none.
    """
    jars = connector_jars(settings.spark_jars_dir.expanduser())
    topics = [feed_topic(exchange) for exchange in settings.exchanges]
    if not await_topics(settings.kafka_bootstrap, [*topics, SPARK_OUT, DEAD_LETTERS, HEALTH], stop, log):
        return
    partitions = _partition_counts(settings.kafka_bootstrap, topics)
    _warn_of_a_short_delay(partitions, settings.liquidity_delay_seconds)
    try:
        spark = start_session(_session_plan(settings, jars))
    except PySparkRuntimeError as error:
        if stop.is_set():
            # The signal went to the whole group: Java left before Spark was up.
            return
        raise NoJava from error
    try:
        with _health(settings) as metrics:
            _run_queries(spark, settings, partitions, metrics, stop)
    except (Py4JError, ConnectionError) as error:
        if not _is_gone(java_process(spark)):
            raise
        # With the signal sent to the whole group, Java may be gone before us: that is no fault.
        if not stop.is_set():
            raise SparkDied from error
    finally:
        end_session(spark)


def _session_plan(settings: SparkSettings, jars: Sequence[Path]) -> SessionPlan:
    return SessionPlan(
        name="liquidity",
        master=settings.spark_master,
        jars=jars,
        ui=(settings.spark_ui_host, settings.spark_ui_port),
        memory=settings.spark_driver_memory,
        scratch=settings.scratch,
        driver_host=settings.spark_driver_host,
    )


def _run_queries(
    spark: SparkSession, settings: SparkSettings, partitions: Mapping[str, int], metrics: Metrics, stop: StopSignal
) -> None:
    queries: list[RunningQuery] = []
    try:
        for plan in plans(settings, partitions):
            if stop.is_set():
                return
            queries.append(RunningQuery(plan, start(spark, plan, settings)))
        log.info("queries started", queries=[each.plan.name for each in queries], ui=spark.sparkContext.uiWebUrl)
        watch_over(java_process(spark), queries, metrics, stop, settings.sign_of_life())
    finally:
        for query in queries:
            query.stop()


def watch_over(
    java: subprocess.Popen[bytes],
    queries: list[RunningQuery],
    metrics: Metrics,
    stop: StopSignal,
    alive: SignOfLife,
) -> None:
    """Looks after the queries until `stop`; raises what ended one of them by itself.

    One whose records are gone from Kafka is taken out and told of again and again, and there is no sign of life any
    more; the other queries go on, and a restart of the job would not help it.
    """
    lost: list[PipelineError] = []
    looks = 0
    while not stop.wait(_LOOK_SECONDS):
        if java.poll() is not None:
            raise SparkDied
        ended = [(query, error) for query in queries if (error := query.end()) is not None]
        for query, _ in ended:
            queries.remove(query)
        errors = [error for _, error in ended]
        fatal = [error for error in errors if not goes_on_without(error, [query.plan for query in queries])]
        for error in errors:
            if error not in fatal[:1]:
                log.error(str(error))
        if fatal:
            raise fatal[0]
        lost += errors
        metrics.gauge("queries_lost", len(lost))
        looks += 1
        if looks % _LOOKS_A_REMINDER == 0:
            for error in lost:
                log.error(str(error))
        if looks % _LOOKS_A_READING == 0:
            for query in queries:
                query.read_progress(metrics, log)
        # What is not counted any more must not look as if it were.
        if not lost and not any(query.is_silent for query in queries):
            alive.give()


def goes_on_without(error: PipelineError, running: Sequence[Plan]) -> bool:
    """Whether the job goes on without the query that this ended: some minutes are counted still."""
    return isinstance(error, DataLost) and any(plan.sink_topic == SPARK_OUT for plan in running)


def _is_gone(java: subprocess.Popen[bytes]) -> bool:
    try:
        java.wait(_DYING_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _partition_counts(bootstrap: str, topics: Sequence[str]) -> dict[str, int]:
    with make_consumer(bootstrap) as consumer:
        return {topic: len(partitions_of(consumer, topic)) for topic in topics}


def _warn_of_a_short_delay(partitions: Mapping[str, int], delay_seconds: float) -> None:
    several = [topic for topic, count in partitions.items() if count > 1]
    if several and delay_seconds < _DELAY_OF_SEVERAL_PARTITIONS:
        log.warning(
            "topics have several partitions: one whose broker is away for longer than LIQUIDITY_DELAY_SECONDS while "
            f"others go on has records that come late; {_DELAY_OF_SEVERAL_PARTITIONS} s are advised",
            topics=several,
            delay_s=delay_seconds,
        )


@contextmanager
def _health(settings: SparkSettings) -> Iterator[Metrics]:
    """Metrics that go to `health` while the block runs."""
    metrics = Metrics()
    publisher = Publisher(settings.kafka_bootstrap)

    def publish(sample: Health) -> None:
        publisher.publish(HEALTH, sample.part, encode(sample))

    try:
        with (
            metrics_endpoint("spark", metrics, settings),
            HealthReporter("spark", metrics, publish, settings.clock(), settings.health_interval_seconds),
        ):
            yield metrics
    finally:
        # A sample that does not arrive is no reason to end otherwise.
        with suppress(TemporarilyUnavailable):
            publisher.close(_DELIVERY_SECONDS)
