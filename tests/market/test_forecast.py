"""The forecast table: its two file forms, the side rule, look-ups, and the records made of it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.forecast import (
    MINUTE_MS,
    EmptyForecast,
    ForecastDay,
    ForecastOrigin,
    ForecastRow,
    ForecastTable,
    MalformedForecast,
    book_text,
    decode_forecast,
    encode_forecast,
    forecast_days,
    forecast_id,
    parse_table,
    side_of,
    table_text,
)

MIDNIGHT = 1_522_108_800_000  # 2018-03-27 00:00:00 UTC
HEADER = "ds,yhat,delta,side\n"


def table_of(*deltas: str, start: int = MIDNIGHT) -> ForecastTable:
    return ForecastTable(
        [
            ForecastRow(
                ds=start + place * MINUTE_MS,
                yhat=Decimal("8000.5") + place,
                delta=Decimal(delta),
                side=side_of(Decimal(delta)),
            )
            for place, delta in enumerate(deltas)
        ]
    )


places_8 = st.decimals(min_value=0, max_value=10**9, places=8, allow_nan=False)
changes_8 = st.decimals(min_value=-(10**9), max_value=10**9, places=8, allow_nan=False)
minutes = st.integers(min_value=0, max_value=130_000_000).map(lambda minute: minute * MINUTE_MS)


@st.composite
def tables(draw: st.DrawFn) -> ForecastTable:
    rows = []
    for ds in sorted(draw(st.sets(minutes, min_size=1, max_size=20))):
        delta = draw(changes_8)
        rows.append(ForecastRow(ds=ds, yhat=draw(places_8), delta=delta, side=side_of(delta)))
    return ForecastTable(rows)


@given(tables())
def test_table_written_and_read_again_is_the_same(table: ForecastTable) -> None:
    assert parse_table(table_text(table)) == table


@given(tables())
def test_book_form_keeps_minutes_and_sides(table: ForecastTable) -> None:
    again = parse_table(book_text(table))
    assert [(row.ds, row.side) for row in again.rows] == [(row.ds, row.side) for row in table.rows]
    assert all(row.yhat is None and row.delta is None for row in again.rows)


def test_table_text_is_utc_minutes_with_plain_digits() -> None:
    assert table_text(table_of("0.00000001", "-2")) == (
        HEADER + "2018-03-27 00:00:00,8000.5,0.00000001,buy\n2018-03-27 00:01:00,8001.5,-2,sell\n"
    )


def test_table_from_the_book_is_written_in_its_form_again() -> None:
    text = "ds,side\n2018-03-27 00:00:00,buy\n2018-03-27 00:01:00,sell\n"
    assert table_text(parse_table(text)) == text


@pytest.mark.parametrize(("delta", "side"), [("0.00000001", "buy"), ("0", "sell"), ("-0.00000001", "sell")])
def test_side_is_buy_only_when_the_price_is_expected_to_rise(delta: str, side: str) -> None:
    assert side_of(Decimal(delta)) == side


def test_row_is_found_by_its_minute_alone() -> None:
    table = table_of("1", "-1", "2")
    row = table.row_at(MIDNIGHT + MINUTE_MS)
    assert row is not None
    assert row.side == "sell"
    assert table.row_at(MIDNIGHT - MINUTE_MS) is None
    assert table.row_at(MIDNIGHT + 1) is None
    assert table.row_at(MIDNIGHT + 3 * MINUTE_MS) is None


def test_minute_missing_within_the_table_has_no_row() -> None:
    table = parse_table("ds,side\n2018-03-27 00:00:00,buy\n2018-03-27 00:02:00,buy\n")
    assert table.row_at(MIDNIGHT + MINUTE_MS) is None
    assert table.row_at(MIDNIGHT + 2 * MINUTE_MS) is not None


def test_coverage_and_age_come_from_the_rows() -> None:
    table = table_of("1", "-1", "2")
    assert (table.first, table.last, len(table), table.buys) == (MIDNIGHT, MIDNIGHT + 2 * MINUTE_MS, 3, 2)
    assert table.age_ms(MIDNIGHT + 90_000) == 90_000


@pytest.mark.parametrize(
    ("text", "line", "column", "told"),
    [
        ("ds;yhat;delta;side\n", 1, 1, "header"),
        ("ds,side\n2018-03-27 00:00:00,buy,1\n", 2, 3, "3 fields, expected 2"),
        (HEADER + "2018-03-27 00:00:00,1,1\n", 2, 3, "3 fields, expected 4"),
        (HEADER + "2018-03-27 00:00:00,1,1,buy\n\n", 3, 1, "1 fields"),
        (HEADER + "1522108800,1,1,buy\n", 2, 1, "start of a minute"),
        (HEADER + "2018-02-30 00:00:00,1,1,buy\n", 2, 1, "no time"),
        (HEADER + "2018-03-27 00:00:30,1,1,buy\n", 2, 1, "within a minute"),
        (HEADER + "2018-03-27 00:00:00,nan,1,buy\n", 2, 2, "yhat is 'nan'"),
        (HEADER + "2018-03-27 00:00:00,-1,1,buy\n", 2, 2, "price"),
        (HEADER + "2018-03-27 00:00:00,1,,sell\n", 2, 3, "delta is ''"),
        (HEADER + "2018-03-27 00:00:00,1,1,hold\n", 2, 4, "expected buy or sell"),
        (HEADER + "2018-03-27 00:00:00,1,0,buy\n", 2, 4, "buy only above 0"),
        ("ds,side\n2018-03-27 00:01:00,buy\n2018-03-27 00:01:00,buy\n", 3, 1, "does not come after"),
        ("ds,side\n2018-03-27 00:01:00,buy\n2018-03-27 00:00:00,buy\n", 3, 1, "does not come after"),
    ],
)
def test_wrong_table_is_refused_with_line_and_column(text: str, line: int, column: int, told: str) -> None:
    with pytest.raises(MalformedForecast, match=told) as refused:
        parse_table(text)
    assert (refused.value.line, refused.value.column) == (line, column)
    assert f"line {line}, column {column}" in str(refused.value)


@pytest.mark.parametrize("text", ["", "ds,side\n", HEADER])
def test_table_without_rows_is_empty(text: str) -> None:
    with pytest.raises(EmptyForecast):
        parse_table(text)


def test_rows_that_do_not_rise_are_no_table() -> None:
    row = ForecastRow(ds=MIDNIGHT, side="buy")
    with pytest.raises(ValueError, match="rise"):
        ForecastTable([row, row])


def origin_of(table: ForecastTable) -> ForecastOrigin:
    return ForecastOrigin(
        id=forecast_id("BTCUSD", MIDNIGHT, "ab" * 32),
        exchange="gemini",
        symbol="BTCUSD",
        event_time=MIDNIGHT,
        label="made up",
        history="history.csv",
        history_sha256="cd" * 32,
        history_rows=10,
        history_first=MIDNIGHT - 10 * MINUTE_MS,
        history_last=MIDNIGHT - MINUTE_MS,
        rows_used=9,
        resample_seconds=900,
        cycle_seconds=None,
        first=table.first,
        last=table.last,
        rows=len(table),
        buys=table.buys,
        table_sha256="ab" * 32,
        holdout_minutes=None,
        holdout_right=None,
    )


def test_days_of_a_forecast_are_cut_at_utc_midnight_and_hold_every_row_once() -> None:
    table = table_of("1", "-1", "2", "0", start=MIDNIGHT - 2 * MINUTE_MS)
    days = list(forecast_days(origin_of(table), table))
    assert [(day.day, day.buys, len(day.rows)) for day in days] == [("2018-03-26", 1, 2), ("2018-03-27", 1, 2)]
    assert tuple(row for day in days for row in day.rows) == table.rows
    assert len({day.id for day in days}) == 2


def test_records_survive_their_encoding() -> None:
    table = table_of("1.25", "-1")
    origin = origin_of(table)
    (day,) = forecast_days(origin, table)
    assert decode_forecast(encode_forecast(origin)) == origin
    again = decode_forecast(encode_forecast(day))
    assert isinstance(again, ForecastDay)
    assert again.rows[0].delta == Decimal("1.25")


def test_nulls_of_the_origin_are_written() -> None:
    assert b'"cycle_seconds":null' in encode_forecast(origin_of(table_of("1")))


def test_bytes_that_are_no_forecast_record_are_refused() -> None:
    with pytest.raises(MalformedForecast):
        decode_forecast(b'{"type":"forecast"}')
