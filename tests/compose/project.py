"""The compose file as a running project: what compose and the engine say of it."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread, Timer
from typing import Any

from tests.compose.compose_file import FILE, ROOT
from tests.compose.engine import Engine, Failed, call

LOOK_SECONDS = 1.0
# How long a typed command that goes on may take to say what is waited for.
LINE_SECONDS = 120.0
PROFILES = "COMPOSE_PROFILES"
_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


class CheckFailed(Exception):
    """The run is not as it should be; its text says what was expected and what was found."""


@dataclass
class Project:
    """One way to bring the file up: with these variables, through this engine."""

    engine: Engine
    compose: Path
    variables: Mapping[str, str]
    files: tuple[Path, ...] = (FILE,)
    healthy_after: dict[str, float] = field(default_factory=dict)
    """Seconds from `up` to the first time that a service was healthy."""

    def call(self, *arguments: str, seconds: float = 900) -> str:
        """What a command of compose printed. Raises `Failed`."""
        files = [argument for file in self.files for argument in ("--file", str(file))]
        return call(
            [str(self.compose), *files, "--progress", "quiet", *arguments],
            env=self.engine.env | dict(self.variables),
            cwd=ROOT,
            seconds=seconds,
        )

    def typed(self, *argv: str, seconds: float = 900) -> str:
        """What a command printed that was typed in the clone. Raises `Failed`."""
        return call(argv, env=self._typed_env(), cwd=ROOT, seconds=seconds)

    @contextmanager
    def typed_until(self, *argv: str) -> Iterator[Iterator[str]]:
        """The lines of a typed command that goes on by itself, until Ctrl-C ends it with the block."""
        with subprocess.Popen(
            argv,
            env=self._typed_env(),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            assert process.stdout is not None
            too_long = Timer(LINE_SECONDS, os.killpg, (process.pid, signal.SIGKILL))
            too_long.start()
            try:
                yield iter(process.stdout)
                os.killpg(process.pid, signal.SIGINT)
                process.wait()
            finally:
                too_long.cancel()
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def _typed_env(self) -> dict[str, str]:
        """The shell of a user, who names the profile once, in `make up`."""
        # What a `make` above this one was told is not told to the one that is typed.
        env = {name: value for name, value in self.engine.env.items() if not name.startswith(("MAKE", "MFLAGS"))}
        if len(self.files) > 1:
            env["COMPOSE_FILE"] = os.pathsep.join(str(file.relative_to(ROOT)) for file in self.files)
        return env | {name: value for name, value in self.variables.items() if name != PROFILES}

    def containers(self) -> dict[str, dict[str, Any]]:
        """What the engine knows of each service's container, ended ones too."""
        ids = self.call("ps", "--all", "--quiet").split()
        found = json.loads(self.engine.docker("inspect", *ids)) if ids else []
        return {container["Config"]["Labels"]["com.docker.compose.service"]: container for container in found}

    def up(self, seconds: float) -> str:
        """Brings it up as a user does, and waits until all is well, for at most so long after `make up` came back.

        Notes meanwhile when each service gets healthy. Returns what was said.
        """
        began, is_up = time.monotonic(), Event()
        self.healthy_after.clear()
        watch = Thread(target=self._watch, args=(began, is_up), daemon=True)
        watch.start()
        try:
            said = self.typed("make", "up", f"PROFILE={self.variables[PROFILES]}")
            self.await_healthy(seconds)
        except Failed as error:
            raise CheckFailed(f"{error}\n{not_well(self.containers())}\n{self.last_words()}") from error
        finally:
            is_up.set()
            watch.join()
        return said

    def _watch(self, began: float, is_up: Event) -> None:
        """Notes when each service is healthy first, until all is up."""
        label = '{{.Label "com.docker.compose.service"}}'
        done = False
        while not done:
            done = is_up.wait(LOOK_SECONDS)
            for name in self.engine.docker("ps", "--filter", "health=healthy", "--format", label).split():
                self.healthy_after.setdefault(name, time.monotonic() - began)

    def await_state(self, is_reached: Callable[[dict[str, dict[str, Any]]], str | None], seconds: float) -> float:
        """Waits until `is_reached` gives None instead of what is missing; the seconds that this took."""
        began = time.monotonic()
        while True:
            missing = is_reached(self.containers())
            took = time.monotonic() - began
            if missing is None:
                return took
            if took > seconds:
                raise CheckFailed(f"after {seconds:.0f} s still: {missing}\n{self.last_words()}")
            time.sleep(LOOK_SECONDS)

    def await_healthy(self, seconds: float) -> float:
        """Waits until every service is healthy, and every one-shot has ended well."""
        return self.await_state(not_well, seconds)

    def memory(self) -> dict[str, int]:
        """The bytes that each running container uses."""
        names = {container["Name"].lstrip("/"): service for service, container in self.containers().items()}
        lines = self.engine.docker("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}").splitlines()
        used = {}
        for line in lines:
            name, amount = line.split()[:2]
            if name in names:
                unit = next(unit for unit in ("KiB", "MiB", "GiB", "B") if amount.endswith(unit))
                used[names[name]] = round(float(amount.removesuffix(unit)) * _UNITS[unit])
        return used

    def last_words(self) -> str:
        """The ends of all logs."""
        try:
            return self.call("logs", "--tail", "12", "--no-color")
        except Failed as error:
            return str(error)


def health(container: Mapping[str, Any]) -> str | None:
    """What its health check says; None without one."""
    checked = container["State"].get("Health")
    return checked["Status"] if checked else None


def not_well(containers: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The services that are neither healthy nor ended well, in words; None when all are."""
    bad = {
        name: health(container) or f"{state['Status']} ({state['ExitCode']})"
        for name, container in containers.items()
        if not (
            (state := container["State"])["Status"] == "exited" and state["ExitCode"] == 0 and health(container) is None
        )
        and not (state["Status"] == "running" and health(container) == "healthy")
    }
    return ", ".join(f"{name} is {what}" for name, what in sorted(bad.items())) or None
