"""What the commands tell: the short measure never without the long one and the fees."""

from dataclasses import replace
from pathlib import Path

from forecasting.evaluation import Measure
from forecasting.history import HistorySummary
from forecasting.model import FitSettings
from forecasting.report import forecast_lines, history_lines, measure_lines, titled
from market.forecast import ForecastTable, parse_table

MEASURED = Measure(first=0, last=604_740, minutes=10_000, right=5_075, rising=5_007, typical_move=0.0395)
REAL, SIMULATED = FitSettings(), FitSettings(60, 720)
SUMMARY = HistorySummary(521_623, 12, 9, 3_977, 2_011, 1_518_049_740, 1_514_764_800, 1_546_300_740)
TABLE: ForecastTable = parse_table("ds,side\n2018-03-27 00:00:00,buy\n2018-03-27 00:01:00,sell\n")
START_MS = 1_522_108_800_000


def test_measure_stands_beside_chance_the_long_run_and_the_fees() -> None:
    told = " ".join(measure_lines(MEASURED, REAL))
    assert "50.75 % of 10,000 unseen minutes" in told
    assert "50 ± 0.50 %" in told
    assert "always buying 50.07 %" in told
    assert "50.0 %: measured for this project in 48 hold-out months" in told
    assert "moves 0.040 %" in told
    assert "about 0.8 % in fees" in told
    assert "SIMULATED" not in told


def test_simulated_market_is_called_so_beside_its_share() -> None:
    assert any("SIMULATED" in line for line in measure_lines(replace(MEASURED, right=9_000), SIMULATED))


def test_long_run_is_told_even_when_nothing_was_held_out() -> None:
    told = " ".join(measure_lines(None, REAL))
    assert "nothing was measured" in told
    assert "50.0 %" in told


def test_table_that_covers_now_is_told_without_a_warning() -> None:
    assert forecast_lines(TABLE, START_MS) == [
        "2 minutes from 2018-03-27 00:00 UTC to 2018-03-27 00:01 UTC; 50.0 % say buy"
    ]


def test_table_that_is_over_warns_that_the_bot_will_not_trade() -> None:
    assert "opens no position" in forecast_lines(TABLE, START_MS + 120_000)[1]


def test_table_that_lies_ahead_says_so() -> None:
    assert "starts after now" in forecast_lines(TABLE, START_MS - 1)[1]


def test_history_is_told_with_its_gaps_and_empty_minutes() -> None:
    told = history_lines(Path("some/where/year.csv"), SUMMARY)
    assert told[0] == "year.csv: 521,623 minutes from 2018-01-01 00:00 UTC to 2018-12-31 23:59 UTC"
    assert told[1] == "9 gaps, 3,977 minutes missing; the longest 33.5 h from 2018-02-08 00:29 UTC"
    assert told[2] == "12 minutes without a trade (NaN)"
    assert history_lines(Path("x"), replace(SUMMARY, gaps=0))[1] == "no gaps"


def test_title_stands_beside_the_first_line_alone() -> None:
    assert titled("Model", ["one", "two"]) == "Model     one\n          two"
