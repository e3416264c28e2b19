"""The minute's ratio as an aggregation: rows of a feed in, one `price_volume` record a symbol and minute out.

Exact to the digit: price x remaining is decimal(38,18), which holds every such product whole; a sum is rounded once,
half up, to 8 places, and the ratio is taken of the rounded sums. Nothing here raises in Spark's ANSI mode.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.feed_rows import readable

TICKS_A_MINUTE = 60
_PRODUCT = "decimal(38,18)"
_MONEY = "decimal(26,8)"


def minutes(feed_rows: DataFrame, exchange: str, delay_seconds: int) -> DataFrame:
    """One row a symbol and minute [start, start + 60 s) of event time, from the rows of `read_feed`.

    Columns: `symbol`, `window_start` and `window_end` (ms), `changes`, `ask`, `bid` (null when the sum overflowed),
    `value` (null when a side is 0 or null), `complete`. In a stream a minute comes out when event time has passed its
    end by `delay_seconds`.
    """
    in_time = readable(feed_rows).withWatermark("event_at", f"{delay_seconds} seconds")
    # Outer: a record without changes still is a row, which carries the tick, the gap, or just its event time.
    changes = in_time.select("event_at", "symbol", "type", F.explode_outer("changes").alias("change"))
    sums = changes.groupBy(F.window("event_at", "1 minute").alias("minute"), "symbol").agg(
        F.count("change").alias("changes"),
        _sum_of("ask").alias("ask"),
        _sum_of("bid").alias("bid"),
        F.count_if(F.col("type") == "tick").alias("ticks"),
        F.count_if(F.col("type") == "gap").alias("gaps"),
    )
    return sums.select(
        F.lit(exchange).alias("exchange"),
        "symbol",
        F.unix_millis("minute.start").alias("window_start"),
        F.unix_millis("minute.end").alias("window_end"),
        "changes",
        "ask",
        "bid",
        # A quotient of two decimal(26,8) has 12 places in Spark, rounded half up.
        F.when((F.col("ask") > 0) & (F.col("bid") > 0), F.try_divide("ask", "bid")).alias("value"),
        ((F.col("ticks") == TICKS_A_MINUTE) & (F.col("gaps") == 0)).alias("complete"),
    )


def price_volume_records(minute_rows: DataFrame) -> DataFrame:
    """The rows of `minutes` as Kafka's `key` (the symbol) and `value` (JSON, nulls written out)."""
    record = F.struct(
        F.lit("price_volume").alias("type"),
        F.col("exchange"),
        F.col("symbol"),
        F.col("window_end").alias("event_time"),
        F.col("window_start"),
        F.col("window_end"),
        F.expr("window_start div 1000").alias("timestamp"),
        F.col("changes"),
        F.col("ask").cast("string").alias("ask"),
        F.col("bid").cast("string").alias("bid"),
        F.col("value").cast("string").alias("value"),
        F.col("complete"),
    )
    # Minutes that close in the same batch, as after a pause, leave in the order of time.
    ordered = minute_rows.sortWithinPartitions("window_start", "symbol")
    return ordered.select(F.col("symbol").alias("key"), F.to_json(record, {"ignoreNullFields": "false"}).alias("value"))


def _sum_of(side: str) -> Column:
    """The exact sum of price x remaining over one side's changes, rounded once; null when it does not fit."""
    product = F.col("change.price") * F.col("change.remaining")
    # Zero, not null, for the rest: a side without changes sums to 0, so that null can only mean an overflow.
    terms = F.when(F.col("change.side") == side, product).otherwise(F.lit(0).cast(_PRODUCT))
    return F.try_sum(terms).try_cast(_MONEY)
