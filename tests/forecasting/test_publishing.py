"""Telling the real broker of a training."""

from collections.abc import Callable
from decimal import Decimal

from forecasting.publishing import publish
from local.kafka import KafkaServer
from market.forecast import (
    MINUTE_MS,
    ForecastDay,
    ForecastOrigin,
    ForecastRow,
    ForecastTable,
    decode_forecast,
)
from pipeline.kafka_clients import read_to_end
from pipeline.topics import TopicSpec, create_topics
from tests.forecasting.made_up import START

NOON_MS = (START + 43_200) * 1000


def table_of(minutes: int) -> ForecastTable:
    return ForecastTable(
        [
            ForecastRow(ds=NOON_MS + place * MINUTE_MS, yhat=Decimal("9000.00000001"), delta=Decimal(1), side="buy")
            for place in range(minutes)
        ]
    )


def origin_of(table: ForecastTable) -> ForecastOrigin:
    return ForecastOrigin(
        id="BTCUSD-1-abc",
        exchange="gemini",
        symbol="BTCUSD",
        event_time=NOON_MS,
        label="made up",
        history="history.csv",
        history_sha256="cd" * 32,
        history_rows=10,
        history_first=NOON_MS - 10 * MINUTE_MS,
        history_last=NOON_MS - MINUTE_MS,
        rows_used=9,
        resample_seconds=900,
        cycle_seconds=None,
        first=table.first,
        last=table.last,
        rows=len(table),
        buys=table.buys,
        table_sha256="ab" * 32,
        holdout_minutes=100,
        holdout_right=50,
    )


def test_topic_holds_the_origin_and_then_every_row_by_day(kafka: KafkaServer, topic_name: Callable[[str], str]) -> None:
    topic = topic_name("forecasts")
    create_topics(kafka.bootstrap, (TopicSpec(topic, 1, -1),))
    table = table_of(33 * 1440)
    origin = origin_of(table)
    assert publish(kafka.bootstrap, origin, table, topic) == 35
    first, *rest = [decode_forecast(value) for value in read_to_end(kafka.bootstrap, topic)]
    assert first == origin
    days = [record for record in rest if isinstance(record, ForecastDay)]
    assert len(days) == len(rest) == 34
    assert tuple(row for day in days for row in day.rows) == table.rows
