"""The real run's own judgement: what it calls well, and that it never passes in silence."""

import os
from typing import Any

import pytest

from tests.compose import check
from tests.compose.engine import NoEngine, check_machine
from tests.compose.project import CheckFailed, not_well


def container(status: str, code: int = 0, health: str | None = None) -> dict[str, Any]:
    state: dict[str, Any] = {"Status": status, "ExitCode": code}
    return {"State": state | ({"Health": {"Status": health}} if health else {})}


@pytest.mark.parametrize(
    "state", [container("running", health="healthy"), container("exited"), container("exited", health=None)]
)
def test_healthy_services_and_one_shots_that_ended_well_are_well(state: dict[str, Any]) -> None:
    assert not_well({"a": state}) is None


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (container("running", health="starting"), "starting"),
        (container("running", health="unhealthy"), "unhealthy"),
        (container("running"), "running (0)"),
        (container("exited", 1), "exited (1)"),
        (container("restarting", 78), "restarting (78)"),
        (container("exited", 0, "unhealthy"), "unhealthy"),
        (container("created"), "created (0)"),
    ],
)
def test_everything_else_is_named(state: dict[str, Any], word: str) -> None:
    assert not_well({"good": container("exited"), "bad": state}) == f"bad is {word}"


def test_machine_that_cannot_run_an_engine_is_told_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NoEngine, match=r"root.*go"):
        check_machine()


def test_skipping_is_loud(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert check.main() == 0
    assert "SKIPPED: the compose file was NOT brought up" in capsys.readouterr().out


def test_what_is_wrong_fails_the_check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def wrong() -> None:
        raise CheckFailed("expected this, found that")

    monkeypatch.setattr(check, "check_machine", wrong)
    assert check.main() == 1
    assert "FAILED: expected this, found that" in capsys.readouterr().out
