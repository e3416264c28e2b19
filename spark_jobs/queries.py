"""The queries of the job: from a feed topic to `spark.out`, and what could not be read to `dead-letters`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from pipeline.topics import DEAD_LETTERS, SPARK_OUT, feed_topic
from spark_jobs.dead_letters import dead_letter_records
from spark_jobs.feed_rows import read_feed
from spark_jobs.liquidity import minutes, price_volume_records
from spark_jobs.settings import SparkSettings


@dataclass(frozen=True)
class Plan:
    """One query before it runs. `batch_records` bounds a batch, None leaves it open."""

    name: str
    exchange: str
    source_topic: str
    sink_topic: str
    checkpoint: Path
    trigger_seconds: float
    batch_records: int | None


def plans(settings: SparkSettings, partitions: Mapping[str, int]) -> list[Plan]:
    """Two queries an exchange; `partitions` counts those of each feed topic.

    A batch of the sums is bounded only where the topic has one partition: a bound would let one partition run ahead of
    another in a backlog, and the watermark with it, until records of the slower one counted as late.
    """
    made = []
    for exchange in settings.exchanges:
        topic = feed_topic(exchange)
        bound = settings.liquidity_batch_records if partitions[topic] == 1 else None
        made.append(_plan(settings, "liquidity", exchange, SPARK_OUT, settings.liquidity_trigger_seconds, bound))
        pause, bound = settings.spark_dead_letter_seconds, settings.liquidity_batch_records
        made.append(_plan(settings, "dead-letters", exchange, DEAD_LETTERS, pause, bound))
    return made


def start(spark: SparkSession, plan: Plan, settings: SparkSettings) -> StreamingQuery:
    """Start the query in a scheduler pool of its own, so that it has its turn whatever the others have to do."""
    feed = read_feed(_kafka_rows(spark, plan, settings.kafka_bootstrap), plan.exchange)
    if plan.sink_topic == SPARK_OUT:
        records = price_volume_records(minutes(feed, plan.exchange, settings.liquidity_delay_seconds))
    else:
        records = dead_letter_records(feed, plan.exchange)
    spark.sparkContext.setLocalProperty("spark.scheduler.pool", plan.name)
    return (
        records.writeStream.format("kafka")
        .queryName(plan.name)
        .outputMode("append")
        .trigger(processingTime=f"{round(plan.trigger_seconds * 1000)} milliseconds")
        .option("checkpointLocation", str(plan.checkpoint))
        .option("kafka.bootstrap.servers", settings.kafka_bootstrap)
        .option("kafka.acks", "all")
        .option("kafka.enable.idempotence", "true")
        .option("topic", plan.sink_topic)
        .start()
    )


def _plan(
    settings: SparkSettings, purpose: str, exchange: str, sink: str, trigger_seconds: float, batch_records: int | None
) -> Plan:
    name = f"{purpose}-{exchange}"
    return Plan(name, exchange, feed_topic(exchange), sink, settings.checkpoints / name, trigger_seconds, batch_records)


def _kafka_rows(spark: SparkSession, plan: Plan, bootstrap: str) -> DataFrame:
    reader = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", bootstrap)
        .option("subscribe", plan.source_topic)
        .option("startingOffsets", "earliest")
        # Records that retention took away would be minutes gone in silence.
        .option("failOnDataLoss", "true")
        .option("kafka.isolation.level", "read_committed")
    )
    if plan.batch_records is not None:
        reader = reader.option("maxOffsetsPerTrigger", plan.batch_records)
    return reader.load()
