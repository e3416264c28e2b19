"""The bot over a recorded feed: what it decides, trades and earns, and what is said of it."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from bot.__main__ import main
from bot.backtest import backtest
from bot.backtest_result import BacktestResult, Worth, result_of
from bot.decide import Limits
from bot.entries import Author
from bot.execution import Profile
from bot.minutes_of_feed import MinutesOfFeed
from bot.paper import PaperAccount
from bot.paper_symbols import steps_on_paper
from market.forecast import ForecastRow, ForecastTable
from market.journal import Fill, JournalRecord
from market.liquidity import price_volume
from market.records import Book, FeedRecord, encode
from tests.bot.made_up_feed import LAG, MINUTE, START, SYMBOL, minutes_of_feed

FEE = Decimal(40)
PROFILE = Profile(Author("bot1", "paper", "gemini", SYMBOL), Limits(), Decimal("0.9"), FEE, Decimal(0))


def forecast(sides: str) -> ForecastTable:
    """The letter `n` (b or s) is what minute `n` is decided by."""
    return ForecastTable(
        [
            ForecastRow(ds=START + (number + 2) * MINUTE, side="buy" if letter == "b" else "sell")
            for number, letter in enumerate(sides)
        ]
    )


def run(
    folder: Path, records: list[FeedRecord], sides: str, delay_ms: int = 2_000
) -> tuple[list[JournalRecord], BacktestResult]:
    journal, last = backtest(
        records,
        PROFILE,
        steps_on_paper(SYMBOL),
        PaperAccount(base=Decimal(0), quote=Decimal(1_000)),
        forecast(sides),
        folder,
        delay_ms=delay_ms,
    )
    return journal, result_of(journal, last, FEE)


# The first minute begins with a gap, so that it is incomplete. Bought at 101, sold at 110.
PRICES, RATIOS = ["100", "100", "100", "105", "110"], ["1", "1", "1", "1", "1"]


def test_bot_buys_and_sells_as_the_forecast_says_and_the_round_is_scored(tmp_path: Path) -> None:
    _, result = run(tmp_path, list(minutes_of_feed(PRICES, RATIOS)), "bbbss")
    assert [decision.reason for decision in result.decisions] == [
        "incomplete_minute",
        "forecast_buy",
        "already_held",
        "forecast_sell",
        "nothing_to_sell",
    ]
    buy, sell = result.fills
    assert (buy.side, buy.price, sell.side, sell.price) == ("buy", "101", "sell", "110")
    amount = Decimal(buy.amount)
    net = amount * (110 - 101) - (amount * 110 + amount * 101) * Decimal("0.004")
    assert [Decimal(score.net) for score in result.rounds] == [net]
    assert result.position == 0
    assert result.equity == 1_000 + net
    assert result.wins == 1
    assert result.fees == (amount * 110 + amount * 101) * Decimal("0.004")
    # 900 of 1,000 were spent, and the fee besides.
    assert Decimal("899.99") < amount * 101 <= 900
    # The first decision saw an ask of 101.
    assert result.buy_and_hold is not None
    assert result.buy_and_hold == pytest.approx(Decimal(1_000) / (101 * Decimal("1.004")) * 110, abs=Decimal("1e-6"))


def test_what_is_held_at_the_end_is_counted_at_the_last_bid(tmp_path: Path) -> None:
    _, result = run(tmp_path, list(minutes_of_feed(["100", "100", "100", "90"], ["1"] * 4)), "bbbb")
    (buy,) = result.fills
    amount = Decimal(buy.amount)
    assert result.position == amount
    assert result.equity == 1_000 - amount * 101 * Decimal("1.004") + amount * 90
    assert result.deepest_fall_percent < -9
    assert result.rounds == ()


def test_ratio_that_is_out_of_bounds_is_not_bought_at(tmp_path: Path) -> None:
    _, result = run(tmp_path, list(minutes_of_feed(["100"] * 4, ["1", "2", "0.1", "1.99"])), "bbbb")
    assert [decision.reason for decision in result.decisions][1:] == [
        "ratio_out_of_range",
        "ratio_out_of_range",
        "forecast_buy",
    ]


def test_order_takes_no_more_than_the_book_has(tmp_path: Path) -> None:
    _, result = run(tmp_path, list(minutes_of_feed(["100", "100", "100"], ["1"] * 3, size="2")), "bbb")
    assert [(fill.side, Decimal(fill.amount)) for fill in result.fills] == [("buy", Decimal(2))]


def test_minute_reaches_the_bot_after_the_delay_and_orders_trade_at_the_book_of_then(tmp_path: Path) -> None:
    prices = ["100", "100", "200", "200"]
    _, soon = run(tmp_path / "soon", list(minutes_of_feed(prices, ["1"] * 4)), "bbbb")
    assert [decision.event_time - decision.window_end for decision in soon.decisions] == [2_000] * 4
    # Only what was there by then: the second's own book came a moment later.
    assert soon.decisions[1].bid == "200"
    assert soon.fills[0].price == "201"
    _, late = run(tmp_path / "late", list(minutes_of_feed(prices, ["1"] * 4)), "bbbb", delay_ms=90_000)
    assert {decision.reason for decision in late.decisions} == {"stale_ratio", "incomplete_minute"}
    assert late.fills == ()


def test_same_records_give_the_same_journal_byte_for_byte(tmp_path: Path) -> None:
    records = list(minutes_of_feed(PRICES, RATIOS))
    first, _ = run(tmp_path / "first", records, "bbbss")
    second, _ = run(tmp_path / "second", records, "bbbss")
    assert list(map(encode, first)) == list(map(encode, second))
    assert any(isinstance(record, Fill) for record in first)


def test_minutes_are_those_of_the_liquidity_job_and_come_after_the_delay() -> None:
    records = list(minutes_of_feed(["100", "101"], ["1", "1.5"]))
    minutes, come = MinutesOfFeed(1_000), []
    for record in records:
        while (due := minutes.next_due) is not None and due <= record.received_time:
            come += [(minute, due) for minute in minutes.come(due)]
        minutes.take(record)
    expected = [price_volume("gemini", SYMBOL, START + number * MINUTE, records) for number in range(2)]
    assert [minute for minute, _ in come] == expected
    assert [(minute.value, minute.complete) for minute in expected] == [
        ("1.000000000000", False),
        ("1.500000000000", True),
    ]
    assert [due for _, due in come] == [START + MINUTE + 1_000, START + 2 * MINUTE + 1_000]
    assert (minutes.next_due, minutes.come(START + MINUTE * 9)) == (None, [])


def hole(records: list[FeedRecord], seconds: tuple[int, int]) -> list[FeedRecord]:
    """Without what came in these seconds from the start; a gap says so."""
    begins, ends = (START + second * 1000 for second in seconds)
    before = [record for record in records if record.event_time < begins]
    after = [record for record in records if record.event_time >= ends]
    gap = msgspec.structs.replace(before[0], event_time=ends, received_time=ends + LAG, from_=begins, to=ends)
    return [*before, gap, *after]


def test_minute_that_a_hole_kept_open_is_decided_by_the_price_after_the_hole(tmp_path: Path) -> None:
    whole = list(minutes_of_feed(["100", "100", "100", "105", "110"], ["1"] * 5))
    # From the middle of minute 3, which says sell, to the fifth second of minute 4.
    _, result = run(tmp_path, hole(whole, (210, 245)), "bbbss", delay_ms=3_000)
    sold = result.decisions[3]
    assert (sold.reason, sold.complete, sold.bid) == ("forecast_sell", False, "110")
    # It was closed at 245.03 s, which a second after the minute's end would have been early enough for.
    assert sold.event_time == START + 245_000 + LAG - 1_000 + 3_000
    assert [fill.price for fill in result.fills] == ["101", "110"]


def test_minute_that_ended_before_a_hole_is_decided_in_it_by_what_was_known(tmp_path: Path) -> None:
    whole = list(minutes_of_feed(["100", "100", "100", "105", "110"], ["1"] * 5))
    _, result = run(tmp_path, hole(whole, (241, 262)), "bbbss", delay_ms=3_000)
    sold = result.decisions[3]
    # The last price is of 240 s: 3 s old when the minute comes at 243 s.
    assert (sold.reason, sold.complete) == ("stale_price", True)
    assert sold.event_time == START + 243_000


def test_end_is_valued_by_the_last_book_that_has_bids(tmp_path: Path) -> None:
    whole = list(minutes_of_feed(["100", "100", "100"], ["1"] * 3))
    last = whole[-1]
    assert isinstance(last, Book)
    _, result = run(tmp_path, [*whole[:-1], msgspec.structs.replace(last, bids=())], "bbb")
    amount = Decimal(result.fills[0].amount)
    assert result.equity == 1_000 - amount * 101 * Decimal("1.004") + amount * 100


def test_deepest_fall_is_from_the_height_before_it() -> None:
    amounts = [100, 120, 90, 130, 117]
    result = BacktestResult((), (), (), (), (), Decimal(100), Decimal(0), Decimal(0))
    worth = tuple(Worth(START + n * MINUTE, Decimal(amount), None) for n, amount in enumerate(amounts))
    assert result.deepest_fall_percent == 0
    assert replace(result, worth=worth).deepest_fall_percent == -25
    assert replace(result, worth=worth).equity_percent == 17


# ---- as it is typed


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of records, and a forecast for their time in the settings."""
    file, table = tmp_path / "records.jsonl", tmp_path / "forecast.csv"
    file.write_bytes(b"".join(encode(record) + b"\n" for record in minutes_of_feed(PRICES, RATIOS)))
    rows = [
        f"2026-01-01 00:{minute:02d}:00,{side}" for minute, side in ((2, "buy"), (3, "buy"), (4, "buy"), (5, "sell"))
    ]
    table.write_text("ds,side\n" + "\n".join(rows) + "\n")
    monkeypatch.setenv("BOT_FORECAST", str(table))
    monkeypatch.setenv("BOT_PAPER_QUOTE", "1000")
    monkeypatch.setenv("STATE_DIR", str(tmp_path / "state"))
    return file


