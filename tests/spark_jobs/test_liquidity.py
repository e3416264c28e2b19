"""The minutes that Spark sums, digit for digit those of the pure function and of the recount."""

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from market.liquidity import price_volume
from market.records import decode_feed, encode
from spark_jobs.feed_rows import read_feed
from spark_jobs.liquidity import minutes, price_volume_records
from tests import recount
from tests.spark_jobs.static_feed import START, change, encoded, gap, kafka_rows, l2, record, ticks

Records = Sequence[dict[str, Any]]

GREATEST = {"price": "9999999999.99999999", "remaining": "999999999.9999999999"}

MINUTES: dict[str, Records] = {
    "QUIET": ticks(),
    "BOTH": [*ticks(), l2(change("ask", "3", "2"), change("bid", "7", "1"))],
    "ASKONLY": [*ticks(), l2(change("ask", "3", "2"))],
    "BIDONLY": [*ticks(), l2(change("bid", "3", "2"))],
    "REMOVAL": [l2(change("ask", "3", "0", reason="cancel")), l2(change("bid", "3", "1"))],
    "FIRSTBOOK": [l2(change("ask", reason="initial"), change("bid", reason="initial"))],
    "EMPTYL2": [l2()],
    "ONLYTRADE": [record("trade", trade_id="1", price="1", size="1")],
    "ONEMISSING": ticks(count=59),
    "ONETOOMANY": [*ticks(), record("tick", START + 500)],
    "GAP": [*ticks(), gap(START + 30_000)],
    "LASTMOMENT": [l2(change("ask", "1", "1"), at=START + 59_999), l2(change("ask", "2", "1"), at=START + 60_000)],
    # Each product is half of the last place: rounding every product would give twice the sum.
    "ROUNDONCE": [l2(change("ask", "0.00000001", "0.5"), change("ask", "0.00000001", "0.5"), change("bid", "1", "1"))],
    "HALFUP": [l2(change("ask", "0.00000001", "0.5"), change("bid", "0.00000001", "2.5"))],
    "BELOWHALF": [l2(change("ask", "0.00000001", "0.4999999999"), change("bid", "1", "1"))],
    "RATIOTIE": [l2(change("ask", "1", "0.00000001"), change("bid", "1", "20000"))],
    "RATIOOFROUNDED": [l2(change("ask", "0.00000001", "1.4"), change("bid", "0.00000001", "1.6"))],
    "TINYRATIO": [l2(change("ask", "0.00000001", "1"), change("bid", "9999999999", "9999999"))],
    "HUGERATIO": [l2(change("ask", "9999999999", "99999999"), change("bid", "0.00000001", "1"))],
    "JUSTFITS": [l2(change("ask", "9999999999.99999999", "100000000"), change("bid", "1", "1"))],
    "JUSTNOT": [
        l2(change("ask", "9999999999.99999999", "100000000"), change("ask", "1", "1"), change("bid", "1", "1"))
    ],
    "OVERFLOW": [l2(change("ask", **GREATEST), change("bid", "1", "1"))],
    "GREATOVERFLOW": [l2(*[change("bid", **GREATEST)] * 30, change("ask", "1", "1"))],
}


def written(spark: SparkSession, directory: Path, feed: Records) -> list[dict[str, Any]]:
    """What the job would write to `spark.out`, as the bytes' JSON."""
    rows = read_feed(kafka_rows(spark, directory, encoded(feed)), "gemini")
    return [json.loads(row.value) for row in price_volume_records(minutes(rows, "gemini", 1)).collect()]


