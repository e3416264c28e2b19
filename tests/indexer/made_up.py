"""One record of every kind that becomes a document, with every field set."""

from decimal import Decimal
from typing import Any

import msgspec

from market.forecast import ForecastDay, ForecastOrigin, ForecastRow, encode_forecast
from market.journal import Balance, Decision, Fill, OrderIntent, OrderRecord, Score, StateChange, Ticker
from market.records import Gap, Health, PriceVolume, Record, Trade, encode
from pipeline.topics import BOT_EVENTS, FORECASTS, GEMINI_FEED, HEALTH, SPARK_OUT

MINUTE = 1_700_000_040_000
NOW = MINUTE + 61_234


def trade(symbol: str, trade_id: str = "t-1", price: str = "30000.01") -> Trade:
    return Trade(
        exchange="gemini",
        symbol=symbol,
        event_time=NOW,
        received_time=NOW + 5,
        connection="c-1",
        sequence=17,
        late=True,
        exchange_time=NOW - 3,
        time_from="clock",
        trade_id=trade_id,
        price=price,
        size="0.5",
        maker_side="bid",
    )


def gap(symbol: str, start: int, end: int, reason: str = "silence") -> Gap:
    return Gap(
        exchange="gemini",
        symbol=symbol,
        event_time=end,
        received_time=end,
        connection="c-1",
        from_=start,
        to=end,
        reason=reason,
    )


def minute(symbol: str, window_start: int = MINUTE) -> PriceVolume:
    return PriceVolume(
        exchange="gemini",
        symbol=symbol,
        event_time=window_start + 60_000,
        window_start=window_start,
        window_end=window_start + 60_000,
        timestamp=window_start // 1000,
        changes=12,
        ask="10.5",
        bid="21.0",
        value="0.5",
        complete=True,
    )


def journal(symbol: str) -> tuple[msgspec.Struct, ...]:
    """One record of each kind of the journal."""
    named: dict[str, Any] = {"exchange": "gemini", "symbol": symbol, "event_time": NOW, "bot": f"rtc-paper-{symbol}"}
    order: dict[str, Any] = {
        "client_order_id": f"{symbol}-o",
        "side": "buy",
        "amount": "0.5",
        "price": "30000.01",
        "purpose": "entry",
    }
    return (
        Decision(
            **named,
            id=f"{symbol}-decision",
            window_start=MINUTE,
            window_end=MINUTE + 60_000,
            forecast_ds=MINUTE + 120_000,
            forecast_side="buy",
            action="buy",
            reason="bought",
            detail="ratio 0.5 lies between 0.1 and 2",
            ratio="0.5",
            complete=True,
            bid="29999.99",
            ask="30000.01",
            position="0.0",
            state="active",
            source_offset=7,
            client_order_id=f"{symbol}-o",
        ),
        OrderIntent(**named, id=f"{symbol}-intent", **order, window_start=MINUTE),
        OrderRecord(
            **named,
            id=f"{symbol}-order",
            **order,
            status="partly_filled",
            executed="0.25",
            intent_time=NOW - 9,
            order_id="77",
            average_price="30000.00",
            reason="immediate-or-cancel",
            window_start=MINUTE,
        ),
        Fill(
            **named,
            id=f"{symbol}-fill",
            trade_id="t-9",
            client_order_id=f"{symbol}-o",
            order_id="77",
            side="buy",
            price="30000.00",
            amount="0.25",
            fee="1.05",
            fee_currency="USD",
        ),
        Balance(
            **named,
            id=f"{symbol}-balance",
            base_currency="BTC",
            quote_currency="USD",
            base_amount="1000.25",
            base_available="1000.25",
            quote_amount="99000.5",
            quote_available="99000.5",
            expected_base="1000.25",
            expected_quote="99000.5",
            agrees=True,
            position="0.25",
            cost="7501.05",
            fees_paid="1.05",
            bid="29999.99",
            equity="100000.1",
            profit="-1.05",
            buy_and_hold="100001.5",
        ),
        Ticker(**named, id=f"{symbol}-ticker", bid="29999.99", ask="30000.01", last="30000.5"),
        Score(
            **named,
            id=f"{symbol}-score",
            client_order_id=f"{symbol}-o",
            opened_time=NOW - 99,
            closed_time=NOW,
            amount="0.25",
            proceeds="7499.5",
            cost="7500.5",
            entry_fees="1.05",
            exit_fees="1.04",
            gross="-1.0",
            fees="2.09",
            net="-3.09",
            net_percent="-0.04",
        ),
        StateChange(
            **named,
            id=f"{symbol}-state",
            state="paused",
            reason="operator",
            trouble="balances differ",
            command_offset=3,
            baseline_base="1000.0",
            baseline_quote="100000.0",
            written_off="0.1",
        ),
    )


def forecast(symbol: str) -> ForecastOrigin:
    return ForecastOrigin(
        id=f"{symbol}-forecast",
        exchange="gemini",
        symbol=symbol,
        event_time=NOW,
        label="simulated market",
        history="history.csv",
        history_sha256="ab" * 32,
        history_rows=1000,
        history_first=MINUTE - 60_000_000,
        history_last=MINUTE,
        rows_used=900,
        resample_seconds=900,
        cycle_seconds=720,
        first=MINUTE + 60_000,
        last=MINUTE + 120_000,
        rows=2,
        buys=1,
        table_sha256="cd" * 32,
        holdout_minutes=100,
        holdout_right=50,
    )


def forecast_day(symbol: str) -> ForecastDay:
    rows = (
        ForecastRow(ds=MINUTE + 60_000, yhat=Decimal("30000.5"), delta=Decimal("0.5"), side="buy"),
        ForecastRow(ds=MINUTE + 120_000, yhat=Decimal("29999.5"), delta=Decimal("-1.0"), side="sell"),
    )
    return ForecastDay(
        id=f"{symbol}-forecast-2023-11-14",
        exchange="gemini",
        symbol=symbol,
        event_time=MINUTE + 60_000,
        forecast=f"{symbol}-forecast",
        day="2023-11-14",
        buys=1,
        rows=rows,
    )


def health(symbol: str) -> Health:
    metrics: dict[str, int | float | str | None] = {"records": 3, "seconds": 0.5, "state": "ok", "last_error": None}
    metrics |= {"frames": 12, "delay_ms_p99": 50}
    return Health(exchange="gemini", symbol="", event_time=NOW, part=f"part-{symbol}", metrics=metrics)


def one_of_each(symbol: str) -> tuple[tuple[str, msgspec.Struct], ...]:
    """A topic and a record for every kind of record that becomes documents; a gap touches two minutes."""
    return (
        (GEMINI_FEED, trade(symbol)),
        (GEMINI_FEED, gap(symbol, MINUTE + 1, MINUTE + 60_001)),
        (SPARK_OUT, minute(symbol)),
        *((BOT_EVENTS, record) for record in journal(symbol)),
        (FORECASTS, forecast(symbol)),
        (FORECASTS, forecast_day(symbol)),
        (HEALTH, health(symbol)),
    )


def as_value(record: msgspec.Struct) -> bytes:
    """The record as its topic holds it."""
    if isinstance(record, ForecastOrigin | ForecastDay):
        return encode_forecast(record)
    assert isinstance(record, Record)
    return encode(record)
