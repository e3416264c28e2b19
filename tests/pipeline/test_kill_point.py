"""Kill points: a process dies at the one that is named, and only there."""

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PROGRAM = """
from pipeline.kill_point import kill_point
for number in range(1, 4):
    kill_point("before")
    print(number, flush=True)
    kill_point("after")
"""


def run(**environ: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout.replace("\n", " ").strip()


def test_without_the_variable_nothing_happens() -> None:
    assert run() == (0, "1 2 3")


def test_process_dies_at_the_first_passing_of_the_point() -> None:
    assert run(KILL_AT="before") == (-signal.SIGKILL, "")
    assert run(KILL_AT="after") == (-signal.SIGKILL, "1")


def test_process_dies_at_the_passing_that_was_asked_for() -> None:
    assert run(KILL_AT="before:3") == (-signal.SIGKILL, "1 2")
    assert run(KILL_AT="before:4") == (0, "1 2 3")
    assert run(KILL_AT="elsewhere") == (0, "1 2 3")


def test_killed_process_has_left_its_line_and_is_spared_the_next_time(tmp_path: Path) -> None:
    told = tmp_path / "told"
    assert run(KILL_AT="after:2", KILL_AT_FILE=str(told)) == (-signal.SIGKILL, "1 2")
    assert told.read_text(encoding="utf-8") == "killed at after\n"
    assert run(KILL_AT="after:2", KILL_AT_FILE=str(told)) == (0, "1 2 3")


def test_of_several_points_each_is_hit_once(tmp_path: Path) -> None:
    told = {"KILL_AT": "after:2,before", "KILL_AT_FILE": str(tmp_path / "told")}
    assert [run(**told) for _ in range(3)] == [(-signal.SIGKILL, ""), (-signal.SIGKILL, "1 2"), (0, "1 2 3")]
