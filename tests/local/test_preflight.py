"""What is told before anything starts: each lack in a sentence, all at once."""

import socket
from pathlib import Path

import pytest

from local.ports import LOOPBACK
from local.preflight import ALL, STREAM, Machine, look, problems

TO_FETCH = 184_000_000
PLENTY = Machine(
    disk_bytes=50_000_000_000, cache_disk_bytes=50_000_000_000, memory_bytes=16_000_000_000, taken_ports={}
)
LACKING = {
    "disk": (Machine(200_000_000, 50_000_000_000, 16_000_000_000, {}), ["200 MB left", "make room", "STATE_DIR"]),
    "disk of the cache": (
        Machine(50_000_000_000, 183_000_000, 16_000_000_000, {}),
        ["183 MB left", "184 MB are to be fetched", "make room", "RTC_CACHE"],
    ),
    "memory": (
        Machine(50_000_000_000, 50_000_000_000, 900_000_000, {}),
        ["0.9 GB of memory", "close what you do not need"],
    ),
    "port": (
        Machine(50_000_000_000, 50_000_000_000, 16_000_000_000, {"KAFKA_PORT": 19092}),
        ["Port 19092 is in use", "set KAFKA_PORT"],
    ),
}


def test_machine_with_plenty_has_no_problem() -> None:
    assert problems(PLENTY, ALL, to_fetch=TO_FETCH) == ()


@pytest.mark.parametrize("lack", LACKING)
def test_each_lack_is_one_sentence_that_says_what_to_do(lack: str) -> None:
    machine, words = LACKING[lack]
    (text,) = problems(machine, ALL, to_fetch=TO_FETCH)
    assert all(word in text for word in words)
    assert text.endswith(".")
    assert "\n" not in text


def test_all_that_is_lacking_is_told_together() -> None:
    machine = Machine(1, 1, 1, {"KAFKA_PORT": 19092, "SPARK_UI_PORT": 4040})
    told = problems(machine, ALL, to_fetch=0)
    assert len(told) == 4
    assert sum("Port " in text for text in told) == 2


def test_first_run_needs_more_room_than_later_ones() -> None:
    machine = Machine(500_000_000, 500_000_000, None, {})
    assert problems(machine, STREAM, to_fetch=0) == ()
    assert len(problems(machine, STREAM, to_fetch=TO_FETCH)) == 1


def test_full_disk_of_the_cache_is_no_problem_when_nothing_is_to_be_fetched() -> None:
    assert problems(Machine(50_000_000_000, 0, None, {}), ALL, to_fetch=0) == ()


def test_memory_that_is_not_known_is_no_problem() -> None:
    assert problems(Machine(50_000_000_000, 50_000_000_000, None, {}), ALL, to_fetch=TO_FETCH) == ()


def test_stream_alone_needs_less_and_that_is_told() -> None:
    machine = Machine(50_000_000_000, 50_000_000_000, 3_000_000_000, {})
    assert problems(machine, STREAM, to_fetch=TO_FETCH) == ()
    (text,) = problems(machine, ALL, to_fetch=TO_FETCH)
    assert "DEMO_PARTS=stream" in text


def test_look_finds_taken_ports_and_the_disk_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        machine = look(tmp_path / "not" / "yet", tmp_path / "nor" / "this", {"SOME_PORT": port})
        assert machine.taken_ports == {"SOME_PORT": port}
    assert machine.disk_bytes > 0
    assert machine.cache_disk_bytes > 0
    assert not (tmp_path / "not").exists()
    assert look(tmp_path, tmp_path, {"SOME_PORT": port}).taken_ports == {}
