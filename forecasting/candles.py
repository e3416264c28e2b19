"""Gemini's minute candles: what an answer of `/v2/candles/{symbol}/1m` must look like, and its rows as history. Pure.

    [[1767225660000,91000.0,91010.5,90990.0,91005.2,1.234],[1767225600000,90980.0,91000.0,90975.1,91000.0,0.871]]

A row is start (ms), open, high, low, close, volume. The newest row is of the minute that still goes on.
"""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import Annotated

import msgspec

from forecasting.errors import MalformedCandles
from forecasting.history import MINUTE
from forecasting.history_columns import EARLIEST, LATEST, PRICE_LIMIT

MINUTE_MS = MINUTE * 1000
_PLACES_8 = Decimal("0.00000001")
_SHOWN = 80

_Start = Annotated[int, msgspec.Meta(ge=EARLIEST * 1000, le=LATEST * 1000)]
_Row = tuple[_Start, Decimal, Decimal, Decimal, Decimal, Decimal]
_rows = msgspec.json.Decoder(list[_Row])


@dataclass(frozen=True)
class Candle:
    """One minute from `start` (epoch seconds) on: prices in the quote currency, volume in the base currency."""

    start: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal

    def line(self) -> str:
        """Its row in a history. A minute without volume was not traded in: all but its time is NaN.

        Candles have no weighted price: the mean of high, low and close stands for it.
        """
        if not self.volume:
            return f"{self.start},NaN,NaN,NaN,NaN,NaN,NaN,NaN\n"
        with localcontext(prec=40):
            weighted = ((self.high + self.low + self.close) / 3).quantize(_PLACES_8)
            turnover = (self.volume * weighted).quantize(_PLACES_8)
        numbers = (self.open, self.high, self.low, self.close, self.volume, turnover, weighted)
        return ",".join([str(self.start), *(f"{number:f}" for number in numbers)]) + "\n"


def finished_candles(answer: bytes) -> tuple[Candle, ...]:
    """The finished minutes of an answer, oldest first. Raises `MalformedCandles` at the first thing wrong.

    The newest row is left out whatever the time: by whose clock it is finished, nobody knows.
    """
    try:
        rows = _rows.decode(answer)
    except (ValueError, RecursionError) as error:
        raise MalformedCandles(f"the answer is no list of candles: {error} ({_shown(answer)})") from None
    if not rows:
        raise MalformedCandles("the answer holds no candles")
    candles = sorted((_candle(number, row) for number, row in enumerate(rows)), key=lambda candle: candle.start)
    for earlier, later in pairwise(candles):
        if earlier.start == later.start:
            raise MalformedCandles(f"two candles start at {later.start}")
    return tuple(candles[:-1])


def _candle(number: int, row: _Row) -> Candle:
    start, open_, high, low, close, volume = row
    where = f"candle {number} (of {start})"
    if start % MINUTE_MS:
        raise MalformedCandles(f"{where} does not start with a minute")
    if not all(number.is_finite() for number in row[1:]):
        raise MalformedCandles(f"{where} holds what is no number")
    if not 0 < low <= min(open_, close) <= max(open_, close) <= high < Decimal(PRICE_LIMIT):
        raise MalformedCandles(
            f"{where} has prices that cannot be: open {open_}, high {high}, low {low}, close {close}"
        )
    if volume < 0:
        raise MalformedCandles(f"{where} has a volume of {volume}")
    return Candle(start // 1000, open_, high, low, close, volume)


def _shown(answer: bytes) -> str:
    text = " ".join(answer[: 4 * _SHOWN].decode("utf-8", "replace").split())
    return repr(text[:_SHOWN])
