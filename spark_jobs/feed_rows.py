"""What the bytes of a feed topic say, as rows: every record is either read whole or refused with a reason.

Built-in column functions only, so the same code runs in a stream and over a static frame. A refused record contributes
nothing: not to a sum, not to the count of ticks, not to the watermark. Reading is stricter than Spark's own JSON
reader, which turns numbers into text, ignores what follows the first value and rounds digits that do not fit.
"""

from collections.abc import Callable, Iterable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from market.records import LONGEST_SYMBOL

PRICE = "decimal(18,8)"
SIZE = "decimal(19,10)"
MAX_SKEW_MS = 120_000
"""How far a record's event time may lie from its receipt: no single stamp can drag the watermark into the future."""

# The last millisecond of the year 9999: beyond it a time stamp is a mistake, and Spark's arithmetic would overflow.
_LAST_TIME_MS = 253_402_300_799_999

# Fits without rounding; zeros in front and behind carry no value, and 64 characters are enough for anyone's digits.
# \z, since $ would let a line feed pass.
_PRICE_TEXT = r"^(?=.{1,64}\z)(?=.*[1-9])0*\d{1,10}(\.\d{1,8}0*)?\z"
_SIZE_TEXT = r"^(?=.{1,64}\z)0*\d{1,9}(\.\d{1,10}0*)?\z"

# A variant keeps the kind of its JSON value, so that "1.5" and 1.5 can be told apart; it costs more to read than a
# plain type, and is used where that would lose the difference. Read as text, a number becomes its digits (and no word
# of ours is one); read as a whole number, all else becomes null.
_FIELDS = (
    "type string, exchange string, symbol variant, event_time bigint, received_time bigint, connection variant, "
    "sequence variant, late variant, exchange_time variant, "
    "changes array<struct<side: string, price: variant, remaining: variant, delta: variant, reason: string, "
    "time: variant>>, piece variant, pieces variant, "
    "trade_id variant, price variant, size variant, maker_side string, "
    "bids array<array<variant>>, asks array<array<variant>>, "
    "`from` bigint, to bigint, reason variant"
)
# A record is read as the first of a list of two, the second being this mark: bytes after the record's own closing brace
# then break the list, while Spark's reader alone would pass over them.
_END_MARK = '{"end_of_record":true}'
_SCHEMA = f"array<struct<{_FIELDS}, end_of_record boolean>>"
_STRICT = {"allowSingleQuotes": "false", "allowNonNumericNumbers": "false"}

_KAFKA_COLUMNS = ("topic", "partition", "offset", "timestamp", "value")


def read_feed(kafka_rows: DataFrame, exchange: str) -> DataFrame:
    """Rows of Kafka's source (`topic`, `partition`, `offset`, `timestamp`, `value`) with what their values say.

    Adds `type`, `symbol`, `event_time` (ms), `event_at` (timestamp), `changes` (the levels of an `l2` that count:
    `side`, exact `price` and `remaining`; null for other types) and `refusal`: null for a record that was read whole,
    else the reason. Of a refused record only `refusal` and, where it could be read, `symbol` mean anything.
    """
    text = F.col("value").cast("string")
    wrapped = F.concat(F.lit("["), text, F.lit(f",{_END_MARK}]"))
    parsed = kafka_rows.withColumn("parsed", F.from_json(wrapped, _SCHEMA, _STRICT))
    is_one_object = (F.size("parsed") == 2) & F.col("parsed")[1]["end_of_record"] & text.rlike(r"^\s*\{")
    # Each column is used more than once by the next, and each step is computed once.
    read = (
        parsed.withColumn("record", F.when(is_one_object, F.col("parsed")[0]))
        .withColumn("type", _field("type"))
        .withColumn("symbol", _text(_field("symbol")))
        .withColumn("event_time", _field("event_time"))
        .withColumn("all_changes", F.transform(_field("changes"), _change))
        .withColumn("refusal", _refusal(exchange))
    )
    is_taken = F.col("refusal").isNull()
    return read.select(
        *_KAFKA_COLUMNS,
        "type",
        "symbol",
        "event_time",
        F.when(is_taken, F.timestamp_millis("event_time")).alias("event_at"),
        F.when(is_taken & (F.col("type") == "l2"), _counted_changes()).alias("changes"),
        "refusal",
    )


def readable(rows: DataFrame) -> DataFrame:
    """The rows of `read_feed` that were read whole."""
    return rows.where(F.col("refusal").isNull())


def refused(rows: DataFrame) -> DataFrame:
    """The rows of `read_feed` that were refused."""
    return rows.where(F.col("refusal").isNotNull())


def _refusal(exchange: str) -> Column:
    """The first reason not to take the record, null when there is none."""
    kind = F.col("type")
    reason = (
        F.when(F.col("value").isNull(), "no value")
        .when(~F.is_valid_utf8("value"), "not UTF-8 text")
        .when(F.col("record").isNull(), "not one JSON object")
        .when(kind.isNull(), "type is missing")
        .when(~kind.isin("l2", "trade", "book", "tick", "gap"), "unknown type")
        .when(_is_not_true(_field("exchange") == exchange), f"exchange is not the topic's own, {exchange}")
        .when(
            _is_not_true(F.length("symbol").between(1, LONGEST_SYMBOL)),
            f"symbol is missing, no text, or longer than {LONGEST_SYMBOL}",
        )
        .when(~_is_time(F.col("event_time")), "event_time is missing or not a time in whole milliseconds")
        .when(~_is_time(_field("received_time")), "received_time is missing or not a time in whole milliseconds")
        .when(
            F.abs(F.col("event_time") - _field("received_time")) > MAX_SKEW_MS,
            f"event_time is more than {MAX_SKEW_MS // 1000} s from received_time",
        )
        .when(_text(_field("connection")).isNull(), "connection is missing or not text")
        .when(~_is_absent_or("BIGINT", _field("sequence")), "sequence is not a whole number")
        .when(~_is_absent_or("BOOLEAN", _field("late")), "late is not true or false")
        .when(~_is_absent_or("BIGINT", _field("exchange_time")), "exchange_time is not a whole number")
    )
    for record_type, wrongs in _wrongs_by_type().items():
        for wrong, why in wrongs:
            reason = reason.when((kind == record_type) & wrong, why)
    return reason


