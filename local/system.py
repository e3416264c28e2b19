"""A whole run on this machine: the broker and our parts as child processes over one state folder."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Lock
from types import TracebackType
from typing import Self

from local.part_plans import PartPlan, RunClock
from local.run_errors import PartFailed
from local.run_record import RunRecord, run_lock, write_run
from local.running_part import RunningPart

ROOT = Path(__file__).resolve().parent.parent


class LocalSystem:
    """Starts the planned parts in order, each when the one before is ready; stops them in reverse order on exit.

    A part that ends is started again when it may be. The state folder is locked for the time of the run. Use it as a
    context manager; entering raises `StateInUse` or `PartFailed`, and leaves nothing running then. `prepare` is called
    once the folder is locked, before the first part is started.
    """

    def __init__(
        self,
        run_dir: Path,
        plans: Sequence[PartPlan],
        *,
        source: str,
        bootstrap: str,
        clock: RunClock,
        prepare: Callable[[], None] = lambda: None,
        say: Callable[[str], None] = lambda _: None,
        interrupted: Event | None = None,
    ) -> None:
        self.run_dir = run_dir
        self.started_ms = 0
        self.source = source
        self.bootstrap = bootstrap
        self.clock = clock
        self._prepare = prepare
        self._say = say
        self._interrupted = interrupted or Event()
        self._writing = Lock()
        self._closing = ExitStack()
        logs = run_dir / "logs"
        self.parts = {
            plan.name: RunningPart(plan, ROOT, logs / f"{plan.name}.log", say, self._write_record) for plan in plans
        }

    def __enter__(self) -> Self:
        with self._closing as stack:
            stack.enter_context(run_lock(self.run_dir))
            self._prepare()
            self._start(stack)
            self._closing = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def log_path(self, name: str) -> Path:
        """Where a part's output goes."""
        return self.parts[name].log_path

    def kill(self, name: str, signum: int) -> None:
        """Sends a part's process a signal."""
        self.parts[name].send(signum)

    def raise_if_failed(self) -> None:
        """Raises `PartFailed`, with the last lines of its log, when a part is down for good."""
        for part in self.parts.values():
            if part.failure is not None:
                raise PartFailed(part.failure)

    def _start(self, stack: ExitStack) -> None:
        self.started_ms = int(time.time() * 1000)
        for part in self.parts.values():
            part.log_path.parent.mkdir(parents=True, exist_ok=True)
            _keep_one_earlier(part.log_path)
        for part in self.parts.values():
            if self._interrupted.is_set():
                return
            began = time.monotonic()
            part.start()
            stack.callback(part.stop)
            part.await_ready(part.plan.ready_seconds, self._interrupted.is_set)
            if part.state == "up":
                where = f" at {part.plan.address}" if part.plan.address else ""
                self._say(f"{part.plan.name} is up{where} ({time.monotonic() - began:.1f} s)")

    def _write_record(self) -> None:
        with self._writing:
            write_run(
                self.run_dir,
                RunRecord(
                    source=self.source,
                    pid=os.getpid(),
                    started_ms=self.started_ms,
                    bootstrap=self.bootstrap,
                    clock=self.clock,
                    parts=tuple(part.record() for part in self.parts.values()),
                ),
            )


def _keep_one_earlier(log: Path) -> None:
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
