"""Telling the topic `forecasts` of a training: what made it, then its rows by day."""

from market.forecast import ForecastOrigin, ForecastTable, encode_forecast, forecast_days
from pipeline.kafka_clients import Publisher
from pipeline.topics import FORECASTS

ACKNOWLEDGED_WITHIN = 60.0
# A day is about 100 KB: so many may wait in memory at a time.
DAYS_AT_ONCE = 30


def publish(bootstrap: str, origin: ForecastOrigin, table: ForecastTable, topic: str = FORECASTS) -> int:
    """Publish and wait until all is acknowledged; how many records. Raises TemporarilyUnavailable.

    Publishing the same training again repeats the same ids.
    """
    publisher = Publisher(bootstrap)
    try:
        publisher.publish(topic, origin.symbol, encode_forecast(origin))
        for count, day in enumerate(forecast_days(origin, table), start=1):
            publisher.publish(topic, day.symbol, encode_forecast(day))
            if count % DAYS_AT_ONCE == 0:
                publisher.flush(ACKNOWLEDGED_WITHIN)
        publisher.flush(ACKNOWLEDGED_WITHIN)
    finally:
        publisher.abandon()
    return publisher.delivered
