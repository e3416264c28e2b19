"""A kill at the one point of a batch where Spark has planned what to read and has not yet recorded that it is done."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

POLL_SECONDS = 0.001


def kill_between(checkpoint: Path, pgid: int, after_batch: int, deadline_seconds: float) -> int:
    """SIGKILL the process group while a batch later than `after_batch` has its offsets written and no commit.

    Returns the batch's id. The group is frozen before the last look, so that what was seen is still so when it dies.
    Raises `TimeoutError` when no batch was caught in time; the group then runs on.
    """
    deadline = time.monotonic() + deadline_seconds
    while time.monotonic() < deadline:
        batch = _newest(checkpoint / "offsets")
        if batch > after_batch and not _is_committed(checkpoint, batch):
            with _frozen(pgid):
                if not _is_committed(checkpoint, batch):
                    os.killpg(pgid, signal.SIGKILL)
                    return batch
        # A folder can only be looked at again; the moment sought lasts tens of milliseconds.
        time.sleep(POLL_SECONDS)
    raise TimeoutError(f"no batch after {after_batch} was caught between offsets and commit in {deadline_seconds} s")


def _newest(folder: Path) -> int:
    """The highest batch id in a log of the checkpoint, -1 when there is none."""
    names = os.listdir(folder) if folder.is_dir() else []  # noqa: PTH208 (called a thousand times a second)
    return max((int(name) for name in names if name.isdigit()), default=-1)


def _is_committed(checkpoint: Path, batch: int) -> bool:
    return (checkpoint / "commits" / str(batch)).exists()


@contextmanager
def _frozen(pgid: int) -> Iterator[None]:
    """The whole group stopped, and let go again on the way out (which a killed one does not notice)."""
    os.killpg(pgid, signal.SIGSTOP)
    try:
        for process in _members(pgid):
            _await_stopped(process)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(pgid, signal.SIGCONT)


def _members(pgid: int) -> list[psutil.Process]:
    members = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == pgid:
                members.append(process)
        except ProcessLookupError:
            continue
    return members


def _await_stopped(process: psutil.Process) -> None:
    gone_or_still = (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if process.status() in gone_or_still:
                return
        except psutil.NoSuchProcess:
            return
        time.sleep(POLL_SECONDS)
    raise TimeoutError(f"process {process.pid} did not stop")
