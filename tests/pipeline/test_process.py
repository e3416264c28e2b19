"""The life of a part: how it stops, and what its exit code tells a supervisor. Real processes, real signals."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 120
HEAD = """
import sys, time
from pipeline.errors import GaveUp, TemporarilyUnavailable
from pipeline.process import run_part
from pipeline.settings import PartSettings
"""


def run(body: str, *, stdin: Any = subprocess.DEVNULL, **environ: str) -> subprocess.Popen[str]:
    """A process that runs a part whose `main(settings, stop)` is `body`, in a session of its own."""
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    program = f"{HEAD}def main(settings, stop):\n{indented}sys.exit(run_part('part', PartSettings, main))\n"
    return subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, list[dict[str, Any]]]:
    """Its exit code and the lines of its log."""
    with process:
        _, log = process.communicate(timeout=PATIENCE)
    return process.returncode, [json.loads(line) for line in log.splitlines()]


def await_line(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout is not None
    assert process.stdout.readline().strip() == line


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_part_stops_cleanly_when_asked_to(signum: signal.Signals) -> None:
    process = run("print('up', flush=True)\nassert stop.wait(100)\nprint('left', flush=True)")
    await_line(process, "up")
    process.send_signal(signum)
    await_line(process, "left")
    code, log = ended(process)
    assert code == 0
    assert [line["message"] for line in log] == ["stopped"]


def test_part_that_looks_at_the_stop_signal_all_the_time_stops_too() -> None:
    process = run("print('up', flush=True)\nwhile not stop.wait(0.00001):\n    pass")
    await_line(process, "up")
    for _ in range(20):
        process.send_signal(signal.SIGTERM)
    code, _ = ended(process)
    assert code == 0


def test_part_stops_when_it_has_no_standard_input() -> None:
    read, write = os.pipe()
    os.close(write)
    try:
        process = run("import os\nos.close(0)\nprint('up', flush=True)\nstop.wait(100)", stdin=read)
    finally:
        os.close(read)
    await_line(process, "up")
    process.terminate()
    assert ended(process)[0] == 0


def test_part_that_is_done_ends_with_zero() -> None:
    code, log = ended(run("pass"))
    assert (code, log[-1]["message"]) == (0, "done")


@pytest.mark.parametrize(
    ("error", "expected"), [("TemporarilyUnavailable('Kafka is away')", 75), ("GaveUp('no more')", 70)]
)
def test_expected_error_is_one_line_and_its_exit_code(error: str, expected: int) -> None:
    code, log = ended(run(f"raise {error}"))
    assert code == expected
    assert len(log) == 1
    assert log[0]["message"] in error
    assert "traceback" not in log[0]


def test_unexpected_error_is_one_line_with_its_traceback() -> None:
    code, log = ended(run("{}['nowhere']"))
    assert code == 70
    assert len(log) == 1
    assert "KeyError" in log[0]["message"]
    assert "Traceback" in log[0]["traceback"]


def test_wrong_settings_end_the_part_before_it_begins() -> None:
    code, log = ended(run("print('begun', flush=True)", LOG_LEVEL="loud", CLOCK_SPEED="-1"))
    assert code == 78
    assert len(log) == 1
    assert "LOG_LEVEL=loud" in log[0]["message"]
    assert "CLOCK_SPEED=-1" in log[0]["message"]
