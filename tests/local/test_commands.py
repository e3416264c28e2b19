"""The commands of `python -m local` as a user types them."""

import json
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from local.__main__ import main
from local.run_record import run_lock

Ports = Callable[[int], tuple[int, ...]]


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_ports: Ports) -> Path:
    """A state folder and ports of this test's own."""
    names = ("KAFKA_PORT", "KAFKA_CONTROLLER_PORT", "SIMULATOR_PORT", "SPARK_UI_PORT")
    for name, port in zip(names, free_ports(len(names)), strict=True):
        monkeypatch.setenv(name, str(port))
    monkeypatch.setenv("STATE_DIR", str(tmp_path))
    monkeypatch.delenv("DEMO_SOURCE", raising=False)
    return tmp_path / "simulator"


def test_status_without_a_run_ends_with_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 3
    assert "Nothing runs" in capsys.readouterr().out


def test_status_for_machines_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["running"] is False


def test_reset_says_what_it_removed(own_place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with run_lock(own_place):
        pass
    assert main(["reset"]) == 0
    assert capsys.readouterr().out.startswith(f"Removed {own_place}")


def test_demo_on_a_state_in_use_names_the_process_and_starts_nothing(
    own_place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with run_lock(own_place):
        assert main(["demo"]) == 1
    assert "a run is already going on (process" in capsys.readouterr().err


def test_demo_with_a_port_in_use_names_it_and_its_setting(
    own_place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("SPARK_UI_PORT", str(port))
        assert main(["demo"]) == 1
    error = capsys.readouterr().err
    assert str(port) in error
    assert "SPARK_UI_PORT" in error
    assert not own_place.exists()


def test_folder_that_cannot_be_made_is_named_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("STATE_DIR", str(tmp_path / "file"))
    assert main(["forecast"]) == 1
    assert capsys.readouterr().err == f"{tmp_path / 'file' / 'simulator'}: Not a directory\n"


def test_all_wrong_settings_are_named_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KAFKA_PORT", "many")
    monkeypatch.setenv("DEMO_SPEED", "-1")
    assert main(["demo"]) == 78
    error = capsys.readouterr().err
    assert "KAFKA_PORT" in error
    assert "DEMO_SPEED" in error


def test_tail_without_a_broker_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    before = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}
    try:
        assert main(["tail", "gemini-feed"]) == 1
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
    assert "make demo starts one" in capsys.readouterr().err


@pytest.mark.parametrize("count", ["0", "-3", "few"])
def test_count_that_is_no_number_from_1_on_is_refused(count: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_code:
        main(["tail", "gemini-feed", f"--count={count}"])
    assert exit_code.value.code == 2
    assert "expected a number from 1 on" in capsys.readouterr().err
