"""Candles as Gemini documents them become rows of a history; anything else is refused whole."""

import json
from typing import Any

import pytest

from forecasting.candles import finished_candles
from forecasting.errors import MalformedCandles
from forecasting.history_columns import read_block

START = 1_767_225_600
NEWEST, LAST, FIRST = (
    [(START + 120) * 1000, 91000.0, 91010.5, 90990.0, 91005.2, 1.234],
    [(START + 60) * 1000, 90980.0, 91000.0, 90975.1, 91000.0, 0.871],
    [START * 1000, 90950.0, 90990.0, 90940.0, 90980.0, 1e-8],
)


def answer(*rows: Any) -> bytes:
    return json.dumps(rows).encode()


def test_newest_row_still_goes_on_and_is_left_out() -> None:
    candles = finished_candles(answer(NEWEST, LAST, FIRST))
    assert [candle.start for candle in candles] == [START, START + 60]


def test_oldest_first_is_understood_too() -> None:
    assert finished_candles(answer(FIRST, LAST, NEWEST)) == finished_candles(answer(NEWEST, LAST, FIRST))


def test_hole_stays_a_hole() -> None:
    assert [candle.start for candle in finished_candles(answer(NEWEST, FIRST))] == [START]


def test_row_keeps_the_exchanges_digits() -> None:
    line = finished_candles(answer(NEWEST, LAST))[0].line()
    assert line == f"{START + 60},90980.0,91000.0,90975.1,91000.0,0.871,79253.77070000,90991.70000000\n"


def test_tiny_volume_is_written_without_an_exponent() -> None:
    assert finished_candles(answer(LAST, FIRST))[0].line().split(",")[5] == "0.00000001"


def test_minute_without_volume_has_no_price() -> None:
    line = finished_candles(answer(NEWEST, [*LAST[:5], 0]))[0].line()
    assert line == f"{START + 60},NaN,NaN,NaN,NaN,NaN,NaN,NaN\n"


def test_rows_are_what_a_history_is_made_of() -> None:
    lines = [candle.line().encode() for candle in finished_candles(answer(NEWEST, LAST, FIRST))]
    history = read_block(lines, 0)
    assert history is not None
    assert history.prices.tolist() == [90970.0, 90991.7]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no list of candles"),
        (b"<html>maintenance</html>", "no list of candles.*<html>maintenance"),
        (b"\xff\xfe", "no list of candles"),
        (b"[" * 100_000, "no list of candles"),
        (b'{"result":"error","reason":"System"}', "no list of candles"),
        (b"[]", "no candles"),
        (answer(NEWEST[:5]), "no list of candles"),
        (answer([*NEWEST, 1]), "no list of candles"),
        (answer([START, *NEWEST[1:]]), "no list of candles"),
        (answer([str(START), *NEWEST[1:]]), "no list of candles"),
        (answer([*NEWEST[:5], "NaN"]), "holds what is no number"),
        (answer([*NEWEST[:5], "Infinity"]), "holds what is no number"),
        (answer([*NEWEST[:5], None]), "no list of candles"),
        (answer([START * 1000 + 1, *NEWEST[1:]]), "does not start with a minute"),
        (answer([NEWEST[0], 91000, 90000, 89000, 91000, 1]), "prices that cannot be"),
        (answer([NEWEST[0], 0, 0, 0, 0, 1]), "prices that cannot be"),
        (answer([NEWEST[0], 1e10, 1e10, 1e10, 1e10, 1]), "prices that cannot be"),
        (answer([*NEWEST[:5], -1]), "a volume of -1"),
        (answer(NEWEST, LAST, LAST), f"two candles start at {START + 60}"),
    ],
)
def test_what_is_no_answer_is_refused_with_the_reason(body: bytes, said: str) -> None:
    with pytest.raises(MalformedCandles, match=said) as caught:
        finished_candles(body)
    assert caught.value.exit_code == 75
    assert len(str(caught.value)) < 400
