"""The recording of another exchange as frames of Gemini's v1."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.real_capture import WrongCapture, converted, main

SNAPSHOT = (
    '1004000000 {"lastUpdateId":12,"bids":[["100.10000000","2.00000000"]],"asks":[["100.50000000","3.00000000"]]}'
)
TICKER = '1004500000 {"stream":"btcusdt@bookTicker","data":{"u":13,"b":"100.1","B":"1","a":"100.5","A":"1"}}'
TRADE = '1004600000 {"stream":"btcusdt@trade","data":{"e":"trade","E":5000,"t":1,"p":"100.1","q":"1","m":true}}'

Levels = Sequence[tuple[str, str]]


def diff(local_ms: int, first: int, last: int, bids: Levels = (), asks: Levels = ()) -> str:
    data = {"e": "depthUpdate", "E": local_ms + 5000, "s": "BTCUSDT", "U": first, "u": last, "b": bids, "a": asks}
    return f"{local_ms * 1_000_000} {json.dumps({'stream': 'btcusdt@depth@100ms', 'data': data})}"


def played(*lines: str) -> list[tuple[int, Any]]:
    split = [line.split(" ", 1) for line in converted(lines)]
    return [(int(time), json.loads(frame)) for time, frame in split]


def change(side: str, price: str, remaining: str, delta: str, reason: str) -> dict[str, str]:
    return {"type": "change", "side": side, "price": price, "remaining": remaining, "delta": delta, "reason": reason}


def test_snapshot_is_the_first_frame_and_has_no_time() -> None:
    ((time, frame),) = played(SNAPSHOT)
    assert time == 1004
    assert frame == {
        "type": "update",
        "eventId": 12,
        "socket_sequence": 0,
        "events": [change("bid", "100.1", "2", "2", "initial"), change("ask", "100.5", "3", "3", "initial")],
    }


def test_each_diff_after_the_snapshot_is_an_update_of_its_own_time_and_the_next_number() -> None:
    _, (time, frame), (_, second) = played(
        SNAPSHOT, TICKER, TRADE, diff(1100, 13, 14, [("100.10000000", "1.50000000")]), diff(1200, 15, 15)
    )
    assert time == 1100
    assert frame == {
        "type": "update",
        "eventId": 14,
        "timestamp": 6,
        "timestampms": 6100,
        "socket_sequence": 1,
        "events": [change("bid", "100.1", "1.5", "-0.5", "cancel")],
    }
    assert (second["socket_sequence"], second["timestampms"], second["events"]) == (2, 6200, [])


def test_diff_from_before_the_snapshot_is_left_out_unless_it_reaches_beyond_it() -> None:
    frames = played(
        diff(1001, 8, 10, [("99.00000000", "9.00000000")]),
        diff(1002, 11, 14, asks=[("100.50000000", "4.00000000"), ("100.60000000", "1.00000000")]),
        SNAPSHOT,
    )
    assert [time for time, _ in frames] == [1004, 1004]
    assert frames[1][1]["socket_sequence"] == 1
    assert frames[1][1]["events"] == [
        change("ask", "100.5", "4", "1", "place"),
        change("ask", "100.6", "1", "1", "place"),
    ]


def test_removal_takes_all_and_that_of_an_unknown_level_stays_in() -> None:
    gone = ("100.10000000", "0.00000000")
    frames = played(SNAPSHOT, diff(1100, 13, 13, [gone]), diff(1200, 14, 14, [gone]))
    assert frames[1][1]["events"] == [change("bid", "100.1", "0", "-2", "cancel")]
    assert frames[2][1]["events"] == [change("bid", "100.1", "0", "0", "cancel")]


def test_broken_chain_is_refused_with_its_line() -> None:
    with pytest.raises(WrongCapture, match="line 4: expected update 14, it begins with 15"):
        played(SNAPSHOT, TICKER, diff(1100, 13, 13), diff(1200, 15, 15))


def test_snapshot_that_the_diffs_do_not_reach_back_to_is_refused() -> None:
    with pytest.raises(WrongCapture, match="line 2: begins with update 14, but the snapshot ends with 12"):
        played(SNAPSHOT, diff(1100, 14, 14))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([diff(1, 1, 1)], "no snapshot"),
        ([SNAPSHOT, SNAPSHOT], "second snapshot"),
        ([SNAPSHOT, "when? {}"], "line 2: expected"),
        ([SNAPSHOT, '5 {"stream"'], "line 2: expected"),
        ([SNAPSHOT, '5 {"data":{"e":"depthUpdate"}}'], "line 2: expected"),
    ],
)
def test_recording_without_what_it_needs_is_refused(lines: list[str], said: str) -> None:
    with pytest.raises(WrongCapture, match=said):
        played(*lines)


def test_command_converts_a_file_and_says_what_is_wrong_with_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture, out = tmp_path / "capture.gz", tmp_path / "frames"
    capture.write_bytes(gzip.compress(f"{SNAPSHOT}\n{diff(1100, 13, 13)}\n".encode()))
    assert main([str(capture), str(out)]) == 0
    assert len(out.read_text().splitlines()) == 2
    capture.write_bytes(gzip.compress(f"{SNAPSHOT}\n{diff(1100, 15, 15)}\n".encode()))
    assert main([str(capture), str(out)]) == 1
    assert "line 2: begins with update 15" in capsys.readouterr().err
