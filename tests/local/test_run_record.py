"""The record a run keeps of itself, and the lock on its state folder."""

import os
from pathlib import Path

import pytest

from local.run_clock import RunClock
from local.run_errors import StateInUse
from local.run_record import PartRecord, RunRecord, read_run, run_holder, run_lock, write_run

PART = PartRecord("kafka", "up", 123, "127.0.0.1:1", 1_767_268_800_000, 0, "kafka.log", ("t",))
RECORD = RunRecord("simulator", 99, 1_767_268_800_000, "127.0.0.1:1", RunClock(4.0, 5, 6), (PART,))


def test_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_run(tmp_path, RECORD)
    assert read_run(tmp_path) == RECORD
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize("content", ["", "{", '{"source": 3}', "[]"])
def test_unreadable_record_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    assert read_run(tmp_path) is None


def test_missing_record_is_none(tmp_path: Path) -> None:
    assert read_run(tmp_path) is None


def test_second_run_on_the_same_state_is_refused_by_the_firsts_process_id(tmp_path: Path) -> None:
    with (
        run_lock(tmp_path),
        pytest.raises(StateInUse, match=rf"process {os.getpid()}\) uses {tmp_path}"),
        run_lock(tmp_path),
    ):
        pass


def test_holder_is_known_only_while_the_lock_is_held(tmp_path: Path) -> None:
    assert run_holder(tmp_path / "nowhere") is None
    with run_lock(tmp_path):
        assert run_holder(tmp_path) == os.getpid()
    assert run_holder(tmp_path) is None


def test_lock_is_free_again_after_the_run(tmp_path: Path) -> None:
    for _ in range(2):
        with run_lock(tmp_path):
            pass
