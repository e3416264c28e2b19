"""A server as a child process of ours: started on its folder, awaited, stopped, and gone when this process goes."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from local.errors import ServerFailed
from local.leash import leashed

SHOWN_LINES = 12
_LOOK_SECONDS = 0.2


class ServerNode(Protocol):
    """Where a server lives and how it is started."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def folder(self) -> Path:
        """Where everything of it lies."""

    @property
    def argv(self) -> tuple[str, ...]:
        """The command that runs it until it is stopped; for a folder that is prepared."""

    @property
    def env(self) -> Mapping[str, str]:
        """Variables that it needs beside ours."""

    def prepare(self) -> None:
        """Makes the folder ready for a start; can be repeated, and keeps what is there. Raises `ServerFailed`."""

    def answers(self) -> bool:
        """Whether it answers a request now."""


class ChildServer:
    """One server process at a time on one folder: `start`, `await_ready`, `stop`, and again."""

    def __init__(self, node: ServerNode) -> None:
        self.log_path = node.folder / f"{node.name.lower()}.log"
        self._node = node
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it on its folder, which is prepared first. Raises `ServerFailed`."""
        self._node.prepare()
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                leashed(self._node.argv),
                env={**os.environ, **self._node.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def await_ready(self, seconds: float = 120.0) -> None:
        """Waits until it answers; raises `ServerFailed` with the end of its log when it does not."""
        deadline = time.monotonic() + seconds
        while not self._node.answers():
            if self._has_ended(_LOOK_SECONDS):
                raise ServerFailed(f"{self._node.name} ended: {self._log_end()}")
            if time.monotonic() > deadline:
                raise ServerFailed(f"{self._node.name} did not answer within {seconds:.0f} s: {self._log_end()}")

    def stop(self, grace_seconds: float = 30.0) -> None:
        """Stops it cleanly; kills it when that takes longer than `grace_seconds`."""
        self._end(signal.SIGTERM, grace_seconds)

    def kill(self) -> None:
        """Ends it as a crash would."""
        self._end(signal.SIGKILL, 0.0)

    def _has_ended(self, seconds: float) -> bool:
        if self._process is None:
            return True
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
            return True
        return False

    def _end(self, signum: int, grace_seconds: float) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signum)
        with suppress(subprocess.TimeoutExpired):
            process.wait(grace_seconds)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def _log_end(self) -> str:
        return last_lines(self.log_path.read_text(encoding="utf-8", errors="replace"))


def last_lines(text: str) -> str:
    """The end of what a server said, on one line, for an error."""
    return " | ".join(text.strip().splitlines()[-SHOWN_LINES:]) or "it said nothing"
