"""The leash: whatever becomes of the process that started a child, the child and its children go with it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from local.leash import leashed

DEADLINE = 60.0
GRACE_SECONDS = 0.5
ROOT = Path(__file__).resolve().parents[2]
# A child with a child of its own, like Spark's Python with its Java; writes both ids, then waits for ever.
FAMILY = """
import os, pathlib, signal, subprocess, sys
grandchild = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
whole = pathlib.Path(sys.argv[1])
whole.with_suffix(".part").write_text(f"{os.getpid()} {grandchild.pid}")
whole.with_suffix(".part").replace(whole)
{before_waiting}
signal.pause()
"""
PARENT = """
import signal, subprocess, sys
sys.path.insert(0, sys.argv[1])
from local.leash import leashed
subprocess.Popen(leashed(sys.argv[3:], grace_seconds=float(sys.argv[2])), start_new_session=True)
signal.pause()
"""


def family(before_waiting: str = "") -> str:
    return FAMILY.replace("{before_waiting}", before_waiting)


def start_parent(argv: Sequence[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", PARENT, str(ROOT), str(GRACE_SECONDS), *argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@contextmanager
def started(argv: Sequence[str]) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(leashed(argv), stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def is_running(pid: int) -> bool:
    """Alive, and not merely waiting to be collected by an init that may be slow."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.strip().startswith("Z")


def wait_until(condition: "object", what: str) -> None:
    assert callable(condition)
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def members(file: Path) -> list[int]:
    wait_until(file.exists, "the child never started")
    return [int(pid) for pid in file.read_text().split()]


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_child_and_grandchild_go_when_the_parent_is_killed(tmp_path: Path, signum: int) -> None:
    file = tmp_path / "pids"
    parent = start_parent([sys.executable, "-c", family(), str(file)])
    pids = members(file)
    assert all(is_running(pid) for pid in pids)
    parent.send_signal(signum)
    parent.wait(DEADLINE)
    wait_until(lambda: not any(is_running(pid) for pid in pids), "they outlived their parent")


def test_child_that_ignores_sigterm_goes_too(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    stubborn = family("signal.signal(signal.SIGTERM, lambda *_: None)\nwhile True: signal.pause()")
    parent = start_parent([sys.executable, "-c", stubborn, str(file)])
    pids = members(file)
    parent.kill()
    parent.wait(DEADLINE)
    wait_until(lambda: not any(is_running(pid) for pid in pids), "they outlived their parent")


def test_exit_code_of_the_child_is_that_of_the_leash() -> None:
    with started([sys.executable, "-c", "raise SystemExit(75)"]) as process:
        assert process.wait(DEADLINE) == 75


def test_child_that_a_signal_ended_looks_so_from_outside() -> None:
    with started([sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]) as process:
        assert process.wait(DEADLINE) == -signal.SIGKILL


def test_sigterm_is_passed_on_and_the_child_may_end_cleanly(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    tidy = (
        "import pathlib, signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))\n"
        "pathlib.Path(sys.argv[1]).touch()\n"
        "signal.pause()"
    )
    with started([sys.executable, "-c", tidy, str(file)]) as process:
        wait_until(file.exists, "the child never started")
        process.terminate()
        assert process.wait(DEADLINE) == 3
