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
from pipeline.errors import TemporarilyUnavailable
from pipeline.kafka_clients import Publisher, await_topics, make_consumer, partitions_of
from pipeline.log import get_log
from pipeline.metrics import HealthReporter, Metrics
from pipeline.metrics_endpoint import metrics_endpoint
from pipeline.process import StopSignal
from pipeline.topics import DEAD_LETTERS, HEALTH, SPARK_OUT, feed_topic
from spark_jobs.errors import NoJava, SparkDied
from spark_jobs.queries import plans, start
from spark_jobs.running_query import RunningQuery
from spark_jobs.session import SessionPlan, connector_jars, end_session, java_process, start_session
from spark_jobs.settings import SparkSettings

_LOOK_SECONDS = 0.5
_LOOKS_A_READING = 20
_DELIVERY_SECONDS = 5
_DYING_SECONDS = 5

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
        _watch(spark, queries, metrics, stop, settings.sign_of_life())
    finally:
        for query in queries:
            query.stop()


def _watch(
    spark: SparkSession, queries: Sequence[RunningQuery], metrics: Metrics, stop: StopSignal, alive: SignOfLife
) -> None:
    """Looks after the queries until `stop`; raises what ended the first of them that ended by itself."""
    java = java_process(spark)
    looks = 0
    while not stop.wait(_LOOK_SECONDS):
        if java.poll() is not None:
            raise SparkDied
        ended = [error for error in (query.end() for query in queries) if error is not None]
        for error in ended[1:]:
            log.error(str(error))
        if ended:
            raise ended[0]
        looks += 1
        if looks % _LOOKS_A_READING == 0:
            for query in queries:
                query.read_progress(metrics, log)
        if not any(query.is_silent for query in queries):
            alive.give()


def _is_gone(java: subprocess.Popen[bytes]) -> bool:
    try:
        java.wait(_DYING_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _partition_counts(bootstrap: str, topics: Sequence[str]) -> dict[str, int]:
    with make_consumer(bootstrap) as consumer:
        return {topic: len(partitions_of(consumer, topic)) for topic in topics}


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
