"""What a run writes down about itself for `make status`, and the lock that keeps two runs off one state folder."""

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Literal

import msgspec

from local.run_clock import RunClock
from local.run_errors import StateInUse

RUN_FILE = "run.json"
LOCK_FILE = "lock"
# `run_holder` holds the lock for an instant; a start that meets it tries again this often, this many seconds apart.
LOCK_TRIES = 20
LOCK_PAUSE_SECONDS = 0.05


# done: a one-shot that ended well; down: ended, and it stays so.
PartState = Literal["starting", "up", "restarting", "done", "down"]


@dataclass(frozen=True)
class PartRecord:
    """One part of a run. Times are epoch milliseconds, real time.

    `writes` names the topics that it alone fills, so that their newest record tells when it wrote last.
    """

    name: str
    state: PartState
    pid: int | None
    address: str | None
    started_ms: int | None
    restarts: int
    log: str
    writes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunRecord:
    """A run as it was when this was written: `pid` is the process that started the parts."""

    source: str
    pid: int
    started_ms: int
    bootstrap: str
    clock: RunClock
    parts: tuple[PartRecord, ...]


def write_run(run_dir: Path, record: RunRecord) -> None:
    """Replaces the run's record in one step, so that a reader never sees half of it."""
    new = run_dir / f"{RUN_FILE}.new"
    new.write_bytes(msgspec.json.format(msgspec.json.encode(record)))
    new.replace(run_dir / RUN_FILE)


def read_run(run_dir: Path) -> RunRecord | None:
    """The record of the last run, or None when there is none that can be read."""
    try:
        return msgspec.json.decode((run_dir / RUN_FILE).read_bytes(), type=RunRecord)
    except (OSError, msgspec.DecodeError):
        return None


@contextlib.contextmanager
def run_lock(run_dir: Path) -> Iterator[None]:
    """Holds the state folder for one run; raises `StateInUse`, naming the process, when another holds it."""
    run_dir.mkdir(parents=True, exist_ok=True)
    with (run_dir / LOCK_FILE).open("a+") as lock:
        _lock_or_raise(lock.fileno(), run_dir)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def run_holder(run_dir: Path) -> int | None:
    """The process id of the run that holds this state folder, or None when no run does."""
    try:
        with (run_dir / LOCK_FILE).open() as lock:
            if _try_lock(lock.fileno(), fcntl.LOCK_SH):
                return None
            return _holder_in(run_dir)
    except FileNotFoundError:
        return None


def _lock_or_raise(lock: int, run_dir: Path) -> None:
    pause = Event()
    for _ in range(LOCK_TRIES):
        if _try_lock(lock, fcntl.LOCK_EX):
            return
        pause.wait(LOCK_PAUSE_SECONDS)
    raise StateInUse(
        f"another run (process {_holder_in(run_dir)}) uses {run_dir}; stop it first, or set STATE_DIR to another folder"
    )


def _try_lock(lock: int, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise
    return True


def _holder_in(run_dir: Path) -> int | None:
    text = (run_dir / LOCK_FILE).read_text().strip()
    return int(text) if text.isdecimal() else None