def _wrongs_by_type() -> dict[str, Iterable[tuple[Column, str | Column]]]:
    """For each type of record: what would be wrong with it, and how to say so."""
    return {
        "l2": (
            (_field("changes").isNull(), "changes is missing or not a list"),
            (_any_fails(F.col("all_changes"), _is_change), _what_is_wrong_with_changes()),
            (~_is_absent_or("BIGINT", _field("piece")), "piece is not a whole number"),
            (~_is_absent_or("BIGINT", _field("pieces")), "pieces is not a whole number"),
        ),
        "trade": (
            (_text(_field("trade_id")).isNull(), "trade_id is missing or not text"),
            (_is_not_true(_is_price(_text(_field("price")))), "price does not fit decimal(18,8) above 0"),
            (_is_not_true(_is_size(_text(_field("size")))), "size does not fit decimal(19,10)"),
            (~_is_absent_or_one_of(_field("maker_side"), "bid", "ask"), "maker_side is neither bid nor ask"),
        ),
        "book": (
            (_any_fails(_field("bids"), _is_level), "bids is not a list of [price, size]"),
            (_any_fails(_field("asks"), _is_level), "asks is not a list of [price, size]"),
        ),
        "gap": (
            (~_is_time(_field("from")), "from is missing or not a time in whole milliseconds"),
            (~_is_time(_field("to")), "to is missing or not a time in whole milliseconds"),
            (_text(_field("reason")).isNull(), "reason is missing or not text"),
        ),
    }


def _change(change: Column) -> Column:
    """A change with its texts read, and whether what else it may say is of its kind."""
    return F.struct(
        change["side"].alias("side"),
        change["reason"].alias("reason"),
        _text(change["price"]).alias("price"),
        _text(change["remaining"]).alias("remaining"),
        (_is_absent_or("STRING", change["delta"]) & _is_absent_or("BIGINT", change["time"])).alias("rest_is_right"),
    )


def _is_change(change: Column) -> Column:
    return _is_whole_change(change) & _is_price(change["price"]) & _is_size(change["remaining"])


def _is_whole_change(change: Column) -> Column:
    return (
        change["side"].isin("bid", "ask")
        & change["price"].isNotNull()
        & change["remaining"].isNotNull()
        & _is_absent_or_one_of(change["reason"], "initial", "place", "trade", "cancel")
        & change["rest_is_right"]
    )


def _what_is_wrong_with_changes() -> Column:
    changes = F.col("all_changes")
    return (
        F.when(_any_fails(changes, _is_whole_change), "a change lacks a field, or one is not of its kind")
        .when(
            _any_fails(changes, lambda change: _is_price(change["price"])), "a price does not fit decimal(18,8) above 0"
        )
        .otherwise("a size does not fit decimal(19,10)")
    )


def _counted_changes() -> Column:
    """The levels that belong in the sums: all but those of a first book."""
    counted = F.filter("all_changes", lambda change: F.coalesce(change["reason"], F.lit("")) != "initial")
    return F.transform(
        counted,
        lambda change: F.struct(
            change["side"].alias("side"),
            change["price"].try_cast(PRICE).alias("price"),
            change["remaining"].try_cast(SIZE).alias("remaining"),
        ),
    )


def _is_level(level: Column) -> Column:
    return (F.size(level) == 2) & _is_price(_text(level[0])) & _is_size(_text(level[1]))


def _is_price(text: Column) -> Column:
    return text.rlike(_PRICE_TEXT)


def _is_size(text: Column) -> Column:
    return text.rlike(_SIZE_TEXT)


def _is_time(time_ms: Column) -> Column:
    return F.coalesce(time_ms.between(0, _LAST_TIME_MS), F.lit(False))


def _any_fails(items: Column, is_right: Callable[[Column], Column]) -> Column:
    """True when the list is absent or anything in it is not certainly right."""
    return _is_not_true(F.forall(items, lambda item: F.coalesce(is_right(item), F.lit(False))))


def _field(name: str) -> Column:
    return F.col("record")[name]


def _text(variant: Column) -> Column:
    """The JSON text in `variant`; null when it is absent or anything else."""
    return F.when(F.schema_of_variant(variant) == "STRING", F.try_variant_get(variant, "$", "string"))


def _is_absent_or(kind: str, variant: Column) -> Column:
    return F.coalesce(F.schema_of_variant(variant).isin("VOID", kind), F.lit(True))


def _is_absent_or_one_of(text: Column, *words: str) -> Column:
    return text.isNull() | text.isin(*words)


def _is_not_true(condition: Column) -> Column:
    return ~F.coalesce(condition, F.lit(False))
