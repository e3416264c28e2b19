"""Candles of the simulated exchange: Gemini's form, and the price that its history and its market have too."""

import pytest

from simulator.candles import candles_answer
from simulator.errors import Refusal
from simulator.minute_history import minute_bar
from tests.simulator.made_up import START, process
from tests.simulator.running_exchange import running_exchange

NOW = START + 90_500


def test_window_is_a_day_newest_first_without_a_hole() -> None:
    starts = [row[0] for row in candles_answer(process(), "1m", NOW)]
    assert starts == [START + 60_000 - number * 60_000 for number in range(1440)]


def test_finished_candle_is_the_minute_of_the_history() -> None:
    bar = minute_bar(process(), START)
    row = candles_answer(process(), "1m", NOW)[1]
    assert row == [START, *(round(x, 2) for x in (bar.open, bar.high, bar.low, bar.close)), round(bar.volume, 8)]


def test_candle_that_goes_on_knows_nothing_of_the_future() -> None:
    going_on, later = candles_answer(process(), "1m", NOW)[0], candles_answer(process(), "1m", NOW + 15_000)[0]
    assert going_on[0] == later[0] == START + 60_000
    assert going_on[4] == round(process().fair(NOW), 2)
    assert 0 < going_on[5] < later[5]


def test_other_frames_are_refused() -> None:
    with pytest.raises(Refusal, match="InvalidTimeFrame"):
        candles_answer(process(), "7m", NOW)


def test_candles_are_served() -> None:
    with running_exchange() as exchange:
        status, rows = exchange.call("/v2/candles/btcusd/1m")
        assert (status, len(rows)) == (200, 1440)
        assert 0 <= exchange.clock.wall_ms() - rows[0][0] < 120_000  # type: ignore[index]
        assert exchange.call("/v2/candles/btcusd/1h")[0] == 400
        assert exchange.call("/v2/candles/nonsense/1m")[0] == 400
