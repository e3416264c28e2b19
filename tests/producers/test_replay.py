"""A replay gives what the live feed gave: from every layout, with times moved or kept, and it says what came of it."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from market.records import L2, FeedRecord, Gap, Tick
from pipeline.errors import EXIT_CONFIG, EXIT_OK, WrongSettings
from pipeline.process import StopSignal
from pipeline.settings import load
from producers.__main__ import main
from producers.arrivals import Connected, ConnectionLost
from producers.recordings.errors import WrongRecording
from producers.replay import ReplayOptions, replay
from producers.settings import ProducerSettings
from tests.producers.frames import change, heartbeat, update
from tests.producers.recorded_session import (
    CAPTURES,
    NOON,
    arrivals,
    decoded,
    frames,
    instant,
    live_records,
    write_objects,
    write_recording,
    write_timed,
)
from tests.recount import recount

ROOT = Path(__file__).parents[2]


def replayed(path: Path, **options: Any) -> tuple[list[FeedRecord], str]:
    """The records of a replay at full speed with its times kept, unless told otherwise; and what it said."""
    told = ReplayOptions(path, "gemini", speed=None, to="jsonl", keep_times=True, symbols=("BTCUSD",))
    out, said = io.BytesIO(), list[str]()
    replay(replace(told, **options), out, said.append, load(ProducerSettings, {}), StopSignal())
    return decoded(out.getvalue()), "\n".join(said)


def anonymous(records: Sequence[FeedRecord]) -> list[FeedRecord]:
    """Without the names of connections, which a capture does not have."""
    return [msgspec.structs.replace(record, connection="") for record in records]


def test_recorder_format_gives_the_records_that_the_live_feed_gave(tmp_path: Path) -> None:
    told = arrivals()
    records, said = replayed(write_recording(tmp_path / "btc.zst", told), symbols=())
    assert records == live_records(told)
    assert sum(isinstance(record, Tick) for record in records) > 170
    assert f"replayed {len(frames()):,} frames of 179.8 s from 2026-01-01T00:00:00.020+00:00" in said


@pytest.mark.parametrize("suffix", ["jsonl", "gz"])
@pytest.mark.parametrize("layout", ["objects", "timed"])
def test_captures_with_times_of_receipt_give_the_records_that_the_live_feed_gave(
    tmp_path: Path, layout: str, suffix: str
) -> None:
    path = CAPTURES[layout](tmp_path / f"capture.{suffix}", frames())
    records, _ = replayed(path)
    assert anonymous(records) == anonymous(live_records(arrivals()))


def test_bare_frames_give_the_same_changes_and_minutes(tmp_path: Path) -> None:
    records, _ = replayed(CAPTURES["bare"](tmp_path / "capture.jsonl", frames()))
    live = live_records(arrivals())
    assert [record.changes for record in records if isinstance(record, L2)] == [
        record.changes for record in live if isinstance(record, L2)
    ]
    assert all(record.received_time - record.event_time < 1_000 for record in records)
    whole = {key: minute for key, minute in minutes_of(live).items() if minute.complete}
    assert len(whole) == 2
    assert {key: minutes_of(records)[key] for key in whole} == whole


def minutes_of(records: Sequence[FeedRecord]) -> dict[Any, Any]:
    return recount(json.loads(msgspec.json.encode(record)) for record in records)


def test_recount_of_a_replay_is_that_of_the_live_feed(tmp_path: Path) -> None:
    told = arrivals()
    records, _ = replayed(write_recording(tmp_path / "btc.zst", told))
    counted = minutes_of(records)
    assert counted == minutes_of(live_records(told))
    assert [minute.complete for minute in counted.values()] == [False, True, True]


def test_one_constant_moves_every_time_so_that_the_recording_starts_now(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "btc.zst", arrivals())
    kept, _ = replayed(path)
    before = int(time.time() * 1000)
    moved, _ = replayed(path, keep_times=False)
    after = int(time.time() * 1000)
    first = moved[0].received_time
    assert before <= first <= after
    by = first - kept[0].received_time
    # Ticks stand at whole seconds of the moved clock; all else is moved by the same.
    assert [(record.event_time - by, record.received_time - by) for record in moved if isinstance(record, L2)] == [
        (record.event_time, record.received_time) for record in kept if isinstance(record, L2)
    ]
    assert all(record.event_time % 1000 == 0 for record in moved if isinstance(record, Tick))


def test_lost_connection_in_a_recording_leaves_the_gap_that_the_live_feed_left(tmp_path: Path) -> None:
    told = [
        *arrivals(0.5)[:-1],
        ConnectionLost("BTCUSD", "c-1", "silence", "", instant(NOON + 40_000)),
        Connected("BTCUSD", "c-2", instant(NOON + 45_000)),
        *(
            msgspec.structs.replace(arrival, connection="c-2", at=instant(arrival.at.wall_ms + 45_000))
            for arrival in arrivals(0.2)[1:2]
        ),
    ]
    records, said = replayed(write_recording(tmp_path / "btc.zst", told))
    assert [record.reason for record in records if isinstance(record, Gap)] == ["start", "silence"]
    assert records == live_records(told)
    assert "gaps: 1 silence, 1 start" in said


def test_first_frame_of_a_connection_in_a_capture_begins_a_new_one(tmp_path: Path) -> None:
    twice = [*frames(0.1), *((when + 6_000, payload) for when, payload in frames(0.1)[:1])]
    records, _ = replayed(write_timed(tmp_path / "capture", twice))
    assert [record.reason for record in records if isinstance(record, Gap)] == ["start", "disconnected"]
    assert len({record.connection for record in records}) == 2


def test_interrupted_capture_is_not_taken_for_a_quiet_market(tmp_path: Path) -> None:
    told = [*frames(0.1), (NOON + 86_400_000, update(24, NOON + 86_400_000, change("bid", "90.25", "3")))]
    records, said = replayed(write_objects(tmp_path / "capture", told))
    assert all(record.event_time < NOON + 10_000 for record in records)
    assert "taken for an interruption" in said
    assert "BTCUSD has no book at the end: it was lost (recording_gap)" in said


def test_capture_that_begins_in_the_middle_is_replayed_without_a_snapshot_on_demand(tmp_path: Path) -> None:
    path = write_objects(tmp_path / "capture", frames()[5:])
    records, said = replayed(path)
    assert records == []
    assert "BTCUSD has no book at the end: no whole book came (--without-snapshot" in said
    records, said = replayed(path, without_snapshot=True)
    assert isinstance(records[0], Gap)
    found = [record for record in records if isinstance(record, L2)]
    live = [record for record in live_records(arrivals()) if isinstance(record, L2)]
    assert [change.reason for change in found[0].changes] == ["initial"]
    assert [record.changes for record in found[1:]] == [
        record.changes for record in live if record.sequence is not None and record.sequence > 5
    ]
    assert "no book" not in said


def test_frame_after_a_connection_was_given_up_for_its_silence_is_not_lost(tmp_path: Path) -> None:
    told = [(NOON, heartbeat(8)), (NOON + 45_000, update(9, NOON + 45_000, change("bid", "90.25", "3")))]
    records, said = replayed(write_timed(tmp_path / "capture", told), without_snapshot=True)
    # No book within 20 s: a live feed would have connected anew, and so has this one.
    assert "connections that a live feed would have given up: 1 no_first_book" in said
    assert [record.sequence for record in records if isinstance(record, L2)] == [9]


def test_unreadable_frame_is_counted_and_the_rest_flows_on(tmp_path: Path) -> None:
    told = [*frames(0.1)[:8], (NOON + 1_900, b"not json"), *frames(0.1)[8:]]
    records, said = replayed(write_timed(tmp_path / "capture", told))
    assert "dead letters: 1" in said
    assert sum(isinstance(record, L2) for record in records) == sum(
        isinstance(record, L2) for record in live_records(arrivals(0.1))
    )


@pytest.mark.parametrize("layout", sorted(CAPTURES))
def test_cut_off_gz_is_told_and_the_rest_is_used(tmp_path: Path, layout: str) -> None:
    path = CAPTURES[layout](tmp_path / "capture.gz", frames())
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    records, said = replayed(path)
    assert len(records) > 100
    assert "the file ends in the middle of a gzip block" in said


def test_incomplete_last_line_is_told_and_the_rest_is_used(tmp_path: Path) -> None:
    path = write_objects(tmp_path / "capture", frames(0.1))
    path.write_bytes(path.read_bytes()[:-20])
    records, said = replayed(path)
    assert len(records) > 20
    assert f"line {len(frames(0.1))} is incomplete and left out" in said


def test_killed_recording_is_told_and_the_rest_is_used(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "btc.zst", arrivals())
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 100])
    _, said = replayed(path)
    assert "its recorder was killed, or still writes; all before that is used" in said


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "holds nothing"),
        (b'{"ts":1767225600.5,"data":"{}"}\n{"ts":1767225601}\n{"ts":1,"data":""}\n', "line 2: expected"),
        (b'{"ts":1767225600.5,"data":"{}"}\n{"ts":5,"data":"{}"}\n', "line 2: the time 5 is none"),
        (b'1767225600020000000 {}\n{"a":1}\n{}\n', "line 2: expected <time> <frame>"),
        (
            b'{"type":"recording","version":2,"exchange":"gemini","protocol":"v1","links":{}}\n',
            "line 1: a recording of",
        ),
        (b'{"type":"recording","version":1}\n', "line 1: not the head of a recording"),
        (b'{"a":1}\n{"b":2}\n', "none of its first 2 frames has a time"),
        (b"\x1f\x8b garbage", "not whole gzip data"),
    ],
)
def test_wrong_file_is_named_with_the_line(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "wrong"
    path.write_bytes(content)
    with pytest.raises(WrongRecording, match=problem):
        replayed(path)


def test_recording_of_another_exchange_is_refused(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "btc.zst", arrivals(0.1))
    text = zstandard.ZstdDecompressor().stream_reader(path.read_bytes(), read_across_frames=True).read()
    path.write_bytes(text.replace(b'"exchange":"gemini"', b'"exchange":"upbit"', 1))
    with pytest.raises(WrongRecording, match="say --exchange upbit"):
        replayed(path)


def test_symbol_that_the_recording_does_not_have_is_refused(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "btc.zst", arrivals(0.1))
    with pytest.raises(WrongRecording, match="has no ETHUSD; it has BTCUSD"):
        replayed(path, symbols=("ETHUSD",))


def test_frames_that_do_not_name_their_symbol_need_to_be_told_it(tmp_path: Path) -> None:
    path = write_timed(tmp_path / "capture", frames(0.1))
    with pytest.raises(WrongRecording, match="--symbols BTCUSD"):
        replayed(path, symbols=())


def test_settings_of_live_feeds_do_not_change_what_a_recording_says_of_itself(
    tmp_path: Path,
) -> None:
    live = load(ProducerSettings, {"FEED_PROTOCOL": "v2", "FEED_SYMBOLS": "ETHUSD"})
    out, said = io.BytesIO(), list[str]()
    path = write_recording(tmp_path / "btc.zst", arrivals(0.1))
    options = ReplayOptions(path, "gemini", speed=None, to="jsonl", keep_times=True)
    replay(options, out, said.append, live, StopSignal())
    assert decoded(out.getvalue()) == live_records(arrivals(0.1))
    # Only where the frames name no symbol the settings say it.
    replay(replace(options, path=write_timed(tmp_path / "capture", frames(0.1))), out, said.append, live, StopSignal())
    assert {record.symbol for record in decoded(out.getvalue())} == {"BTCUSD", "ETHUSD"}


def test_wrong_protocol_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongSettings, match="v1"):
        replayed(write_timed(tmp_path / "capture", frames(0.1)), protocol="v9")


def test_protocol_and_symbols_are_found_in_the_frames(tmp_path: Path) -> None:
    book = {"type": "l2_updates", "symbol": "ETHUSD", "changes": [["buy", "10", "1"], ["sell", "11", "1"]]}
    news = {"type": "l2_updates", "symbol": "ETHUSD", "changes": [["buy", "10", "2"]]}
    told = [(NOON + number * 10, json.dumps(frame).encode()) for number, frame in enumerate((book, news))]
    records, said = replayed(write_timed(tmp_path / "capture", told), symbols=())
    assert "gemini v2, 1 symbol" in said
    assert [len(record.changes) for record in records if isinstance(record, L2)] == [2, 1]


def test_refusal_in_a_recording_is_told(tmp_path: Path) -> None:
    refused = ConnectionLost("BTCUSD", "c-0", "refused", "HTTP status 404", instant(NOON), refused_for_good=True)
    _, said = replayed(write_recording(tmp_path / "btc.zst", [refused, *arrivals(0.1)]))
    assert "the exchange refused what was asked: HTTP status 404" in said


@given(
    st.sampled_from([b"", b'{"ts":1767225600.5,"data":"{}"}\n', b"1767225600020000000 {}\n", b'{"type":"recording"']),
    st.binary(max_size=200),
)
@settings(deadline=None)
def test_any_file_is_read_or_refused_in_a_sentence(head: bytes, rest: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(head + rest)
        with contextlib.suppress(WrongRecording):
            replayed(path)


def test_speed_is_that_of_the_recording_by_default(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "btc.zst", arrivals(0.1))
    began = time.monotonic()
    replayed(path, speed=10.0)
    assert 0.5 < time.monotonic() - began < 5


def test_command_prints_records_and_ends_quietly_when_nobody_reads(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "btc.zst", arrivals())
    command = [sys.executable, "-m", "producers", "replay", str(path), "--exchange", "gemini", "--speed", "max"]
    with subprocess.Popen(
        [*command, "--to", "jsonl"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert b'"type":"gap"' in process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read().decode()
        assert process.wait(60) == EXIT_OK, errors
    assert "Traceback" not in errors
    assert "BrokenPipe" not in errors


def test_command_says_in_one_line_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = str(tmp_path / "nothing")
    assert main(["replay", missing, "--exchange", "gemini", "--to", "jsonl"]) == EXIT_CONFIG
    said = capsys.readouterr().err
    assert f"{missing}: cannot be read: No such file or directory" in said
    assert "Traceback" not in said
