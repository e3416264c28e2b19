"""The virtual environment: made once, repaired when it is broken, and clear about what it lacks."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import environment
from local.environment import SetUpFailed, is_ready, make_ready, python_in


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """An environment with nothing but pip, and its lock."""
    folder = tmp_path_factory.mktemp("environment")
    lock = folder / "run.lock"
    lock.write_text("# nothing\n", encoding="utf-8")
    make_ready(folder / "venv", lock)
    yield folder / "venv", lock
    shutil.rmtree(folder / "venv")


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)


def test_it_is_ready_and_a_second_time_does_nothing(made: tuple[Path, Path], capfd: pytest.CaptureFixture[str]) -> None:
    venv, lock = made
    assert is_ready(venv, lock)
    make_ready(venv, lock)
    assert capfd.readouterr().out == ""
    answer = subprocess.run([python_in(venv), "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True)
    assert answer.stdout.strip() == str(venv)


def test_new_lock_is_installed_and_the_old_stamp_goes(made: tuple[Path, Path], tmp_path: Path) -> None:
    venv, lock = made
    newer = tmp_path / "run.lock"
    newer.write_text("# nothing, but otherwise\n", encoding="utf-8")
    assert not is_ready(venv, newer)
    make_ready(venv, newer)
    assert is_ready(venv, newer)
    assert not is_ready(venv, lock)
    make_ready(venv, lock)


def test_set_up_that_was_interrupted_is_begun_again(made: tuple[Path, Path]) -> None:
    venv, lock = made
    (venv / "run.lock.installed").unlink()
    python_in(venv).unlink()
    make_ready(venv, lock)
    assert is_ready(venv, lock)
    assert subprocess.run([python_in(venv), "-m", "pip", "--version"], capture_output=True).returncode == 0


@pytest.mark.parametrize("change", ["place", "python"])
def test_environment_of_another_place_or_python_is_made_anew(
    change: str, made: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv, lock = made
    copy = tmp_path / "venv"
    shutil.copytree(venv, copy, symlinks=True)
    if change == "python":
        stamp = copy / "run.lock.installed"
        first, _, _ = stamp.read_text(encoding="utf-8").split()
        stamp.write_text(f"{first}\n{copy}\n3.1\n", encoding="utf-8")
    assert not is_ready(copy, lock)
    left = []

    def make(environment: Path) -> None:
        left.append(environment.exists())
        environment.mkdir()

    monkeypatch.setattr(environment, "_make", make)
    monkeypatch.setattr(environment, "_install", lambda *_: None)
    make_ready(copy, lock)
    assert left == [False]


def test_environment_is_ready_behind_a_link_to_it(made: tuple[Path, Path], tmp_path: Path) -> None:
    venv, lock = made
    (tmp_path / "link").symlink_to(venv)
    assert is_ready(tmp_path / "link", lock)


@pytest.mark.usefixtures("no_network")
def test_stamp_of_a_hash_alone_is_renewed_without_making_anything_anew(
    made: tuple[Path, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    venv, lock = made
    stamp = venv / "run.lock.installed"
    whole = stamp.read_text(encoding="utf-8")
    stamp.write_text(whole.partition("\n")[0], encoding="utf-8")
    make_ready(venv, lock)
    assert "Making" not in capfd.readouterr().out
    assert stamp.read_text(encoding="utf-8") == whole


@pytest.mark.usefixtures("no_network")
def test_failing_pip_shows_its_last_words_and_leaves_no_stamp(made: tuple[Path, Path], tmp_path: Path) -> None:
    venv, lock = made
    wrong = tmp_path / "run.lock"
    wrong.write_text(f"no-such-package-of-ours==1.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    with pytest.raises(SetUpFailed) as caught:
        make_ready(venv, wrong)
    assert "needs the network" in str(caught.value)
    assert "no-such-package-of-ours" in str(caught.value)
    assert not is_ready(venv, wrong)
    make_ready(venv, lock)


def test_it_runs_with_the_standard_library_alone_and_parses_on_an_old_python() -> None:
    text = Path(environment.__file__).read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 8))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
    answer = subprocess.run(
        [sys.executable, "-I", "-S", environment.__file__, "--help"], capture_output=True, text=True, check=True
    )
    assert "--dev" in answer.stdout


def test_interrupted_set_up_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(environment, "make_ready", interrupted)
    monkeypatch.setattr(sys, "argv", ["local.environment"])
    monkeypatch.chdir(environment.ROOT)
    assert environment.main() == 130
    assert capsys.readouterr().err == "Interrupted; the next make goes on from here.\n"


def test_missing_venv_package_is_named_for_the_python_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_pip(*_: object, **__: object) -> None:
        raise subprocess.CalledProcessError(1, "ensurepip")

    lock = tmp_path / "run.lock"
    lock.touch()
    monkeypatch.setattr("venv.create", without_pip)
    with pytest.raises(SetUpFailed, match=rf"install python3\.{sys.version_info.minor}-venv"):
        make_ready(tmp_path / "venv", lock)


def test_lock_is_taken_on_a_file_that_is_open_for_writing_as_nfs_wants_it(
    made: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    venv, lock = made
    modes = []
    monkeypatch.setattr("fcntl.flock", lambda file, _: modes.append(file.mode))
    (venv / "run.lock.installed").unlink()
    make_ready(venv, lock)
    assert modes == ["rb+"]