def computed(feed: Records) -> list[dict[str, Any]]:
    """What the pure function makes of the same feed."""
    by_minute: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for each in feed:
        by_minute.setdefault((each["symbol"], each["event_time"] // 60_000 * 60_000), []).append(each)
    return [
        json.loads(encode(price_volume("gemini", symbol, start, [decode_feed(value) for value in encoded(records)])))
        for (symbol, start), records in by_minute.items()
    ]


def in_order(out: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(out, key=lambda each: (each["symbol"], each["window_start"]))


@pytest.fixture(scope="module")
def table(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The record of the minute at START of each symbol in the table above."""
    feed = [{**each, "symbol": symbol} for symbol, records in MINUTES.items() for each in records]
    feed.sort(key=lambda each: int(each["event_time"]))
    out = written(spark, tmp_path_factory.mktemp("feed"), feed)
    assert in_order(out) == in_order(computed(feed))
    assert recount.compare(feed, out, closing_ms=-60_000).problems == ()
    return {each["symbol"]: each for each in out if each["window_start"] == START}


def test_quiet_minute_has_zeros_and_no_ratio(table: dict[str, dict[str, Any]]) -> None:
    assert table["QUIET"] == {
        "type": "price_volume",
        "exchange": "gemini",
        "symbol": "QUIET",
        "event_time": START + 60_000,
        "window_start": START,
        "window_end": START + 60_000,
        "timestamp": START // 1000,
        "changes": 0,
        "ask": "0.00000000",
        "bid": "0.00000000",
        "value": None,
        "complete": True,
    }


@pytest.mark.parametrize(
    ("symbol", "changes", "ask", "bid", "value"),
    [
        ("BOTH", 2, "6.00000000", "7.00000000", "0.857142857143"),
        ("ASKONLY", 1, "6.00000000", "0.00000000", None),
        ("BIDONLY", 1, "0.00000000", "6.00000000", None),
        ("REMOVAL", 2, "0.00000000", "3.00000000", None),
        ("FIRSTBOOK", 0, "0.00000000", "0.00000000", None),
        ("LASTMOMENT", 1, "1.00000000", "0.00000000", None),
        ("ROUNDONCE", 3, "0.00000001", "1.00000000", "0.000000010000"),
        ("HALFUP", 2, "0.00000001", "0.00000003", "0.333333333333"),
        ("BELOWHALF", 2, "0.00000000", "1.00000000", None),
        ("RATIOTIE", 2, "0.00000001", "20000.00000000", "0.000000000001"),
        ("RATIOOFROUNDED", 2, "0.00000001", "0.00000002", "0.500000000000"),
        ("TINYRATIO", 2, "0.00000001", "99999989990000001.00000000", "0.000000000000"),
        ("JUSTFITS", 2, "999999999999999999.00000000", "1.00000000", "999999999999999999.000000000000"),
        ("JUSTNOT", 3, None, "1.00000000", None),
        ("OVERFLOW", 2, None, "1.00000000", None),
        ("GREATOVERFLOW", 31, "1.00000000", None, None),
    ],
)
def test_sums_and_ratio_are_exact(
    table: dict[str, dict[str, Any]], symbol: str, changes: int, ask: str | None, bid: str | None, value: str | None
) -> None:
    minute = table[symbol]
    assert (minute["changes"], minute["ask"], minute["bid"], minute["value"]) == (changes, ask, bid, value)


@pytest.mark.parametrize(
    ("symbol", "complete"),
    [("QUIET", True), ("ONEMISSING", False), ("ONETOOMANY", False), ("GAP", False), ("ONLYTRADE", False)],
)
def test_minute_is_complete_with_sixty_ticks_and_no_gap(
    table: dict[str, dict[str, Any]], symbol: str, complete: bool
) -> None:
    assert table[symbol]["complete"] is complete


def decimal_text(before: int, places: int, smallest: int) -> st.SearchStrategy[str]:
    """Digits that fit a decimal of `before` and `places` digits: of every magnitude, often near the edges."""
    whole = st.one_of(st.integers(smallest, 10 ** (before + places) - 1), st.integers(smallest, 10**places))
    return whole.map(lambda number: f"{Decimal(number).scaleb(-places):f}")


a_change = st.builds(
    change,
    side=st.sampled_from(["bid", "ask"]),
    price=decimal_text(10, 8, smallest=1),
    remaining=decimal_text(9, 10, smallest=0),
    reason=st.sampled_from(["initial", "place", "trade", "cancel", None]),
)
a_minute = st.lists(st.lists(a_change, max_size=4), max_size=6)


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(minutes_of_changes=st.lists(a_minute, min_size=20, max_size=40))
def test_any_minute_equals_the_pure_function_and_the_recount(
    spark: SparkSession, tmp_path: Path, minutes_of_changes: list[list[list[dict[str, Any]]]]
) -> None:
    feed = [
        l2(*changes, at=START + 60_000 * number + second)
        for number, minute in enumerate(minutes_of_changes)
        for second, changes in enumerate(minute)
    ]
    out = written(spark, tmp_path, feed)
    assert in_order(out) == in_order(computed(feed))
    assert recount.compare(feed, out, closing_ms=-60_000).problems == ()
