"""A leash for a child process: when whoever started it goes, however it goes, the child and all its children go.

`leashed(argv)` is the command to start instead of `argv`, in a session of its own (`start_new_session=True`). The leash
passes SIGTERM and SIGINT on, ends as its child ended, and looks a few times a second whether its parent is still there:
that works on Linux and macOS alike, for SIGKILL too, and needs no descriptor that others could inherit.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

LOOK_SECONDS = 0.25
GRACE_SECONDS = 10.0


def leashed(argv: Sequence[str], grace_seconds: float = GRACE_SECONDS) -> tuple[str, ...]:
    """The command that runs `argv` for as long as the calling process lives, and then so much longer at most."""
    leash = (sys.executable, "-I", "-S", str(Path(__file__).resolve()))
    return (*leash, str(os.getpid()), str(grace_seconds), *argv)


def run(parent: int, grace_seconds: float, argv: Sequence[str]) -> int:
    """Runs `argv` until it ends or the parent is gone; returns its return code (negative: a signal)."""
    child = subprocess.Popen(argv)
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda received, _: _send(child, received))
    while os.getppid() == parent:
        with suppress(subprocess.TimeoutExpired):
            return child.wait(LOOK_SECONDS)
    child.terminate()
    deadline = time.monotonic() + grace_seconds
    with suppress(subprocess.TimeoutExpired):
        child.wait(max(0.0, deadline - time.monotonic()))
    # What is left of the child's own children goes too, this process among them.
    os.killpg(os.getpgrp(), signal.SIGKILL)
    return 0


def _send(child: "subprocess.Popen[bytes]", signum: int) -> None:
    if child.poll() is None:
        child.send_signal(signum)


def _end_as(code: int) -> None:
    if code < 0:
        with suppress(OSError, ValueError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    _end_as(run(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))
