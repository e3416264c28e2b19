"""Playing a recording."""

import gzip
import json
from pathlib import Path

import pytest

from pipeline.process import StopSignal
from pipeline.settings import load
from simulator.errors import WrongRecording
from simulator.recording import frames_of, read_recording, renumbered, shifted
from simulator.serve import run_simulator
from simulator.settings import SimulatorSettings
from tests.simulator.running_exchange import Json, running_exchange

TIME = 1_560_000_000_250
FIRST = (
    '{"type":"update","eventId":1,"socket_sequence":0,"events":['
    '{"type":"change","reason":"initial","price":"7000.10","delta":"1.50","remaining":"1.50","side":"bid"},'
    '{"type":"change","reason":"initial","price":"7001","delta":"2","remaining":"2","side":"ask"}]}'
)


def update(sequence: int, after_ms: int, remaining: str = "0.25") -> str:
    """A bid's new total, so long after TIME."""
    time = TIME + after_ms
    return (
        f'{{"type":"update","eventId":{sequence + 1},"timestamp":{time // 1000},"timestampms":{time},'
        f'"socket_sequence":{sequence},"events":[{{"type":"change","side":"bid","price":"7000.20",'
        f'"remaining":"{remaining}","delta":"0.25","reason":"place"}}]}}'
    )


def recorded(folder: Path, *lines: str) -> str:
    path = folder / "frames.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def without_times(frame: Json) -> Json:
    return {name: value for name, value in frame.items() if name not in ("timestamp", "timestampms")}


def test_frames_come_as_recorded_but_for_their_times(tmp_path: Path) -> None:
    lines = [FIRST, update(1, 0), update(3, 400), '{"type":"heartbeat","socket_sequence":4}', "not JSON {"]
    with running_exchange(simulator_play=recorded(tmp_path, *lines)) as exchange:
        before = exchange.status()["clock"]["now_ms"]
        with exchange.follow() as reader:
            texts = [reader.text() for _ in lines]
        after = exchange.status()["clock"]["now_ms"]
    assert texts[0] == FIRST
    assert texts[3:] == lines[3:]
    played = [json.loads(text) for text in texts[1:3]]
    assert [without_times(frame) for frame in played] == [without_times(json.loads(line)) for line in lines[1:3]]
    assert played[1]["timestampms"] - played[0]["timestampms"] == 400
    assert before <= played[0]["timestampms"] <= after
    assert [frame["timestamp"] for frame in played] == [frame["timestampms"] // 1000 for frame in played]


def test_after_the_end_heartbeats_go_on_with_the_next_number(tmp_path: Path) -> None:
    with (
        running_exchange(simulator_play=recorded(tmp_path, FIRST, update(1, 0)), speed=25) as exchange,
        exchange.follow() as reader,
    ):
        frames = reader.frames(4)
    assert frames[2:] == [{"type": "heartbeat", "socket_sequence": number} for number in (2, 3)]


def test_after_the_end_sockets_close_when_asked_to(tmp_path: Path) -> None:
    play = recorded(tmp_path, FIRST, update(1, 0))
    with running_exchange(simulator_play=play, simulator_play_end="close") as exchange, exchange.follow() as reader:
        assert [reader.frame()["socket_sequence"], reader.frame()["socket_sequence"], reader.text()] == [0, 1, ""]


def test_later_connection_gets_the_book_of_then_and_numbers_that_follow(tmp_path: Path) -> None:
    lines = [FIRST, update(1, 0), update(2, 10, "0"), update(3, 20, "0.5"), update(4, 1500), update(6, 1600)]
    with running_exchange(simulator_play=recorded(tmp_path, *lines)) as exchange, exchange.follow() as early:
        early.frames_until(lambda frame: frame["socket_sequence"] == 3)
        with exchange.follow() as late:
            frames = late.frames(3)
    assert [frame["socket_sequence"] for frame in frames] == [0, 1, 3]
    levels = {(event["side"], event["price"]): event["remaining"] for event in frames[0]["events"]}
    assert levels == {("bid", "7000.10"): "1.50", ("bid", "7000.20"): "0.5", ("ask", "7001"): "2"}
    assert {event["reason"] for event in frames[0]["events"]} == {"initial"}


def test_a_gap_can_be_caused_in_a_recording(tmp_path: Path) -> None:
    lines = [FIRST, update(1, 0), *(update(number, 1000 + number) for number in range(2, 5))]
    with running_exchange(simulator_play=recorded(tmp_path, *lines)) as exchange, exchange.follow() as reader:
        reader.frames(2)
        exchange.cause("gap")
        assert [frame["socket_sequence"] for frame in reader.frames(2)] == [3, 4]


def test_lines_may_say_when_their_frames_came() -> None:
    frames = list(frames_of([f"5000 {FIRST}", "", f"5250.5\t{update(1, 0)}", "6000 rubbish"]))
    assert [frame.at_ms for frame in frames] == [0, 250.5, 1000]
    assert [frame.text for frame in frames] == [FIRST, update(1, 0), "rubbish"]


def test_lines_that_do_not_say_come_by_their_own_times() -> None:
    frames = frames_of([FIRST, update(1, 0), '{"type":"heartbeat","socket_sequence":2}', update(3, 70), update(4, 30)])
    assert [frame.at_ms for frame in frames] == [0, 0, 0, 70, 70]


def test_only_the_digits_of_times_and_numbers_are_touched() -> None:
    line = '{ "timestampms" : 1500, "timestamp":1, "socket_sequence": 3,"x":"1.50" }'
    assert shifted(line, 1000) == '{ "timestampms" : 2500, "timestamp":2, "socket_sequence": 3,"x":"1.50" }'
    assert renumbered(line, 0) == '{ "timestampms" : 1500, "timestamp":1, "socket_sequence": 0,"x":"1.50" }'
    assert shifted('{"timestamp":5}', 2000) == '{"timestamp":7}'
    assert shifted("no times", 5) == "no times"


def test_packed_recording_is_read(tmp_path: Path) -> None:
    path = tmp_path / "frames.gz"
    path.write_bytes(gzip.compress(f"{FIRST}\n{update(1, 0)}\n".encode()))
    assert [frame.sequence for frame in read_recording(path)] == [0, 1]


@pytest.mark.parametrize("content", [None, b"", b"\n\n", b"\xff\xfe"])
def test_recording_that_cannot_be_played_is_refused_at_the_start(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "frames.txt"
    if content is not None:
        path.write_bytes(content)
    settings = load(SimulatorSettings, {}, simulator_play=str(path))
    with pytest.raises(WrongRecording, match="cannot be played"):
        run_simulator(settings, StopSignal())
