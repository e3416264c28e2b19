"""The indices: one a kind of document, each behind a strict template made from its record's own fields (design §3).

A field that a template does not name is refused by Elasticsearch, and its document goes to `dead-letters`: a typo never
becomes a new column. Ids are `keyword`, times are `date` (UTC), money is `double` for charts; the exact digits stay in
Kafka.
"""

from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from market.forecast import ForecastOrigin
from market.journal import Balance, Decision, Fill, OrderIntent, OrderRecord, Score, StateChange, Ticker
from market.records import Health, PriceVolume, Trade
from pipeline import indices

_KEYWORD = {"type": "keyword"}
_DATE = {"type": "date", "format": "epoch_millis"}
_SECONDS = {"type": "date", "format": "epoch_second"}
_MONEY = {"type": "double"}
_WHOLE = {"type": "long"}
_FLAG = {"type": "boolean"}
# Metrics differ from part to part: their names are values here, not columns.
_NAMED_VALUES = {"type": "flattened"}

_TIMES = frozenset({"event_time", "received_time", "exchange_time", "window_start", "window_end", "forecast_ds"})
_TIMES |= {"intent_time", "opened_time", "closed_time", "history_first", "history_last", "first", "last", "ds"}
_AMOUNTS = frozenset({"price", "size", "amount", "fee", "executed", "average_price", "ratio", "ask", "bid", "value"})
_AMOUNTS |= {"base_amount", "base_available", "quote_amount", "quote_available", "expected_base", "expected_quote"}
_AMOUNTS |= {"position", "cost", "fees_paid", "equity", "profit", "buy_and_hold", "proceeds", "entry_fees", "exit_fees"}
_AMOUNTS |= {"last", "gross", "fees", "net", "net_percent", "baseline_base", "baseline_quote", "written_off"}
# Metrics that are columns too, so that they can be charted; where a part has none of that name, there is no value.
CHARTED: tuple[str, ...] = (
    "frames",
    "bytes",
    "inbox",
    "in_flight_bytes",
    "reconnects",
    "links_connected",
    "symbols_trusted",
    "trusted",
)
CHARTED += ("records_l2", "records_trade", "records_book", "records_tick", "records_gap", "dead_letters")
CHARTED += ("repeated_frames", "repeated_trades", "trades_before_book", "late_frames", "times_refused", "times_absent")
CHARTED += ("crossed_books", "delay_ms_p50", "delay_ms_p99", "delay_ms_max", "records_behind", "documents")
# What a correction and a forecast's row have besides the fields of the record whose index they share.
_BESIDES: dict[str, dict[str, Any]] = {
    indices.LIQUIDITY: {"reason": _KEYWORD},
    indices.HEALTH: dict.fromkeys(CHARTED, _WHOLE),
    indices.FORECASTS: {"forecast": _KEYWORD, "ds": _DATE, "yhat": _MONEY, "delta": _MONEY, "side": _KEYWORD},
}
_RECORDS: dict[str, type[msgspec.Struct]] = {
    indices.LIQUIDITY: PriceVolume,
    indices.TRADES: Trade,
    indices.TICKERS: Ticker,
    indices.DECISIONS: Decision,
    indices.INTENTS: OrderIntent,
    indices.ORDERS: OrderRecord,
    indices.FILLS: Fill,
    indices.BALANCES: Balance,
    indices.SCORES: Score,
    indices.STATES: StateChange,
    indices.FORECASTS: ForecastOrigin,
    indices.HEALTH: Health,
}
INDICES = tuple(_RECORDS)


def template(index: str) -> dict[str, Any]:
    """The template of an index: one shard, no replica, and no field but those named."""
    of_record = {field.encode_name: _mapping(field) for field in msgspec.structs.fields(_RECORDS[index])}
    properties = {"@timestamp": _DATE, "type": _KEYWORD, **of_record}
    return {
        "settings": {"number_of_shards": 1, "number_of_replicas": 0},
        "mappings": {"dynamic": "strict", "properties": properties | _BESIDES.get(index, {})},
    }


def _mapping(field: msgspec.structs.FieldInfo) -> Mapping[str, Any]:
    name, kinds = field.encode_name, _kinds(field.type)
    if name == "timestamp":
        return _SECONDS
    # A forecast's last minute is a time, a ticker's last price is none.
    if name in _TIMES and int in kinds:
        return _DATE
    if name in _AMOUNTS and str in kinds:
        return _MONEY
    if dict in kinds:
        return _NAMED_VALUES
    if bool in kinds:
        return _FLAG
    return _WHOLE if int in kinds else _KEYWORD


def _kinds(annotation: Any) -> frozenset[Any]:
    """The plain types that a field's type is made of, such as int of `int | None`."""
    whole = get_origin(annotation)
    if whole is Annotated:
        return _kinds(get_args(annotation)[0])
    if whole in (Union, UnionType):
        return frozenset().union(*map(_kinds, get_args(annotation)))
    return frozenset((whole or annotation,))
