"""From a record of Kafka to the documents of Elasticsearch. Pure; a document's id comes from its record alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from indexer import templates
from market.errors import MalformedRecord
from market.forecast import ForecastDay, ForecastOrigin, decode_forecast
from market.journal import (
    Balance,
    Decision,
    Fill,
    JournalRecord,
    OrderIntent,
    OrderRecord,
    Score,
    StateChange,
    Ticker,
    decode_journal,
)
from market.liquidity import MINUTE_MS
from market.records import Gap, Health, PriceVolume, Trade, decode_feed, decode_health, decode_price_volume
from pipeline import indices
from pipeline.topics import BOT_EVENTS, EXCHANGES, FORECASTS, HEALTH, SPARK_OUT, feed_topic

FEEDS = tuple(feed_topic(exchange) for exchange in EXCHANGES)
TOPICS = (*FEEDS, SPARK_OUT, BOT_EVENTS, FORECASTS, HEALTH)

# Elasticsearch refuses a whole request for one id that is longer.
LONGEST_ID_BYTES = 512
# A year: a pipeline that was off for longer has no minutes to correct, and a wrong time must not become endless work.
MOST_MINUTES = 366 * 24 * 60

_JOURNAL_INDEX: dict[type[Any], str] = {
    Decision: indices.DECISIONS,
    OrderIntent: indices.INTENTS,
    OrderRecord: indices.ORDERS,
    Fill: indices.FILLS,
    Balance: indices.BALANCES,
    Ticker: indices.TICKERS,
    Score: indices.SCORES,
    StateChange: indices.STATES,
}


@dataclass(frozen=True)
class Document:
    """One document: its index, its id and its source."""

    index: str
    id: str
    source: dict[str, Any]


def documents(topic: str, value: bytes | None) -> Iterator[Document]:
    """The documents of a record of that topic: none, one or many. Raises `MarketError` for what is none of its records.

    A record that is refused may have given some of its documents before.
    """
    if value is None:
        raise MalformedRecord("there is no value")
    if topic in FEEDS:
        yield from _of_feed(value)
    elif topic == SPARK_OUT:
        yield minute(decode_price_volume(value))
    elif topic == BOT_EVENTS:
        yield journaled(decode_journal(value))
    elif topic == FORECASTS:
        yield from _of_forecast(value)
    elif topic == HEALTH:
        yield _sample(decode_health(value))
    else:
        raise MalformedRecord(f"no record of topic {topic} becomes a document")


def minute(record: PriceVolume) -> Document:
    """A minute's liquidity. Spark may write a minute twice: the id makes it one document."""
    return _of_record(indices.LIQUIDITY, _window_id(record, record.window_start), record.window_start, record)


def corrections(gap: Gap) -> Iterator[Document]:
    """One for each minute that a gap touches: documents of their own, so that they hold in whatever order all comes.

    The half-open interval [from, to) is touched; a gap without length touches the minute it lies in. Raises
    `MalformedRecord` for a gap of more than `MOST_MINUTES`.
    """
    starts = range(gap.from_ // MINUTE_MS * MINUTE_MS, max(gap.to, gap.from_ + 1), MINUTE_MS)
    # Not by len(): it cannot count what a time of any size may ask for.
    if starts[-1] - starts[0] >= MOST_MINUTES * MINUTE_MS:
        raise MalformedRecord(f"a gap from {gap.from_} to {gap.to} is longer than a year")
    for start in starts:
        source = {
            "@timestamp": start,
            "type": "correction",
            "exchange": gap.exchange,
            "symbol": gap.symbol,
            "event_time": gap.event_time,
            "window_start": start,
            "window_end": start + MINUTE_MS,
            "timestamp": start // 1000,
            "complete": False,
            "reason": gap.reason,
        }
        yield _document(indices.LIQUIDITY, f"{_window_id(gap, start)}|correction", source)


def journaled(record: JournalRecord) -> Document:
    """A record of the bot's journal, under its own id."""
    return _of_record(_JOURNAL_INDEX[type(record)], record.id, record.event_time, record)


def _of_feed(value: bytes) -> Iterator[Document]:
    record = decode_feed(value)
    if isinstance(record, Trade):
        id = f"{record.exchange}|{record.symbol}|{record.trade_id}"
        yield _of_record(indices.TRADES, id, record.event_time, record)
    elif isinstance(record, Gap):
        yield from corrections(record)


def _of_forecast(value: bytes) -> Iterator[Document]:
    try:
        record = decode_forecast(value)
    except (UnicodeDecodeError, RecursionError) as error:
        raise MalformedRecord(str(error)) from error
    if isinstance(record, ForecastOrigin):
        yield _of_record(indices.FORECASTS, record.id, record.event_time, record)
    else:
        yield from _rows(record)


def _rows(day: ForecastDay) -> Iterator[Document]:
    for row in day.rows:
        source = {
            "@timestamp": row.ds,
            "type": "forecast_row",
            "exchange": day.exchange,
            "symbol": day.symbol,
            "forecast": day.forecast,
            **msgspec.to_builtins(row),
        }
        yield _document(indices.FORECASTS, f"{day.forecast}|{row.ds}", source)


def _sample(record: Health) -> Document:
    of_whom = f"{record.part}|{record.symbol}" if record.symbol else record.part
    charted = {name: value for name in templates.CHARTED if _is_whole(value := record.metrics.get(name))}
    source = {"@timestamp": record.event_time, **msgspec.to_builtins(record), **charted}
    return _document(indices.HEALTH, f"{of_whom}|{record.event_time}", source)


def _is_whole(value: object) -> bool:
    """Whether Elasticsearch takes it for a whole number."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _window_id(record: PriceVolume | Gap, window_start: int) -> str:
    return f"{record.exchange}|{record.symbol}|{window_start}"


def _of_record(index: str, id: str, timestamp: int, record: msgspec.Struct) -> Document:
    return _document(index, id, {"@timestamp": timestamp, **msgspec.to_builtins(record)})


def _document(index: str, id: str, source: dict[str, Any]) -> Document:
    if not 1 <= len(id.encode()) <= LONGEST_ID_BYTES:
        raise MalformedRecord(f"its id has {len(id.encode())} bytes, expected 1 to {LONGEST_ID_BYTES}")
    return Document(index, id, source)
