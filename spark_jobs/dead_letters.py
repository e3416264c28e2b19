"""What could not be read, as `dead_letter` records: the start of what was read, its place, and why it was refused."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from market.records import LONGEST_SYMBOL
from spark_jobs.feed_rows import refused

PAYLOAD_BYTES = 65_536
"""How much of a refused record is kept; its length and SHA-256 are those of the whole."""


def dead_letter_records(feed_rows: DataFrame, exchange: str) -> DataFrame:
    """The refused rows of `read_feed` as Kafka's `key` (the symbol, "" when unknown) and `value` (JSON).

    The id is topic/partition/offset, so a repeated write is recognised; the time is Kafka's own for the record.
    """
    place = F.concat_ws("/", "topic", "partition", "offset")
    # A record without a value is kept as an empty one.
    payload = F.coalesce("value", F.lit(b""))
    # A giant one may be why the record was refused: with the payload it must still fit into Kafka.
    symbol = F.substring(F.coalesce("symbol", F.lit("")), 1, LONGEST_SYMBOL)
    letter = F.struct(
        F.lit("dead_letter").alias("type"),
        F.lit(exchange).alias("exchange"),
        symbol.alias("symbol"),
        F.unix_millis("timestamp").alias("event_time"),
        place.alias("id"),
        F.col("topic").alias("source"),
        F.col("refusal").alias("reason"),
        _base64(F.substring(payload, 1, PAYLOAD_BYTES)).alias("payload"),
        F.octet_length(payload).alias("length"),
        F.sha2(payload, 256).alias("sha256"),
    )
    return refused(feed_rows).select(symbol.alias("key"), F.to_json(letter).alias("value"))


def _base64(payload: Column) -> Column:
    # Spark breaks base64 into lines, as for a mail.
    return F.replace(F.base64(payload), F.lit("\r\n"), F.lit(""))
