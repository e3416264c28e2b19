"""A run of small real processes: order, readiness, restarts, failures, the end of all."""

import errno
import os
import signal
import socket
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from local.part_plan import Finishes, LogSays, PartPlan, PortAnswers, Ready
from local.run_clock import RunClock
from local.run_errors import PartFailed, StateInUse
from local.run_record import read_run, run_holder
from local.system import LocalSystem

DEADLINE = 60.0
WAITS = "import signal; print('ready', flush=True); signal.sigwait([signal.SIGTERM])"


SAYS_READY = LogSays("ready")


def part(
    name: str, program: str, ready: Ready = SAYS_READY, seconds: float = DEADLINE, after: tuple[str, ...] = ()
) -> PartPlan:
    argv = (sys.executable, "-c", textwrap.dedent(program))
    return PartPlan(name, ready, argv, {"SAID": name}, after, ready_seconds=seconds)


def system_of(
    run_dir: Path, *plans: PartPlan, say: Callable[[str], None] = lambda _: None, interrupted: Event | None = None
) -> LocalSystem:
    return LocalSystem(
        run_dir, plans, source="test", bootstrap="127.0.0.1:1", clock=RunClock(), say=say, interrupted=interrupted
    )


def is_alive(pid: int | None) -> bool:
    assert pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_parts_start_in_order_and_all_are_gone_after(tmp_path: Path) -> None:
    said: list[str] = []
    two = part("two", WAITS, after=("one",))
    with system_of(tmp_path, part("one", WAITS), two, say=said.append) as system:
        pids = [running.pid for running in system.parts.values()]
        assert all(is_alive(pid) for pid in pids)
        assert [running.state for running in system.parts.values()] == ["up", "up"]
    assert [text.split(" (")[0] for text in said] == ["one is up", "two is up"]
    assert not any(is_alive(pid) for pid in pids)


def test_one_shot_is_done_before_the_next_part_starts(tmp_path: Path) -> None:
    made = tmp_path / "made"
    needs = f"import pathlib; assert pathlib.Path({str(made)!r}).exists()\n{WAITS}"
    makes = f"import pathlib; pathlib.Path({str(made)!r}).touch()"
    with system_of(
        tmp_path / "run", part("makes", makes, Finishes()), part("needs", needs, after=("makes",))
    ) as system:
        assert [running.state for running in system.parts.values()] == ["done", "up"]


def test_part_is_started_again_while_the_record_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    said: list[str] = []
    with system_of(tmp_path, part("one", WAITS), say=said.append) as system:
        monkeypatch.setattr("local.system.write_run", full)
        system.kill("one", signal.SIGKILL)
        system.parts["one"].await_restarted(1, DEADLINE)
        monkeypatch.undo()
    assert sum("No space left on device" in text for text in said) == 1


def test_part_that_may_end_is_done_then_and_is_not_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    over = Event()
    program = "print('ready', flush=True)"
    ending = replace(part("plays", program), may_end=True)

    def say(text: str) -> None:
        said.append(text)
        if "come to its end" in text:
            over.set()

    with system_of(tmp_path, ending, part("stays", WAITS), say=say) as system:
        assert over.wait(DEADLINE)
        system.parts["plays"].await_ready(DEADLINE)
        system.raise_if_failed()
        assert system.parts["stays"].state == "up"
        assert system.parts["plays"].restarts == 0
    assert not any("started again" in text for text in said)


def test_parts_that_do_not_need_each_other_start_side_by_side(tmp_path: Path) -> None:
    def meets(mine: Path, other: Path) -> str:
        return f"""
import pathlib, threading
pathlib.Path({str(mine)!r}).touch()
while not pathlib.Path({str(other)!r}).exists():
    threading.Event().wait(0.05)
{WAITS}
"""

    a, b = tmp_path / "a", tmp_path / "b"
    with system_of(tmp_path / "run", part("one", meets(a, b)), part("two", meets(b, a))) as system:
        assert [running.state for running in system.parts.values()] == ["up", "up"]


