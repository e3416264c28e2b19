"""`python -m producers book`: the book at a moment of a recording, as a table, as JSON and as a chart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from market.order_book import OrderBook
from market.records import L2
from pipeline.errors import EXIT_CONFIG, EXIT_OK
from producers.__main__ import main
from producers.arrivals import Connected, ConnectionLost, FrameArrived
from tests.producers.frames import change, first_book, update
from tests.producers.recorded_session import NOON, arrivals, frames, instant, live_records, write_recording, write_timed

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_recording(tmp_path / "btc.zst", arrivals())


def shown(capsys: pytest.CaptureFixture[str], path: Path, *options: str) -> Any:
    arguments = ["book", str(path), "--exchange", "gemini", "--symbol", "BTCUSD", "--json", *options]
    code = main(arguments)
    out, err = capsys.readouterr()
    assert code == EXIT_OK, err
    return msgspec.json.decode(out)


@pytest.mark.parametrize("seconds", [1, 59.9, 120, 1_000])
def test_book_at_a_moment_is_what_the_records_until_then_make(
    recording: Path, capsys: pytest.CaptureFixture[str], seconds: float
) -> None:
    at = round(NOON + seconds * 1000)
    book = OrderBook()
    for record in live_records(arrivals()):
        if isinstance(record, L2) and record.received_time <= at:
            book.apply(record.changes)
    found = shown(capsys, recording, "--at", str(at), "--depth", "7")
    bids, asks = book.top(7)
    assert (found["bids"], found["asks"]) == ([list(bid) for bid in bids], [list(ask) for ask in asks])
    assert found["whole"] is (seconds < 180)
    assert found["received_time"] <= at


def test_time_may_be_written_as_people_do(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    by_number = shown(capsys, recording, "--at", str(NOON + 30_500))
    assert shown(capsys, recording, "--at", "2026-01-01T00:00:30.5") == by_number
    assert shown(capsys, recording, "--at", "2026-01-01T01:00:30.500+01:00") == by_number


def test_tick_is_found_and_reference_price_follows_the_book(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = [
        (NOON, first_book(change("bid", "4.38", "1", "initial"), change("ask", "4.39", "2", "initial"))),
        (NOON + 100, update(1, NOON + 100, change("ask", "4.39", "0"), change("ask", "4.40", "3"))),
    ]
    path = write_timed(tmp_path / "capture", told)
    assert shown(capsys, path, "--at", str(NOON))["reference_price"] == "4.385"
    found = shown(capsys, path, "--depth", "2")
    # The spread is even now: the reference price stays where it was, before an empty first queue of asks.
    assert (found["tick"], found["reference_price"]) == ("0.01", "4.385")
    assert [(queue["position"], queue["remaining"]) for queue in found["queues"]] == [
        (-2, "0"),
        (-1, "1"),
        (1, "0"),
        (2, "3"),
    ]


def test_lost_book_makes_the_reference_price_begin_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def connection(name: str, at: int, *book: Any) -> list[Any]:
        return [
            Connected("BTCUSD", name, instant(at)),
            FrameArrived("BTCUSD", name, 0, first_book(*book), instant(at + 10)),
            ConnectionLost("BTCUSD", name, "silence", "", instant(at + 20)),
        ]

    told = [
        *connection("c-1", NOON, change("bid", "9.99", "1", "initial"), change("ask", "10.00", "2", "initial")),
        *connection("c-2", NOON + 5_000, change("bid", "4.38", "1", "initial"), change("ask", "4.40", "2", "initial")),
    ]
    found = shown(capsys, write_recording(tmp_path / "btc.zst", told))
    # From above it would have stayed on the upper side.
    assert found["reference_price"] == "4.385"
    assert (found["whole"], found["doubt"]) == (False, "silence")


def test_table_names_what_it_shows(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["book", str(recording), "--exchange", "gemini", "--symbol", "btcusd", "--depth", "3"]) == EXIT_OK
    out, _ = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].startswith("gemini BTCUSD as received up to 2026-01-01 00:02:59.770 UTC")
    assert lines[1] == "reference price 100.375 (tick 0.25), mid 100.50, spread 1.00, 10 levels"
    assert lines[2] == "NOT WHOLE: the feed is in doubt (stopped)"
    assert lines[3].split() == ["bid", "size", "bid", "|", "ask", "ask", "size"]
    assert [line.split() for line in lines[4:]] == [
        ["1", "100.00", "|", "101.00", "714.5"],
        ["4", "99.25", "|"],
        ["3", "98.25", "|"],
    ]


def test_chart_is_written(recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "book.png"
    shown(capsys, recording, "--plot", str(picture), "--tick", "0.25")
    assert picture.read_bytes().startswith(PNG)


def test_chart_of_empty_queues_says_so(recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["book", str(recording), "--exchange", "gemini", "--symbol", "BTCUSD", "--depth", "1"]
    assert main([*arguments, "--tick", "0.05", "--plot", str(tmp_path / "book.png")]) == EXIT_OK
    assert "give a larger --depth" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--at", "2025-12-31T00:00:00"], "begins at 2026-01-01T00:00:00.020+00:00, after --at 2025-12-31"),
        (["--tick", "7"], "--tick: the price"),
        (["--plot", "/nowhere/book.png"], "--plot: /nowhere/book.png cannot be written"),
        (["--plot", "book.xyz"], "--plot: book.xyz cannot be written"),
        (["--symbol", "ETHUSD"], "has no ETHUSD; it has BTCUSD"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_cannot_be_shown_is_told(
    recording: Path, capsys: pytest.CaptureFixture[str], options: list[str], problem: str
) -> None:
    assert main(["book", str(recording), "--exchange", "gemini", "--symbol", "BTCUSD", *options]) == EXIT_CONFIG
    said = capsys.readouterr().err
    assert problem in said
    assert "Traceback" not in said


def test_recording_without_a_book_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_timed(tmp_path / "capture", frames()[3:])
    arguments = ["book", str(path), "--exchange", "gemini", "--symbol", "BTCUSD"]
    assert main(arguments) == EXIT_CONFIG
    assert "holds no whole book of BTCUSD" in capsys.readouterr().err
    assert main([*arguments, "--without-snapshot"]) == EXIT_OK
    assert "gemini BTCUSD as received" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [["--at", "noon"], ["--depth", "0"], ["--tick", "x"], ["--tick", "0"]], ids=str)
def test_wrong_option_is_told(recording: Path, capsys: pytest.CaptureFixture[str], wrong: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(["book", str(recording), "--exchange", "gemini", "--symbol", "BTCUSD", *wrong])
    assert "expected a" in capsys.readouterr().err
