"""`python -m tests.compose.check`: the compose file, brought up for real on stand-ins (docs/operations.md).

Exit codes: 0 well, or skipped with a loud message where no engine can be started; 1 something is not as it should be.
"""

import os
import signal
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from local.ports import free_ports
from tests.compose.as_typed import (
    METRICS,
    bring_down,
    look_at_followed_log,
    look_at_forecast,
    look_at_metrics,
    look_at_status,
    look_at_topic_from_outside,
    look_at_up,
    replay_as_documented,
)
from tests.compose.compose_file import FILE, ROOT
from tests.compose.compose_program import compose_program
from tests.compose.engine import Engine, Failed, NoEngine, check_machine, running_engine
from tests.compose.looks import (
    Answers,
    look_at_data,
    look_at_kibana,
    look_at_logs,
    look_at_profile_guard,
    look_at_rights,
    look_at_secrets,
)
from tests.compose.project import CheckFailed, Project, health
from tests.compose.stand_in_images import make_base, make_servers
from tests.compose.test_compose_file import MOST_BYTES, ONE_SHOTS

UP_SECONDS = 420.0
MINUTE_SECONDS = 240.0
HEAL_SECONDS = 240.0
# Together are killed those of which none waits for another to come back.
MAKES_MINUTES = (("kafka",), ("bot", "indexer", "producer", "simulator", "spark"))
PORTS = ("KAFKA_PORT", "ELASTICSEARCH_PORT", "KIBANA_PORT", "SPARK_UI_PORT", "SIMULATOR_PORT", *METRICS.values())
WITH_METRICS = (FILE, ROOT / "docker" / "metrics.yml")


def say(text: str) -> None:
    """A line of the report, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@contextmanager
def step(title: str) -> Iterator[None]:
    """Says what is done, and how long it took."""
    began = time.monotonic()
    say(f"--> {title}")
    yield
    say(f"    {title}: {time.monotonic() - began:.0f} s")


def main() -> int:
    """Runs all of it."""
    try:
        check_machine()
        with running_engine() as engine:
            _check(engine)
    except NoEngine as error:
        banner = "!" * 100
        say(f"{banner}\nSKIPPED: the compose file was NOT brought up; no engine can run here: {error}\n{banner}")
        return 0
    except (CheckFailed, Failed) as error:
        say(f"FAILED: {error}")
        return 1
    say("The compose file is well.")
    return 0


def _check(engine: Engine) -> None:
    tag = f"check-{os.getpid()}"
    with step("compose, as a program"):
        program = compose_program()
        engine.add_compose(program)
    with step("stand-ins for the images from outside"):
        make_base(engine)
        make_servers(engine)
    ports = {name: str(port) for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True)}
    # The engine has no network of its own to build in.
    own = ports | {"RTC_TAG": tag, "RTC_BUILD_NETWORK": "host"}
    images = [f"real-time-crypto/{name}:{tag}" for name in ("app", "spark")]
    simulator = Project(engine, program, own | {"COMPOSE_PROFILES": "simulator"})
    try:
        with step("docker compose config, for each profile"):
            Project(engine, program, own).call("config", "--quiet")
            simulator.call("config", "--quiet")
            replace(simulator, files=WITH_METRICS).call("config", "--quiet")
        with step("docker compose build"):
            simulator.call("build", "--quiet", seconds=1200)
        for image in images:
            say(f"    {image}: {int(engine.docker('image', 'inspect', '--format', '{{.Size}}', image)) / 1e6:.0f} MB")
        # Fails where the image keeps its books in plain Python.
        engine.docker("run", "--rm", "--network", "none", images[0], "python", "-c", "import market.compiled.ladders")
        look_at_profile_guard(Project(engine, program, own))
        _run(simulator, own)
    finally:
        simulator.call("down", "--volumes", "--remove-orphans", "--timeout", "20")
        Project(engine, program, own).call("--profile", "*", "down", "--volumes", "--timeout", "20")
        engine.docker("image", "rm", "--force", *images)
        engine.docker("image", "prune", "--force")
        engine.docker("builder", "prune", "--force", "--keep-storage", "6GB")


def _run(project: Project, own: dict[str, str]) -> None:
    answers = Answers(project, int(own["ELASTICSEARCH_PORT"]), int(own["KIBANA_PORT"]))
    with step("make up PROFILE=simulator: every service healthy, every one-shot done"):
        look_at_up(project.up(UP_SECONDS), own)
    with step("dashboards, rights, secrets, make logs, make forecast"):
        look_at_kibana(answers)
        look_at_rights(project)
        look_at_secrets(project)
        look_at_followed_log(project)
        look_at_forecast(project)
    with step("a whole minute's ratio, and what the bot decided on it, in Elasticsearch"):
        look_at_data(answers, after_ms=0, seconds=MINUTE_SECONDS)
    with step("make status, and a topic from outside"):
        look_at_status(project)
        look_at_topic_from_outside(int(own["KAFKA_PORT"]))
    _report_memory(project)
    with step("SIGKILL of each container that makes minutes heals"):
        for names in MAKES_MINUTES:
            _kill(project, names)
    killed_ms = int(time.time() * 1000)
    with step("SIGKILL of each other one heals"):
        # While they come back, the minute passes that is looked for below.
        _kill(project, set(project.containers()) - ONE_SHOTS - {name for names in MAKES_MINUTES for name in names})
        project.await_healthy(HEAL_SECONDS)
    with step("indices are deleted, and their topics replayed as docs/operations.md says"):
        replay_as_documented(project, answers)
    with step("a whole minute after the kills"):
        look_at_data(answers, after_ms=killed_ms, seconds=MINUTE_SECONDS)
    before = answers.ids()
    with step("make down, and up again with the metrics published"):
        bring_down(project)
        replace(project, files=WITH_METRICS).up(UP_SECONDS)
    lost = before - answers.ids()
    if lost:
        raise CheckFailed(f"{len(lost)} of {len(before)} documents are gone after down and up, such as {min(lost)}")
    look_at_metrics(own)
    look_at_kibana(answers)
    look_at_logs(project)


def _report_memory(project: Project) -> None:
    used = project.memory()
    for name, amount in sorted(used.items()):
        limit = project.containers()[name]["HostConfig"]["Memory"]
        after = project.healthy_after.get(name)
        told = f", healthy by {after:.0f} s after up" if after is not None else ""
        say(f"    {name}: {amount / 1e6:.0f} MB of {limit / 1e6:.0f} MB{told}")
    say(f"    together: {sum(used.values()) / 1e6:.0f} MB")
    if sum(used.values()) > MOST_BYTES:
        raise CheckFailed(f"all containers together use {sum(used.values())} bytes, more than {MOST_BYTES}")


def _kill(project: Project, names: Collection[str]) -> None:
    """Kills each container's first process from outside, as nothing inside could; waits until all these work again."""
    before = project.containers()
    for name in names:
        os.kill(before[name]["State"]["Pid"], signal.SIGKILL)
    took = project.await_state(partial(_not_healed, before, names), HEAL_SECONDS)
    say(f"    {', '.join(sorted(names))}: healthy again after {took:.0f} s")


def _not_healed(
    before: Mapping[str, Any], names: Collection[str], containers: Mapping[str, Mapping[str, Any]]
) -> str | None:
    """Which of these have not been started again since, or do not work yet; None when all do."""
    bad = [
        name
        for name in names
        if containers[name]["State"]["StartedAt"] == before[name]["State"]["StartedAt"]
        or health(containers[name]) != "healthy"
    ]
    return f"{', '.join(bad)} not healthy after a kill" if bad else None


if __name__ == "__main__":
    sys.exit(main())
