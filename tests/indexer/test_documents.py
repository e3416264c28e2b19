"""What becomes of each record: which index, which id, which source."""

from typing import Any

import msgspec
import pytest

from indexer import templates
from indexer.documents import LONGEST_ID_BYTES, MOST_MINUTES, TOPICS, Document, documents
from market.errors import MarketError
from market.records import L2, Book, Change, Health, Tick, encode
from pipeline import indices
from pipeline.topics import BOT_COMMANDS, DEAD_LETTERS, FORECASTS, GEMINI_FEED, HEALTH, SPARK_OUT, topic_specs
from tests.indexer.made_up import MINUTE, NOW, as_value, forecast_day, gap, health, minute, one_of_each, trade

SYMBOL = "BTCUSD"
EXPECTED = {
    "trade": (indices.TRADES, ["gemini|BTCUSD|t-1"]),
    "gap": (
        indices.LIQUIDITY,
        [f"gemini|BTCUSD|{MINUTE}|correction", f"gemini|BTCUSD|{MINUTE + 60_000}|correction"],
    ),
    "price_volume": (indices.LIQUIDITY, [f"gemini|BTCUSD|{MINUTE}"]),
    "decision": (indices.DECISIONS, ["BTCUSD-decision"]),
    "order_intent": (indices.INTENTS, ["BTCUSD-intent"]),
    "order": (indices.ORDERS, ["BTCUSD-order"]),
    "fill": (indices.FILLS, ["BTCUSD-fill"]),
    "balance": (indices.BALANCES, ["BTCUSD-balance"]),
    "ticker": (indices.TICKERS, ["BTCUSD-ticker"]),
    "score": (indices.SCORES, ["BTCUSD-score"]),
    "state": (indices.STATES, ["BTCUSD-state"]),
    "forecast": (indices.FORECASTS, ["BTCUSD-forecast"]),
    "forecast_day": (
        indices.FORECASTS,
        [f"BTCUSD-forecast|{MINUTE + 60_000}", f"BTCUSD-forecast|{MINUTE + 120_000}"],
    ),
    "health": (indices.HEALTH, [f"part-BTCUSD|{NOW}"]),
}


def of(topic: str, record: msgspec.Struct) -> list[Document]:
    return list(documents(topic, as_value(record)))


def kind(record: msgspec.Struct) -> str:
    return str(record.__struct_config__.tag)


@pytest.mark.parametrize(("topic", "record"), one_of_each(SYMBOL), ids=lambda value: getattr(value, "id", None))
def test_record_has_its_index_and_ids_that_say_what_it_is(topic: str, record: msgspec.Struct) -> None:
    found = of(topic, record)
    index, ids = EXPECTED[kind(record)]
    assert [(document.index, document.id) for document in found] == [(index, id) for id in ids]
    assert of(topic, record) == found


def test_every_kind_is_made_up_here() -> None:
    assert {kind(record) for _, record in one_of_each(SYMBOL)} == EXPECTED.keys()


def test_every_topic_but_orders_and_dead_letters_is_read() -> None:
    assert {spec.name for spec in topic_specs()} - {BOT_COMMANDS, DEAD_LETTERS} == set(TOPICS)


def test_source_of_a_trade_is_the_whole_record_with_its_time() -> None:
    (document,) = of(GEMINI_FEED, trade(SYMBOL))
    assert document.source == {"@timestamp": NOW, **msgspec.json.decode(encode(trade(SYMBOL)))}


def test_source_of_a_minute_starts_at_its_start_and_keeps_what_is_null() -> None:
    (document,) = of(SPARK_OUT, msgspec.structs.replace(minute(SYMBOL), bid="0", value=None))
    assert document.source["@timestamp"] == MINUTE
    assert document.source["value"] is None
    assert document.source["bid"] == "0"


def test_correction_marks_its_minute_incomplete_and_says_why() -> None:
    first, second = of(GEMINI_FEED, gap(SYMBOL, MINUTE + 59_999, MINUTE + 60_001))
    assert first.source == {
        "@timestamp": MINUTE,
        "type": "correction",
        "exchange": "gemini",
        "symbol": SYMBOL,
        "event_time": MINUTE + 60_001,
        "window_start": MINUTE,
        "window_end": MINUTE + 60_000,
        "timestamp": MINUTE // 1000,
        "complete": False,
        "reason": "silence",
    }
    assert second.source["window_start"] == MINUTE + 60_000


