"""The forecast table: for each minute what the model expects, and the side that follows from it.

Two forms of file are read: ours (`ds,yhat,delta,side`) and the book's (`ds,side`). `ds` is the start of a minute in
UTC, `yhat` the expected price of that minute, `delta` the change from the minute before, `side` buy only when `delta` >
0. A table that breaks these rules is refused whole, with line and column: half a forecast must not trade.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Literal

import msgspec

from market.errors import MalformedRecord, MarketError
from market.records import decode_whole

MINUTE_MS = 60_000
DAY_MS = 86_400_000
COLUMNS = ("ds", "yhat", "delta", "side")
BOOK_COLUMNS = ("ds", "side")
# What a minute's row looks like in a file; the book's file, written by pandas, has the same.
DS_FORMAT = "%Y-%m-%d %H:%M:%S"

Side = Literal["buy", "sell"]

_DS = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_PRICE = re.compile(r"[0-9]{1,10}(\.[0-9]{1,8})?")
_CHANGE = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,8})?")


class MalformedForecast(MarketError):
    """The text is no forecast table. Whoever trades by it must open no position; `line` and `column` count from 1."""

    def __init__(self, line: int, column: int, reason: str) -> None:
        self.line = line
        self.column = column
        self.reason = reason
        super().__init__(f"line {line}, column {column}: {reason}")


class EmptyForecast(MalformedForecast):
    """A header without a single row, or no text at all."""


class ForecastRow(msgspec.Struct, frozen=True, kw_only=True):
    """One minute: `ds` its start (epoch ms); `yhat` and `delta` in the quote currency, null where the file has none."""

    ds: int
    yhat: Decimal | None = None
    delta: Decimal | None = None
    side: Side


class ForecastTable:
    """The rows of one forecast, rising in `ds`. Raises ValueError when there is none or they do not rise."""

    def __init__(self, rows: Sequence[ForecastRow]) -> None:
        if not rows:
            raise ValueError("a forecast has at least one row")
        self._minutes = [row.ds for row in rows]
        if any(later <= earlier for earlier, later in zip(self._minutes, self._minutes[1:], strict=False)):
            raise ValueError("the rows of a forecast rise in ds")
        self.rows = tuple(rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ForecastTable) and self.rows == other.rows

    def __hash__(self) -> int:
        return hash(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def first(self) -> int:
        """`ds` of the first row, epoch ms."""
        return self._minutes[0]

    @property
    def last(self) -> int:
        """`ds` of the last row, epoch ms."""
        return self._minutes[-1]

    @property
    def buys(self) -> int:
        """How many rows say buy."""
        return sum(row.side == "buy" for row in self.rows)

    def row_at(self, ds_ms: int) -> ForecastRow | None:
        """The row of exactly that minute; None when the table does not hold it."""
        place = bisect_left(self._minutes, ds_ms)
        found = place < len(self._minutes) and self._minutes[place] == ds_ms
        return self.rows[place] if found else None

    def age_ms(self, now_ms: int) -> int:
        """How long ago the model's knowledge ended: the first row follows the last minute that it had seen."""
        return now_ms - self.first


def side_of(delta: Decimal) -> Side:
    """Buy only when the price is expected to rise; a flat minute says sell."""
    return "buy" if delta > 0 else "sell"


def table_text(table: ForecastTable) -> str:
    """The table as a file's text: our form, or the book's when a row lacks `yhat` or `delta`."""
    if any(row.yhat is None or row.delta is None for row in table.rows):
        return book_text(table)
    lines = [f"{_ds_text(row.ds)},{row.yhat:f},{row.delta:f},{row.side}\n" for row in table.rows]
    return ",".join(COLUMNS) + "\n" + "".join(lines)


def book_text(table: ForecastTable) -> str:
    """The table in the book's form, `ds,side`."""
    return ",".join(BOOK_COLUMNS) + "\n" + "".join(f"{_ds_text(row.ds)},{row.side}\n" for row in table.rows)


def _ds_text(ds_ms: int) -> str:
    return datetime.fromtimestamp(ds_ms / 1000, UTC).strftime(DS_FORMAT)


def parse_table(text: str) -> ForecastTable:
    """Read either form. Raises MalformedForecast (EmptyForecast without rows) with the first wrong line and column."""
    lines = text.splitlines()
    if not lines:
        raise EmptyForecast(1, 1, "the file is empty")
    header = tuple(lines[0].split(","))
    if header not in (COLUMNS, BOOK_COLUMNS):
        raise MalformedForecast(
            1, 1, f"the header is {_shown(lines[0])}, expected {','.join(COLUMNS)} or {','.join(BOOK_COLUMNS)}"
        )
    if len(lines) == 1:
        raise EmptyForecast(2, 1, "no row follows the header")
    rows: list[ForecastRow] = []
    for number, line in enumerate(lines[1:], start=2):
        row = _row(number, line, len(header))
        if rows and row.ds <= rows[-1].ds:
            raise MalformedForecast(number, 1, f"ds {line.split(',')[0]} does not come after that of the line before")
        rows.append(row)
    return ForecastTable(rows)


