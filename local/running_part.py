"""One part while it runs: started, watched until it is ready, restarted when it may be, stopped."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Condition, Event, Thread

from local.leash import leashed
from local.part_plan import Finishes, LogSays, PartPlan, PortAnswers, Serves
from local.restarts import SETTLED_SECONDS, Ended, end_text, may_restart, sudden_ends
from local.run_errors import PartFailed
from local.run_record import PartRecord, PartState
from local.topic_reader import answers
from pipeline.back_off import BackOff

LOOK_SECONDS = 0.1
STOP_SECONDS = 30.0
SHOWN_LINES = 12
SHOWN_BYTES = 16_384


class RunningPart:
    """A part's process, and those that follow it after restarts. A thread of its own waits for their ends.

    `say` is told in one sentence what happens, `changed` is called after every change of state; both from that thread.
    """

    def __init__(
        self, plan: PartPlan, root: Path, log_path: Path, say: Callable[[str], None], changed: Callable[[], None]
    ) -> None:
        self.plan = plan
        self.log_path = log_path
        self.state: PartState = "starting"
        self.restarts = 0
        self.failure: str | None = None
        self._root = root
        self._say = say
        self._changed = changed
        self._process: subprocess.Popen[bytes] | None = None
        self._started_ms: int | None = None
        self._began = self._ready_after = 0.0
        self._condition = Condition()
        self._stopping = Event()
        self._back_off = BackOff(first=0.5, cap=30.0)
        self._thread = Thread(target=self._run, name=plan.name, daemon=True)

    @property
    def pid(self) -> int | None:
        """The process id; None while there is no process."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    def start(self) -> None:
        """Starts the part and returns at once."""
        self._began = time.monotonic()
        self._thread.start()

    def is_ready(self) -> bool:
        """Whether the part is up, or done if it is a one-shot.

        Raises `PartFailed`, with the last lines of its log, when it is down for good or was not ready in time.
        """
        return self._is_ready_within(self.plan.ready_seconds, since=self._began)

    def ready_text(self) -> str:
        """Says that the part is ready, where it is and how long its start took."""
        where = f" at {self.plan.address}" if self.plan.address else ""
        return f"{self.plan.name} is {self.state}{where} ({self._ready_after:.1f} s)"

    def await_ready(self, seconds: float) -> None:
        """Waits until the part is up, or done if it is a one-shot.

        Raises `PartFailed`, with the last lines of its log, when it is down for good or not ready in time.
        """
        since = time.monotonic()
        with self._condition:
            while not self._is_ready_within(seconds, since):
                self._condition.wait(LOOK_SECONDS)

    def await_restarted(self, restarts: int, seconds: float) -> None:
        """Waits until the part is up after at least so many restarts; raises `PartFailed` as `await_ready` does."""
        deadline = time.monotonic() + seconds
        with self._condition:
            self._condition.wait_for(lambda: self.restarts >= restarts or self.failure is not None, seconds)
        self.await_ready(max(0.0, deadline - time.monotonic()))

    def send(self, signum: int) -> None:
        """Sends a signal to the part, as a test or an operator would."""
        if self.pid is None:
            return
        # The leash passes these two on; any other has to reach all of the part's processes.
        reach = os.kill if signum in (signal.SIGTERM, signal.SIGINT) else os.killpg
        with suppress(ProcessLookupError):
            reach(self.pid, signum)

    def stop(self) -> None:
        """Asks the part to end and waits for it; kills it after `STOP_SECONDS`."""
        self._stopping.set()
        if self._thread.ident is None:
            return
        if self._process is not None:
            self._process.terminate()
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive() and self._process is not None:
            self._say(f"{self.plan.name} did not stop within {STOP_SECONDS:.0f} s and was killed")
            self._process.kill()
            self._thread.join()

    def record(self) -> PartRecord:
        """The part as `make status` will see it."""
        return PartRecord(
            name=self.plan.name,
            state=self.state,
            pid=self.pid,
            address=self.plan.address,
            started_ms=self._started_ms,
            restarts=self.restarts,
            log=str(self.log_path),
            writes=self.plan.writes,
        )

    def _is_ready_within(self, seconds: float, since: float) -> bool:
        if self.state in ("up", "done"):
            return True
        if self.failure is not None:
            raise PartFailed(self.failure)
        if self._thread.ident is not None and time.monotonic() > since + seconds:
            raise PartFailed(self._with_log(f"{self.plan.name} was not ready within {seconds:.0f} s"))
        return False

    def _run(self) -> None:
        sudden = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            code = self._run_once()
            ended = Ended(code, time.monotonic() - began)
            if self._stopping.is_set():
                break
            if code == 0 and (self.plan.may_end or isinstance(self.plan.ready, Finishes)):
                if self.plan.may_end:
                    self._say(f"{self.plan.name} has come to its end; everything else stays up")
                self._become("done")
                return
            sudden = sudden_ends(sudden, ended)
            if not may_restart(code, sudden):
                self.failure = self._with_log(f"{self.plan.name} {end_text(code)}")
                break
            self._pause_before_restart(ended)
        self._become("down")

    def _run_once(self) -> int:
        said_from = self.log_path.stat().st_size if self.log_path.exists() else 0
        process = self._spawn()
        try:
            while process.poll() is None and not self._stopping.is_set():
                if self._is_ready(said_from):
                    self._become("up")
                    break
                with suppress(subprocess.TimeoutExpired):
                    process.wait(LOOK_SECONDS)
            return process.wait()
        finally:
            _kill_group(process.pid)

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self.log_path.open("ab") as log:
            process = subprocess.Popen(
                leashed(self.plan.command()),
                cwd=self._root,
                env={**os.environ, **self.plan.variables()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._process = process
        self._started_ms = int(time.time() * 1000)
        if self._stopping.is_set():
            # `stop` may have looked for a process before there was this one.
            process.terminate()
        self._changed()
        return process

    def _is_ready(self, said_from: int) -> bool:
        ready = self.plan.ready
        if isinstance(ready, PortAnswers):
            return answers(f"127.0.0.1:{ready.port}")
        if isinstance(ready, Serves):
            return ready.node.answers()
        if isinstance(ready, LogSays):
            with self.log_path.open("rb") as log:
                log.seek(said_from)
                return ready.text.encode() in log.read()
        return False

    def _pause_before_restart(self, ended: Ended) -> None:
        if ended.lived_seconds >= SETTLED_SECONDS:
            self._back_off.reset()
        delay = self._back_off.next()
        self.restarts += 1
        self._say(f"{self.plan.name} {end_text(ended.code)}; it is started again in {delay:.1f} s")
        self._become("restarting")
        self._stopping.wait(delay)

    def _become(self, state: PartState) -> None:
        with self._condition:
            self.state = state
            self._ready_after = time.monotonic() - self._began
            self._changed()
            self._condition.notify_all()

    def _with_log(self, what: str) -> str:
        lines = last_lines(self.log_path)
        return "\n".join([f"{what}. The last lines of {self.log_path}:", *(f"  {text}" for text in lines)])


def last_lines(path: Path) -> list[str]:
    """The last few lines of a log."""
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - SHOWN_BYTES))
        return log.read().decode(errors="replace").splitlines()[-SHOWN_LINES:]


def _kill_group(pid: int) -> None:
    """Kills what a part's process has left behind: Spark's Java process outlives a killed Python for a moment."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
