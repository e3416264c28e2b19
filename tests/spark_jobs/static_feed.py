"""Feed records as a test writes them, and a static frame that looks like Kafka's source."""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession

TOPIC = "gemini-feed"
START = 1_700_000_040_000
"""The start of a minute, in ms."""
KAFKA_TIME = START + 7
"""Kafka's own time stamp of every row of a static frame."""


def record(kind: str, at: int = START, **fields: Any) -> dict[str, Any]:
    """A record that is right in all that is common to records of a feed; a field given as `...` is left out."""
    common = {"exchange": "gemini", "symbol": "BTCUSD", "event_time": at, "received_time": at, "connection": "c1"}
    return {name: value for name, value in {"type": kind, **common, **fields}.items() if value is not ...}


def change(side: str = "ask", price: Any = "100.5", remaining: Any = "2", **fields: Any) -> dict[str, Any]:
    """One change of a level."""
    return {"side": side, "price": price, "remaining": remaining, **fields}


def l2(*changes: Any, at: int = START, **fields: Any) -> dict[str, Any]:
    """An `l2` record."""
    return record("l2", at, changes=list(changes), **fields)


def ticks(start: int = START, count: int = 60, **fields: Any) -> list[dict[str, Any]]:
    """One tick for each of the first `count` seconds from `start` on."""
    return [record("tick", start + 1000 * second, **fields) for second in range(count)]


def gap(at: int = START, **fields: Any) -> dict[str, Any]:
    """A `gap` that ends at `at`."""
    start = fields.pop("from_", at - 500)
    return record("gap", at, **{"from": start, "to": at, "reason": "sequence", **fields})


def kafka_rows(spark: SparkSession, directory: Path, values: Sequence[bytes | None]) -> DataFrame:
    """The values as Kafka's source would give them, at offsets 0, 1, … of partition 0."""
    lines = (
        json.dumps({"n": offset, "v": None if value is None else base64.b64encode(value).decode()})
        for offset, value in enumerate(values)
    )
    file = directory / "values.json"
    file.write_text("\n".join(lines))
    return (
        spark.read.schema("n bigint, v string")
        .json(str(file))
        .selectExpr(
            f"'{TOPIC}' as topic",
            "0 as partition",
            "n as offset",
            f"timestamp_millis({KAFKA_TIME}) as timestamp",
            "unbase64(v) as value",
        )
    )


def encoded(records: Sequence[object]) -> list[bytes]:
    """The records as JSON."""
    return [json.dumps(each).encode() for each in records]
