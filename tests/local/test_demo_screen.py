"""How a demo looks on a terminal, and as plain lines where there is none."""

from dataclasses import replace
from io import StringIO

from rich.console import Console

from local.demo_screen import DemoView, PartView, expectation_text, minute_line, next_ratio, screen
from local.minutes_seen import MINUTE_MS, Absence, MinuteRow, Price
from local.trading_screen import TradingView
from tests.local.made_up_trading import traded

NOON = 1_767_268_800_000  # 2026-01-01 12:00 UTC

ROW = MinuteRow(
    start_ms=NOON,
    end_ms=NOON + MINUTE_MS,
    exchange="gemini",
    symbol="BTCUSD",
    bid="1234567.12345678",
    ask="2000000.00000000",
    ratio="1.620000123456",
    changes=1_234,
    complete=True,
    note="",
)
VIEW = DemoView(
    source="simulator",
    parts=(PartView("kafka", "up"), PartView("producer", "restarting", 2)),
    rows=(ROW,),
    counts={"l2": 1_200, "tick": 30},
    price=Price("BTCUSD", "7500.01", "7500.02"),
    now_ms=NOON + MINUTE_MS + 30_000,
    first_time=NOON + MINUTE_MS + 20_000,
    event_time=NOON + MINUTE_MS + 30_000,
    speed=1.0,
    spark_ui="http://127.0.0.1:4040",
    ratio_seen=True,
    delay_seconds=1.0,
)

TRADING = replace(
    VIEW,
    trading=TradingView(
        seen=traded(),
        forecast=None,
        documents={"crypto-decisions": 2, "crypto-trades": 1_200},
        elasticsearch="http://127.0.0.1:19200 (user reader, password in the-file)",
    ),
)


def drawn(view: DemoView, height: int = 40, width: int = 140) -> str:
    console = Console(file=StringIO(), width=width, height=height)
    console.print(screen(view, (), height))
    output = console.file
    assert isinstance(output, StringIO)
    return output.getvalue()


def test_screen_shows_minute_parts_feed_and_where_to_look() -> None:
    text = drawn(VIEW)
    for expected in (
        "2026-01-01 12:01:30 UTC",
        "12:00–12:01",
        "1,234,567",
        "1.620000",
        "complete",
        "1,230 records (1,200 l2 · 30 tick)",
        "BTCUSD simulated price: 7500.01 bid, 7500.02 ask",
        "producer restarting (restarted 2 ×)",
        "http://127.0.0.1:4040",
        "make status",
        "make tail",
        "make demo-reset",
    ):
        assert expected in text


def test_screen_of_trading_shows_forecast_decision_account_and_documents() -> None:
    text = drawn(TRADING)
    (minute,) = [line for line in text.splitlines() if line.startswith("12:00–12:01")]
    assert minute.split()[-5:] == ["buy", "buy", "nothing", "to", "sell"]
    for expected in (
        "Forecast",
        "Decision: 12:01–12:02 BTCUSD: sell (forecast: sell)",
        "holds 0 BTC",
        "fees 120.00 USD",
        "profit -121.00 USD net of fees",
        "1,202 documents (1,200 trades · 2 decisions)",
        "Expect losses",
        "http://127.0.0.1:19200 (user reader",
    ):
        assert expected in text


def test_minute_that_is_not_decided_yet_shows_no_decision() -> None:
    row = replace(ROW, start_ms=NOON - MINUTE_MS, end_ms=NOON, complete=False, note="59 of 60 seconds seen")
    text = drawn(replace(TRADING, rows=(row,)))
    (minute,) = [line for line in text.splitlines() if line.startswith("11:59–12:00")]
    assert " ".join(minute.split("1,234 ")[1].split()) == "– – incomplete: 59 of 60 seconds seen"


def test_low_and_narrow_terminal_holds_the_whole_screen_of_trading() -> None:
    parts = tuple(PartView(name, "up") for name in ("kafka", "elasticsearch", "simulator", "producer-gemini", "spark"))
    text = drawn(replace(TRADING, rows=(ROW, Absence(NOON, NOON, "gemini", "BTCUSD")) * 20, parts=parts * 2), 24, 80)
    assert len(text.splitlines()) <= 23
    for expected in ("1.620000", "Decision: 12:01", "fees 120.00", "demo-reset"):
        assert expected in text


