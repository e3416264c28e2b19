"""The virtual environment: `python3 -m local.environment [--dev]` makes it, once, from a lock file with hashes.

It runs under the system's Python with nothing but the standard library. A stamp holds the lock's hash, so that a second
run takes no time and no network, and a set-up that was interrupted is begun again. It also holds where the environment
is and which Python it has: its commands work in that place only, and its packages with that Python.
"""

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
OLDEST = (3, 11)
# What a shell gives for a command that Ctrl-C ended.
INTERRUPTED = 130
_SHOWN_LINES = 12


class SetUpFailed(Exception):
    """The environment could not be made; the text says why and what to do."""


def python_in(environment: Path) -> Path:
    """The environment's interpreter."""
    return environment / "bin" / "python"


def is_ready(environment: Path, lock: Path) -> bool:
    """Whether the environment holds what the lock lists: its stamp says so."""
    stamp = environment / f"{lock.name}.installed"
    return (
        python_in(environment).exists()
        and stamp.exists()
        and stamp.read_text(encoding="utf-8") == _stamp(environment, lock)
    )


def make_ready(environment: Path, lock: Path) -> None:
    """Makes the environment and installs what the lock lists, with hashes. Raises `SetUpFailed`."""
    if is_ready(environment, lock):
        return
    # NFS locks only a file that is open for writing.
    with lock.open("r+b") as held:
        # Of two commands that are started at once, the second waits here and then finds all done.
        fcntl.flock(held, fcntl.LOCK_EX)
        if not is_ready(environment, lock):
            _set_up(environment, lock)


def compile_levels(environment: Path) -> None:
    """Builds the compiled code where that is possible; says so where it is not. Raises `SetUpFailed`."""
    done = subprocess.run([str(python_in(environment)), "-m", "market.compiled"], cwd=str(ROOT), check=False)
    if done.returncode:
        raise SetUpFailed(f"compiling failed (see above): {done.returncode}")


def _set_up(environment: Path, lock: Path) -> None:
    environment = environment.resolve()
    if _was_made_otherwise(environment) or not _is_whole(environment):
        shutil.rmtree(environment, ignore_errors=True)
        print(f"Making the virtual environment {environment.name} …", flush=True)
        _make(environment)
    for stamp in environment.glob("*.installed"):
        stamp.unlink()
    print(f"Installing the pinned packages of {lock.name} (a minute or two, once) …", flush=True)
    _install(environment, lock)
    (environment / f"{lock.name}.installed").write_text(_stamp(environment, lock), encoding="utf-8")
    if lock.name == "dev.lock":
        # What is for development holds all that is for running.
        run_lock = lock.with_name("run.lock")
        (environment / f"{run_lock.name}.installed").write_text(_stamp(environment, run_lock), encoding="utf-8")


def _make(environment: Path) -> None:
    try:
        venv.create(environment, with_pip=True, symlinks=True)
    except (OSError, subprocess.CalledProcessError) as error:
        shutil.rmtree(environment, ignore_errors=True)
        raise SetUpFailed(
            f"the virtual environment could not be made ({error}): on Debian and Ubuntu install "
            f"python3.{sys.version_info.minor}-venv, then repeat."
        ) from error


def _is_whole(environment: Path) -> bool:
    try:
        answer = subprocess.run(
            [str(python_in(environment)), "-m", "pip", "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return False
    return answer.returncode == 0


def _install(environment: Path, lock: Path) -> None:
    command = [str(python_in(environment)), "-m", "pip", "install", "--require-hashes", "-r", str(lock)]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar", "on" if sys.stdout.isatty() else "off"]
    if not sys.stdout.isatty():
        command.append("--quiet")
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        last = "\n".join(f"  {line}" for line in done.stderr.strip().splitlines()[-_SHOWN_LINES:])
        raise SetUpFailed(
            "pip could not install the packages (its last words are below). The first set-up needs the network and "
            f"about 2 GB of disk; when both are there, repeat the command: it goes on where it stopped.\n{last}"
        )


def _stamp(environment: Path, lock: Path) -> str:
    return f"{hashlib.sha256(lock.read_bytes()).hexdigest()}\n{_place_and_python(environment)}"


def _was_made_otherwise(environment: Path) -> bool:
    """Whether a stamp names another place or another Python. The first stamps held a hash alone: they say nothing."""
    said = {stamp.read_text(encoding="utf-8").partition("\n")[2] for stamp in environment.glob("*.installed")}
    return not said <= {"", _place_and_python(environment)}


def _place_and_python(environment: Path) -> str:
    # The environment's own interpreter is asked: it is a link, and becomes another when the system's Python is renewed.
    version = "import sys; print(*sys.version_info[:2], sep='.')"
    try:
        answer = subprocess.run(
            [str(python_in(environment)), "-I", "-S", "-c", version],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=False,
        ).stdout
    except OSError:
        answer = ""
    return f"{environment.resolve()}\n{answer.strip()}\n"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python3 -m local.environment", description="Makes .venv, if it is not ready."
    )
    parser.add_argument("--dev", action="store_true", help="with what checking and testing need")
    dev = parser.parse_args().dev
    if sys.version_info < OLDEST:
        found = ".".join(str(number) for number in sys.version_info[:3])
        print(
            f"Python 3.11 or newer is needed, and this is {found}: install one, or say make PYTHON=/path/to/python3.11."
        )
        return 1
    os.chdir(ROOT)
    try:
        make_ready(ENVIRONMENT, ROOT / "requirements" / ("dev.lock" if dev else "run.lock"))
        compile_levels(ENVIRONMENT)
    except SetUpFailed as error:
        print(f"Set-up stopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the next make goes on from here.", file=sys.stderr)
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
