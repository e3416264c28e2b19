"""`python -m market.compiled [--required]`: builds the compiled code beside its sources, if it is not there yet.

It needs Cython, Python's headers and a C compiler: that which this Python was built with, or LDSHARED (such as `clang
-shared`). Without one of them all runs in plain Python, slower and otherwise the same, unless --required is said.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import IO

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SUFFIX = str(sysconfig.get_config_var("EXT_SUFFIX"))
# From what it was built, or what was lacking to build it.
STAMP = HERE / f"built{SUFFIX}.stamp"
NAMES = tuple(sorted(path.stem for path in HERE.glob("*.pyx")))
# The sources keep to their arrays themselves: each look at one is at a place that was counted.
DIRECTIVES = ("boundscheck=False", "wraparound=False", "cdivision=True")
SHOWN_LINES = 15
# What a shell gives for a command that Ctrl-C ended.
INTERRUPTED = 130


class NotBuilt(Exception):
    """The text says why."""


def lacking() -> str:
    """What is missing to build with, as a sentence; empty: nothing."""
    if shutil.which(_compiler()[0]) is None:
        return f"no C compiler was found ({_compiler()[0]}): install gcc or clang"
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        return f"Python's headers are missing: on Debian and Ubuntu install python3.{sys.version_info.minor}-dev"
    return "" if find_spec("Cython") else "Cython is not installed"


def build(folder: Path) -> None:
    """Compile all modules into `folder`. Raises NotBuilt."""
    directives = [part for each in DIRECTIVES for part in ("-X", each)]
    sources = [str(HERE / f"{name}.pyx") for name in NAMES]
    _call(sys.executable, "-m", "cython", "-3", *directives, "-o", str(folder), *sources)
    flags = ["-O2", "-DNDEBUG", "-fPIC", "-I", sysconfig.get_path("include")]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # Asked for one by one, so that what one raises is raised here.
        for _ in pool.map(
            lambda name: _call(*_compiler(), *flags, str(folder / f"{name}.c"), "-o", str(folder / f"{name}{SUFFIX}")),
            NAMES,
        ):
            pass


def _compiler() -> list[str]:
    """The command that makes a shared library: that which this Python was built with, or LDSHARED."""
    return shlex.split(os.environ.get("LDSHARED") or str(sysconfig.get_config_var("LDSHARED") or "cc -shared"))


def _call(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-SHOWN_LINES:])
        raise NotBuilt(f"{shlex.join(command)} failed:\n{last}")


def _digest() -> str:
    """Of the sources and what they are built with."""
    cython = version("cython") if find_spec("Cython") else ""
    digest = hashlib.sha256(repr((sys.version, cython, _compiler(), lacking())).encode())
    for path in sorted((*HERE.glob("*.pyx"), *HERE.glob("*.pxd"), Path(__file__))):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def make() -> str:
    """Build what is not built yet. Returns why there is nothing built; empty: there is."""
    try:
        # Of two that are started at once, the second waits here and then finds all done.
        with _lockable(Path(__file__)) as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            return _make(_digest())
    except (NotBuilt, OSError) as error:
        # Another try may go well: nothing is noted down.
        return _said(str(error))


def _lockable(file: Path) -> IO[bytes]:
    """NFS locks only a file that is open for writing; one that may not be written can be locked elsewhere."""
    try:
        return file.open("r+b")
    except PermissionError:
        return file.open("rb")


def _make(digest: str) -> str:
    libraries = [HERE / f"{name}{SUFFIX}" for name in NAMES]
    noted, _, why = STAMP.read_text(encoding="utf-8").partition("\n") if STAMP.exists() else ("", "", "")
    if noted == digest and (why or all(library.exists() for library in libraries)):
        return why
    # What was built from other sources must not be found any more.
    for old in (STAMP, *HERE.glob(f"*{SUFFIX}")):
        old.unlink(missing_ok=True)
    why = lacking()
    if why:
        _said(why)
    else:
        print("Compiling what is done for every level of a book (some seconds, once) …", flush=True)
        with tempfile.TemporaryDirectory(dir=HERE) as scratch:
            build(Path(scratch))
            for library in libraries:
                (Path(scratch) / library.name).replace(library)
    STAMP.write_text(f"{digest}\n{why}", encoding="utf-8")
    return why


def _said(why: str) -> str:
    print(f"Books are kept in plain Python, slower and otherwise the same: {why}.", flush=True)
    return why


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m market.compiled", description=__doc__)
    parser.add_argument("--required", action="store_true", help="fail where it cannot be built")
    required = parser.parse_args().required
    try:
        why = make()
    except KeyboardInterrupt:
        print("Interrupted; the next make goes on from here.", file=sys.stderr)
        return INTERRUPTED
    if why and required:
        print(f"It is required, and not built: {why}.", file=sys.stderr)
    return 1 if why and required else 0


if __name__ == "__main__":
    sys.exit(main())
