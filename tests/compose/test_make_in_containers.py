"""Which run `make` means, and what it says when there is none; `docker` is a script here that knows some containers."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.compose.compose_file import ROOT

LIVE, SIMULATOR = "", "simulator"
NOTHING = "Nothing runs in containers"
CANNOT_BE_ASKED = "Docker cannot be asked what runs in containers; it says why above."
DOCKER = """\
#!/bin/sh
echo "[$COMPOSE_PROFILES] $*" >> "$0.calls"
case "$*" in "compose version") test ! -e "$0.bare"; exit;; esac
test ! -e "$0.away" || { echo "permission denied: docker.sock" >&2; exit 1; }
case "$*" in "compose ps "*) echo "warning: a variable is not set" >&2;; esac
case "$*" in
"compose ps --quiet") test ! -e "$0.up-$COMPOSE_PROFILES" || echo id;;
"compose ps --quiet --all") test ! -e "$0.up-$COMPOSE_PROFILES" -a ! -e "$0.stopped-$COMPOSE_PROFILES" || echo id;;
"compose down") exit $(cat "$0.down" 2>/dev/null || echo 0);;
esac
"""


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Docker without containers."""
    program = tmp_path / "docker"
    program.write_text(DOCKER)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return program


def given(docker: Path, state: str, profile: str) -> None:
    docker.with_name(f"docker.{state}-{profile}").touch()


def typed(*argv: str) -> tuple[int, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "COMPOSE_"))}
    done = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def calls(docker: Path) -> list[str]:
    return docker.with_name("docker.calls").read_text().splitlines()


@pytest.mark.parametrize("profile", [LIVE, SIMULATOR])
def test_run_that_is_up_is_meant(docker: Path, profile: str) -> None:
    given(docker, "up", profile)
    assert typed("docker/which-runs") == (0, f"{profile}\n")
    assert typed("make", "logs", "PART=bot")[0] == 0
    assert calls(docker)[-1] == f"[{profile}] compose logs --follow --tail 100 bot"


def test_run_that_is_up_comes_before_one_that_was_stopped(docker: Path) -> None:
    given(docker, "stopped", LIVE)
    given(docker, "up", SIMULATOR)
    assert typed("docker/which-runs", "--all") == (0, "simulator\n")


def test_run_that_was_stopped_can_be_taken_down_but_is_not_looked_at(docker: Path) -> None:
    given(docker, "stopped", SIMULATOR)
    assert typed("docker/which-runs")[0] == 3
    assert typed("make", "down") == (0, "")
    assert calls(docker)[-1] == "[simulator] compose down"


def test_docker_that_cannot_be_asked_is_not_taken_for_nothing_that_runs(docker: Path) -> None:
    docker.with_name("docker.away").touch()
    code, said = typed("docker/which-runs")
    assert code == 4
    assert said.splitlines() == ["permission denied: docker.sock", CANNOT_BE_ASKED]


def test_docker_without_compose_runs_nothing_of_ours(docker: Path) -> None:
    docker.with_name("docker.bare").touch()
    assert typed("docker/which-runs") == (3, "")


@pytest.mark.parametrize("target", ["down", "logs", "password"])
def test_what_is_about_containers_stops_where_docker_cannot_be_asked(docker: Path, target: str) -> None:
    docker.with_name("docker.away").touch()
    code, said = typed("make", target)
    assert code == 2
    assert CANNOT_BE_ASKED in said
    assert "Error 4" in said
    assert NOTHING not in said


@pytest.mark.parametrize("target", ["status", "forecast"])
def test_what_runs_without_containers_is_looked_at_where_docker_cannot_be_asked(docker: Path, target: str) -> None:
    docker.with_name("docker.away").touch()
    # The virtual environment is not looked at here, and its Python only says what it was asked.
    code, said = typed("make", target, "PYTHON=true", "RUN=echo")
    assert code == 0
    assert CANNOT_BE_ASKED in said
    assert f"-m local {target}" in said


def test_down_that_fails_does_not_say_that_nothing_runs(docker: Path) -> None:
    given(docker, "up", LIVE)
    docker.with_name("docker.down").write_text("1")
    code, said = typed("make", "down")
    assert code != 0
    assert NOTHING not in said


@pytest.mark.parametrize(("target", "code"), [("down", 0), ("logs", 2), ("password", 2)])
def test_where_nothing_runs_it_is_said(docker: Path, target: str, code: int) -> None:
    exit_code, said = typed("make", target)
    assert exit_code == code
    assert NOTHING in said
