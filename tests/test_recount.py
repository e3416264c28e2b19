"""The judge itself: counted by hand on a few records, and seen to find each kind of fault."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests import recount

START = 1_700_000_040_000
MINUTE = 60_000
KEY = ("gemini", "BTCUSD", START)


def record(kind: str, at: int, **fields: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "exchange": "gemini",
        "symbol": "BTCUSD",
        "event_time": at,
        "received_time": at,
        "connection": "c1",
        **fields,
    }


def l2(at: int, *changes: Mapping[str, Any]) -> dict[str, Any]:
    return record("l2", at, changes=list(changes))


def change(side: str, price: str, remaining: str, **fields: Any) -> dict[str, Any]:
    return {"side": side, "price": price, "remaining": remaining, **fields}


def ticks(start: int = START, count: int = 60) -> list[dict[str, Any]]:
    return [record("tick", start + 1000 * second) for second in range(count)]


def price_volume(start: int = START, **fields: Any) -> dict[str, Any]:
    return {
        "type": "price_volume",
        "exchange": "gemini",
        "symbol": "BTCUSD",
        "event_time": start + MINUTE,
        "window_start": start,
        "window_end": start + MINUTE,
        "timestamp": start // 1000,
        "changes": 0,
        "ask": "0.00000000",
        "bid": "0.00000000",
        "value": None,
        "complete": True,
        **fields,
    }


CLOSED = record("tick", START + 2 * MINUTE)


def test_sums_of_both_sides_and_their_ratio_are_counted() -> None:
    feed = [
        l2(
            START,
            change("ask", "3", "2"),
            change("bid", "7", "1", reason="place"),
            change("ask", "1", "9", reason="initial"),
        ),
        l2(START + 59_999, change("ask", "4.5", "0", reason="cancel")),
    ]
    minute = recount.recount(feed)[KEY]
    assert minute == recount.Minute(3, Decimal("6.00000000"), Decimal("7.00000000"), Decimal("0.857142857143"), False)


def test_minute_ends_before_its_last_millisecond_is_past() -> None:
    counted = recount.recount([record("tick", START + MINUTE - 1), record("tick", START + MINUTE)])
    assert sorted(key[2] for key in counted) == [START, START + MINUTE]


def test_sum_is_rounded_once_and_half_up() -> None:
    halves = [
        change("ask", "0.00000001", "0.5"),
        change("ask", "0.00000001", "0.5"),
        change("bid", "0.00000001", "0.5"),
    ]
    minute = recount.recount([l2(START, *halves)])[KEY]
    assert (minute.ask, minute.bid) == (Decimal("0.00000001"), Decimal("0.00000001"))


def test_sixty_ticks_are_complete_and_a_gap_undoes_it() -> None:
    gap = record("gap", START + 5, to=START + 5, reason="lost", **{"from": START})
    assert recount.recount(ticks())[KEY].complete
    assert not recount.recount(ticks(count=59))[KEY].complete
    assert not recount.recount([*ticks(), gap])[KEY].complete


def test_sum_that_does_not_fit_is_null() -> None:
    whole = change("ask", "9999999999.99999999", "999999999.9999999999")
    minute = recount.recount([l2(START, whole, change("bid", "1", "1"))])[KEY]
    assert (minute.ask, minute.bid, minute.value) == (None, Decimal("1.00000000"), None)


@pytest.mark.parametrize(
    "spoilt",
    [
        None,
        [],
        record("l2", START),
        l2(START, change("ask", "1", "1"), change("ask", "1e3", "1")),
        l2(START, {"side": "ask", "price": 1.5, "remaining": "1"}),
        record("l2", START, changes=[change("ask", "1", "1")], event_time=START + 200_000),
        record("unheard of", START),
        record("tick", START, event_time="1700000040000"),
        record("tick", START, event_time=True),
    ],
)
def test_unreadable_record_contributes_nothing(spoilt: object) -> None:
    assert recount.recount([spoilt]) == {}


def test_record_of_another_exchange_is_not_readable_in_this_feed() -> None:
    assert list(recount.readable([CLOSED], exchange="binance")) == []
    assert list(recount.readable([CLOSED], exchange="gemini")) == [CLOSED]


def test_right_output_agrees_and_a_repetition_alike_is_no_problem() -> None:
    result = recount.compare([*ticks(), CLOSED], [price_volume(), price_volume()])
    assert result.agrees
    assert (result.compared, result.repeated_alike, result.incomplete) == (1, 1, 0)


@pytest.mark.parametrize(
    ("out", "problem"),
    [
        ([], "missing"),
        ([price_volume(), price_volume(START - MINUTE)], "too many"),
        ([price_volume(), price_volume(changes=1)], "repeated with another content"),
        ([price_volume(ask="0.0000000")], "wrong"),
        ([price_volume(ask="0")], "wrong"),
        ([price_volume(complete=False)], "wrong"),
        ([price_volume(complete=1)], "wrong"),
        ([price_volume(timestamp=START)], "wrong"),
        ([{name: value for name, value in price_volume().items() if name != "value"}], "wrong"),
        ([price_volume(), "text"], "unreadable"),
    ],
)
def test_faulty_output_is_found(out: list[object], problem: str) -> None:
    result = recount.compare([*ticks(), CLOSED], out)
    assert not result.agrees
    assert any(found.startswith(problem) for found in result.problems)


def test_minute_that_is_not_past_is_not_missed() -> None:
    assert recount.compare([*ticks(), record("tick", START + MINUTE)], []).agrees


def test_event_time_that_goes_back_is_a_problem() -> None:
    result = recount.compare([record("tick", START + 5), record("tick", START + 4)], [])
    assert [problem.split(":")[0] for problem in result.problems] == ["event time went back"]


def test_command_compares_two_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feed, out = tmp_path / "feed.jsonl", tmp_path / "out.jsonl"
    feed.write_text("\n".join([*map(json.dumps, [*ticks(), CLOSED]), "not JSON"]))
    out.write_text(json.dumps(price_volume()) + "\n")
    assert recount.main(["--feed", str(feed), "--out", str(out)]) == 0
    assert capsys.readouterr().out.startswith(
        "1 minutes compared, 0 problems, 0 incomplete, 0 repeated alike, 1 records refused"
    )
    out.write_text("")
    assert recount.main(["--feed", str(feed), "--out", str(out)]) == 1