@pytest.mark.parametrize(
    ("start", "end", "touched"),
    [
        pytest.param(MINUTE, MINUTE + 60_000, [0], id="a whole minute, and not the one after"),
        pytest.param(MINUTE, MINUTE + 60_001, [0, 1], id="one millisecond of the next"),
        pytest.param(MINUTE - 1, MINUTE + 1, [-1, 0], id="both sides of a minute's start"),
        pytest.param(MINUTE + 5, MINUTE + 5, [0], id="no length"),
        pytest.param(MINUTE + 60_000, MINUTE + 60_000, [1], id="no length, at a start"),
        pytest.param(MINUTE + 5, MINUTE - 70_000, [0], id="an end before its start"),
        pytest.param(MINUTE + 30_000, MINUTE + 200_000, [0, 1, 2, 3], id="several"),
    ],
)
def test_gap_corrects_each_minute_that_it_touches(start: int, end: int, touched: list[int]) -> None:
    found = of(GEMINI_FEED, gap(SYMBOL, start, end))
    assert [(document.source["window_start"] - MINUTE) // 60_000 for document in found] == touched


def test_correction_never_has_the_id_of_its_minute() -> None:
    (correction,) = of(GEMINI_FEED, gap(SYMBOL, MINUTE, MINUTE + 1))
    (of_minute,) = of(SPARK_OUT, minute(SYMBOL))
    assert correction.id != of_minute.id


def test_gap_of_a_year_is_corrected_and_a_longer_one_refused_at_once() -> None:
    year = MOST_MINUTES * 60_000
    assert sum(1 for _ in documents(GEMINI_FEED, encode(gap(SYMBOL, MINUTE, MINUTE + year)))) == MOST_MINUTES
    for end in (MINUTE + year + 1, 10**40):
        with pytest.raises(MarketError, match="longer than a year"):
            next(documents(GEMINI_FEED, encode(gap(SYMBOL, MINUTE, end))))


def test_forecast_row_has_its_minute_as_its_time_and_names_its_forecast() -> None:
    first, second = of(FORECASTS, forecast_day(SYMBOL))
    assert first.source == {
        "@timestamp": MINUTE + 60_000,
        "type": "forecast_row",
        "exchange": "gemini",
        "symbol": SYMBOL,
        "forecast": "BTCUSD-forecast",
        "ds": MINUTE + 60_000,
        "yhat": "30000.5",
        "delta": "0.5",
        "side": "buy",
    }
    assert second.source["side"] == "sell"


def test_forecast_row_of_the_books_form_has_no_price() -> None:
    day = forecast_day(SYMBOL)
    sides = tuple(msgspec.structs.replace(row, yhat=None, delta=None) for row in day.rows)
    first, _ = of(FORECASTS, msgspec.structs.replace(day, rows=sides))
    assert first.source["yhat"] is None
    assert first.source["delta"] is None


def test_book_tick_and_l2_become_no_document() -> None:
    common: dict[str, Any] = {
        "exchange": "gemini",
        "symbol": SYMBOL,
        "event_time": NOW,
        "received_time": NOW,
        "connection": "c",
    }
    change = Change(side="bid", price="1", remaining="2")
    for record in (L2(**common, changes=(change,)), Book(**common, bids=(("1", "2"),), asks=()), Tick(**common)):
        assert of(GEMINI_FEED, record) == []


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"\xff",
        b"null",
        b"{}",
        b'{"type":"forecast","id":"\xff"}',
        b'{"type":"forecast","x":' + b"[" * 100_000,
        b'{"type":"unheard of"}',
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_is_no_record_of_its_topic_is_refused(topic: str, value: bytes | None) -> None:
    with pytest.raises(MarketError):
        list(documents(topic, value))


def test_record_of_another_topic_is_refused() -> None:
    with pytest.raises(MarketError):
        of(SPARK_OUT, trade(SYMBOL))
    with pytest.raises(MarketError):
        of(HEALTH, minute(SYMBOL))
    with pytest.raises(MarketError, match="becomes a document"):
        of(DEAD_LETTERS, health(SYMBOL))


def test_health_of_a_symbol_is_a_document_of_its_own_and_its_numbers_can_be_charted() -> None:
    metrics: dict[str, int | float | str | None] = {"frames": 5, "delay_ms_p50": None, "trusted": 1, "inbox": "full"}
    metrics["bytes"] = 2**63
    of_all = Health(exchange="gemini", symbol="", event_time=NOW, part="producer-gemini", metrics=metrics)
    whole, own = of(HEALTH, of_all)[0], of(HEALTH, msgspec.structs.replace(of_all, symbol="BTCUSD"))[0]
    assert (whole.id, own.id) == (f"producer-gemini|{NOW}", f"producer-gemini|BTCUSD|{NOW}")
    assert own.source["symbol"] == "BTCUSD"
    charted = {name: value for name, value in own.source.items() if name in templates.CHARTED}
    assert charted == {"frames": 5, "trusted": 1}
    assert own.source["metrics"] == metrics


def test_id_that_elasticsearch_cannot_hold_is_refused_before_it_spoils_a_request() -> None:
    most = LONGEST_ID_BYTES - len("gemini|BTCUSD|")
    assert len(of(GEMINI_FEED, trade(SYMBOL, "x" * most))) == 1
    with pytest.raises(MarketError, match="513 bytes"):
        of(GEMINI_FEED, trade(SYMBOL, "x" * (most + 1)))
    with pytest.raises(MarketError, match="0 bytes"):
        of(FORECASTS, msgspec.structs.replace(one_of_each(SYMBOL)[-3][1], id=""))
