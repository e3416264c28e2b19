"""`python -m market.compiled`: builds once, again when something is gone, and says why it could not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from market.compiled import __main__ as compiling
from market.compiled.__main__ import NAMES, lacking
from market.levels import ARE_COMPILED

ROOT = Path(__file__).parent.parent.parent
# Puts something where the library is wanted (after -o), or fails as a compiler does.
WORKING = '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\necho made > "$2"\n'
FAILING = "#!/bin/sh\necho 'ladders.c:7: error: no such thing' >&2\nexit 1\n"


class Copy:
    """The sources in a folder of their own, with a compiler that is only a script."""

    def __init__(self, folder: Path, compiler: str | None) -> None:
        self.compiled = folder / "market" / "compiled"
        self.compiler = folder / "cc"
        shutil.copytree(ROOT / "market", folder / "market", ignore=shutil.ignore_patterns("*.so", "*.stamp", "tmp*"))
        if compiler is not None:
            self.install(compiler)

    def install(self, compiler: str) -> None:
        self.compiler.write_text(compiler, encoding="utf-8")
        self.compiler.chmod(0o755)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "market.compiled", *arguments],
            cwd=self.compiled.parent.parent,
            env=os.environ | {"LDSHARED": f"{self.compiler} -shared"},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def built(self) -> set[str]:
        return {path.name.partition(".")[0] for path in self.compiled.glob("*.so")}


def test_it_is_compiled_wherever_it_can_be() -> None:
    # The tests of the compiled code are skipped without it: that must not hide a build that failed.
    assert (not lacking()) == ARE_COMPILED


def test_it_is_built_once_and_again_when_a_library_is_gone(tmp_path: Path) -> None:
    copy = Copy(tmp_path, WORKING)
    first = copy.run("--required")
    assert (first.returncode, first.stderr) == (0, "")
    assert "some seconds, once" in first.stdout
    assert copy.built == set(NAMES)
    assert copy.run("--required").stdout == ""
    next(copy.compiled.glob("ladders*.so")).unlink()
    # It fails now: what the compiler says is quoted, and nothing of before is left that might not fit the sources.
    copy.install(FAILING)
    failed = copy.run()
    assert failed.returncode == 0
    assert "error: no such thing" in failed.stdout
    assert copy.built == set()
    assert [path.name for path in copy.compiled.glob("tmp*")] == []
    # Each time anew, since it may go well the next time.
    again = copy.run("--required")
    assert again.returncode == 1
    assert "error: no such thing" in again.stderr


def test_without_a_compiler_it_says_so_once_and_is_no_failure_unless_it_is_required(tmp_path: Path) -> None:
    copy = Copy(tmp_path, None)
    first = copy.run()
    assert first.returncode == 0
    assert "no C compiler was found" in first.stdout
    assert "plain Python" in first.stdout
    assert copy.run().stdout == ""
    required = copy.run("--required")
    assert required.returncode == 1
    assert "no C compiler was found" in required.stderr


def test_two_that_begin_at_once_build_one_after_the_other(tmp_path: Path) -> None:
    copy = Copy(tmp_path, WORKING)
    with ThreadPoolExecutor(2) as pool:
        both = [done.result() for done in [pool.submit(copy.run, "--required") for _ in range(2)]]
    assert [(done.returncode, done.stderr) for done in both] == [(0, ""), (0, "")]
    assert sorted("some seconds, once" in done.stdout for done in both) == [False, True]
    assert copy.built == set(NAMES)


def test_interrupted_build_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(compiling, "make", interrupted)
    monkeypatch.setattr(sys, "argv", ["market.compiled"])
    assert compiling.main() == 130
    assert capsys.readouterr().err == "Interrupted; the next make goes on from here.\n"


def test_missing_headers_are_named_for_the_python_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LDSHARED", sys.executable)
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    assert lacking().endswith(f"install python3.{sys.version_info.minor}-dev")


def test_lock_is_taken_on_a_file_that_is_open_for_writing_as_nfs_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    modes = []
    monkeypatch.setattr("fcntl.flock", lambda file, _: modes.append(file.mode))
    monkeypatch.setattr(compiling, "_make", lambda _: "")
    assert compiling.make() == ""
    assert modes == ["rb+"]