def test_part_is_ready_when_its_port_answers(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    listens = f"import socket, signal; s = socket.create_server(('127.0.0.1', {port})); signal.sigwait([15])"
    with system_of(tmp_path, part("listens", listens, PortAnswers(port))):
        socket.create_connection(("127.0.0.1", port), timeout=DEADLINE).close()


def test_killed_part_is_started_again_and_it_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    with system_of(tmp_path, part("one", WAITS), say=said.append) as system:
        first = system.parts["one"].pid
        system.kill("one", signal.SIGKILL)
        system.parts["one"].await_restarted(1, DEADLINE)
        assert system.parts["one"].pid != first
        assert system.parts["one"].state == "up"
    assert any("one was killed by signal 9; it is started again in" in text for text in said)


def test_part_that_asks_for_a_restart_gets_it(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    asks_once = f"""
        import pathlib, signal, sys
        mark = pathlib.Path({str(mark)!r})
        if not mark.exists():
            mark.touch()
            sys.exit(75)
        print('ready', flush=True)
        signal.sigwait([signal.SIGTERM])
    """
    with system_of(tmp_path / "run", part("asks", asks_once)) as system:
        assert system.parts["asks"].restarts == 1


def test_part_with_wrong_settings_ends_the_start_with_its_last_words(tmp_path: Path) -> None:
    wrong = "import sys; print('KAFKA_PORT: expected a number', file=sys.stderr); sys.exit(78)"
    waiting = part("waiting", WAITS)
    system = system_of(tmp_path, waiting, part("wrong", wrong, after=("waiting",)))
    with pytest.raises(PartFailed, match=r"(?s)wrong ended with exit code 78.*KAFKA_PORT: expected a number"), system:
        pass
    assert system.parts["waiting"].pid is None
    assert run_holder(tmp_path) is None


def test_part_that_dies_for_good_later_is_reported(tmp_path: Path) -> None:
    leaves = """
        import signal, sys
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(78))
        print('ready', flush=True)
        while True:
            signal.pause()
    """
    with system_of(tmp_path, part("leaves", leaves)) as system:
        system.raise_if_failed()
        system.kill("leaves", signal.SIGTERM)
        with pytest.raises(PartFailed, match="leaves ended with exit code 78"):
            system.parts["leaves"].await_restarted(1, DEADLINE)
        with pytest.raises(PartFailed):
            system.raise_if_failed()


def test_part_that_is_never_ready_is_named(tmp_path: Path) -> None:
    mute = part("mute", "import signal; signal.sigwait([signal.SIGTERM])", seconds=0.3)
    with pytest.raises(PartFailed, match="mute was not ready within 0 s"), system_of(tmp_path, mute):
        pass


def test_what_a_killed_part_leaves_behind_is_killed_too(tmp_path: Path) -> None:
    child_file = tmp_path / "child"
    parent = f"""
        import pathlib, signal, subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import signal; signal.sigwait([signal.SIGTERM])"])
        pathlib.Path({str(child_file)!r}).write_text(str(child.pid))
        print('ready', flush=True)
        signal.sigwait([signal.SIGTERM])
    """
    with system_of(tmp_path / "run", part("parent", parent)) as system:
        child = int(child_file.read_text())
        system.kill("parent", signal.SIGKILL)
        system.parts["parent"].await_restarted(1, DEADLINE)
        assert is_zombie_or_gone(child)


def is_zombie_or_gone(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return not is_alive(pid)


def test_run_record_names_processes_and_states(tmp_path: Path) -> None:
    with system_of(tmp_path, part("one", WAITS)) as system:
        record = read_run(tmp_path)
        assert record is not None
        assert record.pid == os.getpid() == run_holder(tmp_path)
        assert [(each.name, each.state, each.pid) for each in record.parts] == [("one", "up", system.parts["one"].pid)]


def test_second_run_on_the_same_state_starts_nothing(tmp_path: Path) -> None:
    with system_of(tmp_path, part("one", WAITS)):
        second = system_of(tmp_path, part("two", WAITS))
        with pytest.raises(StateInUse, match=str(os.getpid())), second:
            pass
        assert second.parts["two"].pid is None


def test_interrupted_start_stops_what_was_started(tmp_path: Path) -> None:
    interrupted = Event()
    interrupted.set()
    with system_of(tmp_path, part("one", WAITS), interrupted=interrupted) as system:
        assert system.parts["one"].pid is None


def test_log_of_the_run_before_is_kept_once(tmp_path: Path) -> None:
    for _ in range(3):
        with system_of(tmp_path, part("one", WAITS)) as system:
            assert system.log_path("one").read_text() == "ready\n"
    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == ["one.log", "one.log.1"]
