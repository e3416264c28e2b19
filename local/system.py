"""A whole run on this machine: the broker and our parts as child processes over one state folder."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Lock
from types import TracebackType
from typing import Self

from local.part_plan import PartPlan
from local.run_clock import RunClock
from local.run_errors import PartFailed
from local.run_record import RunRecord, run_lock, write_run
from local.running_part import RunningPart

LOOK_SECONDS = 0.05
ROOT = Path(__file__).resolve().parent.parent


class LocalSystem:
    """Starts each planned part when those it waits for are ready; stops them in reverse order on exit.

    A part that ends is started again when it may be. The state folder is locked for the time of the run. Use it as a
    context manager; entering raises `StateInUse`, `PartFailed` or what preparing a server raises, and leaves nothing
    running then.
    """

    def __init__(
        self,
        run_dir: Path,
        plans: Sequence[PartPlan],
        *,
        source: str,
        bootstrap: str,
        clock: RunClock,
        say: Callable[[str], None] = lambda _: None,
        interrupted: Event | None = None,
    ) -> None:
        self.run_dir = run_dir
        self.started_ms = 0
        self.source = source
        self.bootstrap = bootstrap
        self.clock = clock
        self._say = say
        self._interrupted = interrupted or Event()
        self._writing = Lock()
        self._is_unwritten = False
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
        waiting, starting = list(self.parts.values()), list[RunningPart]()
        while (waiting or starting) and not self._interrupted.is_set():
            for part in [each for each in waiting if self._may_start(each)]:
                part.start()
                stack.callback(part.stop)
                waiting.remove(part)
                starting.append(part)
            for part in [each for each in starting if each.is_ready()]:
                self._say(part.ready_text())
                starting.remove(part)
            self._interrupted.wait(LOOK_SECONDS)

    def _may_start(self, part: RunningPart) -> bool:
        return all(self.parts[name].is_ready() for name in part.plan.after)

    def _prepare(self) -> None:
        for part in self.parts.values():
            if part.plan.server is not None:
                part.plan.server.prepare()

    def _write_record(self) -> None:
        with self._writing:
            record = RunRecord(
                source=self.source,
                pid=os.getpid(),
                started_ms=self.started_ms,
                bootstrap=self.bootstrap,
                clock=self.clock,
                parts=tuple(part.record() for part in self.parts.values()),
            )
            try:
                write_run(self.run_dir, record)
            except OSError as error:
                # On a full disk, say. The part whose thread this is must be watched on, and started again.
                if not self._is_unwritten:
                    self._say(f"what make status shows could not be written, so it may be old: {error}")
                self._is_unwritten = True
            else:
                self._is_unwritten = False


def _keep_one_earlier(log: Path) -> None:
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