def test_text_says_how_it_went(typed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", str(typed)]) == 0
    said = capsys.readouterr().out
    assert "gemini BTCUSD: 5 minutes from 2026-01-01 00:00 UTC to 2026-01-01 00:05 UTC, 4 of them complete" in said
    assert "orders: 1 to buy, 1 to sell, 2 fills" in said
    assert "rounds: 1, of which 1 earned anything" in said
    assert "equity at the end: 1,072.68 USD (+7.27 %), deepest fall -0.36 %" in said
    assert "To buy and sell again costs 0.80 % in fees." in said


def test_json_journal_and_picture_are_written(typed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal, picture = tmp_path / "journal.jsonl", tmp_path / "out.png"
    assert main(["backtest", str(typed), "--json", "--journal", str(journal), "--plot", str(picture)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["minutes"], found["complete_minutes"], found["orders"]) == (5, 4, 2)
    assert found["reasons"]["forecast_buy"] == 1
    assert picture.read_bytes().startswith(b"\x89PNG")
    kinds = {json.loads(line)["type"] for line in journal.read_text().splitlines()}
    assert {"decision", "order_intent", "order", "fill", "score", "balance", "ticker", "state"} == kinds


def test_mode_and_keys_of_the_running_bot_do_not_matter(
    typed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BOT_MODE", "live")
    assert main(["backtest", str(typed), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["orders"] == 2


def test_forecast_of_another_time_is_told(
    typed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.csv"
    other.write_text("ds,side\n2025-01-01 00:00:00,buy\n")
    monkeypatch.setenv("BOT_FORECAST", str(other))
    assert main(["backtest", str(typed)]) == 0
    assert "NO MINUTE of the records lies within the forecast" in capsys.readouterr().out
    monkeypatch.setenv("BOT_FORECAST", str(tmp_path / "none.csv"))
    assert main(["backtest", str(typed)]) == 0
    assert "NO FORECAST: there is no forecast at" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("lines", "words", "expected"),
    [
        (30, (), "no minute comes to the bot within the records"),
        (0, (), "there is no record at all"),
        (None, ("--symbol", "ETHUSD"), "no record is of ETHUSD: there are BTCUSD"),
        (None, ("--journal", "/nowhere/j"), "--journal: /nowhere/j cannot be written: No such file or directory"),
        (None, ("--plot", "/nowhere/p.png"), "--plot: /nowhere/p.png cannot be written"),
    ],
)
def test_what_cannot_be_tested_is_one_clear_line(
    typed: Path, lines: int | None, words: tuple[str, ...], expected: str, capfd: pytest.CaptureFixture[str]
) -> None:
    typed.write_bytes(b"".join(typed.read_bytes().splitlines(keepends=True)[:lines]))
    assert main(["backtest", str(typed), *words]) == 78
    assert expected in capfd.readouterr().err.splitlines()[-1]


def test_one_wrong_time_moves_nothing_and_is_told(typed: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lines = typed.read_bytes().splitlines(keepends=True)
    lines[100] = lines[100].replace(b'"received_time":17672', b'"received_time":17673')
    typed.write_bytes(b"".join(lines))
    assert main(["backtest", str(typed), "--json"]) == 0
    out, err = capfd.readouterr()
    assert json.loads(out)["orders"] == 2
    assert "1 records whose times lie minutes apart were passed over" in err


@pytest.mark.parametrize("option", ["--journal", "--plot"])
def test_recording_is_not_written_over(typed: Path, option: str, capfd: pytest.CaptureFixture[str]) -> None:
    before = typed.read_bytes()
    assert main(["backtest", str(typed), option, str(typed)]) == 78
    assert f"{option}: {typed} is what is read: choose another file" in capfd.readouterr().err
    assert typed.read_bytes() == before


def test_settings_reach_the_backtest(
    typed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {"BOT_FEE_BPS": "10", "BOT_TRADE_FRACTION": "0.5", "BOT_PAPER_BASE": "3", "BOT_RATIO_MAX": "1"}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert main(["backtest", str(typed), "--json", "--delay", "2"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["fee_bps"], found["delay_ms"]) == ("10", 2_000)
    # A ratio of 1 is not below 1: nothing is bought, and what was there at first is never sold.
    assert (found["reasons"]["ratio_out_of_range"], found["orders"], found["equity"]) == (2, 0, "1000")


def test_some_minutes_beyond_the_forecast_are_told(typed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", str(typed)]) == 0
    assert "1 of 5 minutes have no row in it" in capsys.readouterr().out


def test_delay_that_is_no_number_of_seconds_is_refused() -> None:
    with pytest.raises(SystemExit) as refused:
        main(["backtest", "x", "--delay", "-1"])
    assert refused.value.code == 2