def _row(number: int, line: str, width: int) -> ForecastRow:
    cells = line.split(",")
    if len(cells) != width:
        raise MalformedForecast(number, min(len(cells), width + 1), f"{len(cells)} fields, expected {width}")
    ds = _ds(number, cells[0])
    side = _side(number, width, cells[-1])
    if width == len(BOOK_COLUMNS):
        return ForecastRow(ds=ds, side=side)
    if not _PRICE.fullmatch(cells[1]):
        raise MalformedForecast(number, 2, f"yhat is {_shown(cells[1])}, expected a price with up to 8 places")
    if not _CHANGE.fullmatch(cells[2]):
        raise MalformedForecast(number, 3, f"delta is {_shown(cells[2])}, expected a change with up to 8 places")
    delta = Decimal(cells[2])
    if side != side_of(delta):
        raise MalformedForecast(number, width, f"side is {side} although delta is {cells[2]}: buy only above 0")
    return ForecastRow(ds=ds, yhat=Decimal(cells[1]), delta=delta, side=side)


def _side(number: int, column: int, cell: str) -> Side:
    if cell == "buy":
        return "buy"
    if cell == "sell":
        return "sell"
    raise MalformedForecast(number, column, f"side is {_shown(cell)}, expected buy or sell")


def _ds(number: int, cell: str) -> int:
    expected = "expected the start of a minute in UTC such as 2018-03-27 00:01:00"
    if not _DS.fullmatch(cell):
        raise MalformedForecast(number, 1, f"ds is {_shown(cell)}, {expected}")
    try:
        moment = datetime.fromisoformat(cell).replace(tzinfo=UTC)
    except ValueError:
        raise MalformedForecast(number, 1, f"ds {cell} is no time, {expected}") from None
    if moment.second:
        raise MalformedForecast(number, 1, f"ds {cell} is within a minute, {expected}")
    return int(moment.timestamp()) * 1000


def _shown(cell: str) -> str:
    return repr(cell if len(cell) <= 60 else cell[:60] + "…")


# ---- records of the topic `forecasts`


class ForecastOrigin(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="forecast"):
    """What made a forecast. Times are epoch ms, `*_seconds` seconds; `event_time` is when it was trained.

    `label` says in words what the model was shown; `cycle_seconds` is set only for a simulated market.
    `holdout_right` of `holdout_minutes` unseen minutes had the forecast's side (null: nothing was held out).
    """

    id: str
    exchange: str
    symbol: str
    event_time: int
    label: str
    history: str
    history_sha256: str
    history_rows: int
    history_first: int
    history_last: int
    rows_used: int
    resample_seconds: int
    cycle_seconds: int | None
    first: int
    last: int
    rows: int
    buys: int
    table_sha256: str
    holdout_minutes: int | None
    holdout_right: int | None


class ForecastDay(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="forecast_day"):
    """The rows of one UTC day. `event_time` is the day's first `ds` (epoch ms), `forecast` the id of its origin."""

    id: str
    exchange: str
    symbol: str
    event_time: int
    forecast: str
    day: str
    buys: int
    rows: tuple[ForecastRow, ...]


ForecastRecord = ForecastOrigin | ForecastDay

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[ForecastRecord] = msgspec.json.Decoder(ForecastRecord)


def forecast_id(symbol: str, trained_at: int, table_sha256: str) -> str:
    """The identity of one training: the same table trained at another time is another forecast."""
    return f"{symbol}-{trained_at}-{table_sha256[:12]}"


def forecast_days(origin: ForecastOrigin, table: ForecastTable) -> Iterator[ForecastDay]:
    """The table cut at UTC midnights, each day small enough for one message."""
    for day_number, grouped in groupby(table.rows, key=lambda row: row.ds // DAY_MS):
        rows = tuple(grouped)
        day = datetime.fromtimestamp(day_number * DAY_MS / 1000, UTC).strftime("%Y-%m-%d")
        yield ForecastDay(
            id=f"{origin.id}-{day}",
            exchange=origin.exchange,
            symbol=origin.symbol,
            event_time=rows[0].ds,
            forecast=origin.id,
            day=day,
            buys=sum(side == "buy" for side in map(attrgetter("side"), rows)),
            rows=rows,
        )


def encode_forecast(record: ForecastRecord) -> bytes:
    """The record as JSON for the topic."""
    return _encoder.encode(record)


def decode_forecast(payload: bytes) -> ForecastRecord:
    """Read a record of the topic. Raises MalformedForecast (line and column 1) when it is none."""
    try:
        return decode_whole(_decoder, payload)
    except MalformedRecord as error:
        raise MalformedForecast(1, 1, str(error)) from None