def test_screen_of_a_live_source_does_not_call_the_price_simulated() -> None:
    live = drawn(replace(VIEW, source="gemini", feed="live", make_options=" FEED=live"))
    assert "simulated" not in live
    assert "gemini's live market, the bot on paper" in live
    assert "make demo FEED=live resumes" in live


def test_screen_of_a_recording_says_so_and_how_to_play_it_again() -> None:
    told = " FEED=replay FILE=a.zst EXCHANGE=upbit"
    shown = drawn(
        replace(VIEW, source="replay-upbit-a", feed="replay", feed_topic="upbit-feed", make_options=told), width=200
    )
    assert "simulated" not in shown
    assert "replay-upbit-a: a recorded market" in shown
    assert f"make tail TOPIC=upbit-feed{told}" in shown
    assert f"make demo{told} plays it again" in shown


def test_simulated_market_is_called_so_whatever_its_source_is_called() -> None:
    assert "simulated price" in drawn(replace(VIEW, source="mine"))


def test_low_terminal_keeps_the_newest_minutes() -> None:
    rows = tuple(replace(ROW, start_ms=NOON + n * MINUTE_MS, end_ms=NOON + (n + 1) * MINUTE_MS) for n in range(40))
    text = drawn(replace(VIEW, rows=rows), height=24)
    assert "12:39–12:40" in text
    assert "12:00–12:01" not in text
    assert len(text.splitlines()) <= 24


def test_minute_of_another_day_names_the_day() -> None:
    assert "2026-01-01 12:00–12:01" in drawn(replace(VIEW, now_ms=NOON + 86_400_000))


def test_narrow_terminal_still_holds_the_whole_screen() -> None:
    rows = (replace(ROW, complete=False, note="gap 12:00:05–12:00:09"), Absence(NOON, NOON, "gemini", "BTCUSD")) * 20
    text = drawn(replace(VIEW, rows=rows), height=24, width=80)
    assert len(text.splitlines()) <= 23
    assert "1.620000" in text
    assert "demo-reset" in text


def test_first_ratio_is_announced_with_its_time_and_as_incomplete() -> None:
    text = expectation_text(replace(VIEW, ratio_seen=False, rows=()))
    assert text.startswith("First ratio at about 12:02:04 UTC, in 34 s")
    assert "incomplete" in text


def test_next_ratio_is_announced_without_a_warning() -> None:
    assert expectation_text(VIEW) == "Next ratio at about 12:02:04 UTC, in 34 s"


def test_before_the_feed_the_wait_is_for_its_first_record() -> None:
    view = replace(VIEW, ratio_seen=False, first_time=None, event_time=None, counts={}, price=None, rows=())
    text = drawn(view)
    assert "Waiting for the feed's first record" in text
    assert "no records yet" in text


def test_first_ratio_that_is_late_is_expected_any_moment() -> None:
    view = replace(VIEW, ratio_seen=False, rows=(), first_time=NOON, now_ms=NOON + 3 * MINUTE_MS)
    assert ", any moment now. It will be incomplete" in expectation_text(view)


def test_fast_clock_shortens_the_wait_in_real_seconds() -> None:
    assert next_ratio(NOON + 20_000, NOON + 20_000, 4.0, 1.0).seconds == 13


def test_overdue_ratio_is_expected_any_moment() -> None:
    assert expectation_text(replace(VIEW, now_ms=NOON + 3 * MINUTE_MS)).endswith("any moment now")


def test_plain_line_holds_the_whole_minute() -> None:
    assert minute_line(ROW) == (
        "2026-01-01 12:00–12:01 BTCUSD  bid 1,234,567.12  ask 2,000,000.00  ratio 1.620000  changes 1,234  complete"
    )


def test_plain_line_of_an_incomplete_minute_says_why() -> None:
    row = replace(ROW, complete=False, ratio=None, note="2 of 60 seconds seen")
    assert minute_line(row).endswith("ratio –  changes 1,234  incomplete: 2 of 60 seconds seen")


def test_plain_line_of_an_absence_counts_its_minutes() -> None:
    assert minute_line(Absence(NOON, NOON + MINUTE_MS, "gemini", "BTCUSD")) == (
        "2026-01-01 12:00–12:01 BTCUSD  gap: nothing was recorded for 1 minute"
    )
