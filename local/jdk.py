"""Finds a JDK of version 21 or newer: one will run Kafka, Spark and Elasticsearch. The first `java` may be older."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.errors import NoJdk

OLDEST = 21
_USUAL = (
    "/usr/lib/jvm/*",
    "/usr/java/*",
    "/opt/java/*",
    "/opt/jdk*",
    "~/.sdkman/candidates/java/*",
    "~/.jdks/*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "~/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "/opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
    "/usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
)
# Spark and Elasticsearch need these; a bare runtime image lacks them.
_NEEDED = ("jdk.incubator.vector", "jdk.jlink")


@dataclass(frozen=True)
class Jdk:
    """A JDK: its home folder and its feature version, such as 25."""

    home: Path
    version: int

    @property
    def java(self) -> str:
        """The `java` command."""
        return str(self.home / "bin" / "java")


def find_jdk(environ: Mapping[str, str], usual: tuple[str, ...] = _USUAL) -> Jdk:
    """The JDK to use: that of JAVA_HOME if it is new enough, else the first on PATH that is, else the newest found.

    Raises `NoJdk`, with what was found and what to do.
    """
    seen: dict[Path, int | None] = {}
    for home in (*_from_environment(environ), *_newest_first(_from_folders(environ, usual))):
        if home in seen:
            continue
        seen[home] = version = version_of(home)
        if version is not None and version >= OLDEST:
            return Jdk(home, version)
    found = ", ".join(f"{version} in {home}" for home, version in seen.items() if version)
    raise NoJdk(
        f"a JDK {OLDEST} or newer is needed, and "
        f"{f'only older ones were found ({found})' if found else 'none was found'}: "
        "install one (such as Temurin from Adoptium, or your system's openjdk package), or set JAVA_HOME to its folder."
    )


def version_of(home: Path) -> int | None:
    """The feature version of the JDK in a folder; None when there is none, or not a whole one."""
    if not (home / "bin" / "java").is_file():
        return None
    try:
        release = (home / "release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return _asked_version(home)
    named = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', release, re.MULTILINE)
    modules = re.search(r'^MODULES="(.*)"', release, re.MULTILINE)
    if named is None:
        return _asked_version(home)
    if modules and int(named[1]) >= OLDEST and not set(_NEEDED) <= set(modules[1].split()):
        return None
    return int(named[1])


def _asked_version(home: Path) -> int | None:
    try:
        answer = subprocess.run(
            [str(home / "bin" / "java"), "-version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    named = re.search(r'version "(?:1\.)?(\d+)', answer.stderr + answer.stdout)
    return int(named[1]) if named else None


def _from_environment(environ: Mapping[str, str]) -> Iterator[Path]:
    if environ.get("JAVA_HOME"):
        yield Path(environ["JAVA_HOME"])
    for folder in environ.get("PATH", "").split(os.pathsep):
        java = Path(folder) / "java"
        if folder and java.is_file():
            yield java.resolve().parent.parent


def _from_folders(environ: Mapping[str, str], usual: tuple[str, ...]) -> Iterator[Path]:
    user = environ.get("HOME") or str(Path.home())
    for pattern in usual:
        root, _, rest = pattern.replace("~", user, 1).partition("*")
        base = Path(root)
        if base.is_dir():
            yield from (path.resolve() for path in sorted(base.glob("*" + rest)))
        elif base.parent.is_dir():
            yield from (path.resolve() for path in sorted(base.parent.glob(base.name + "*" + rest)))


def _newest_first(homes: Iterator[Path]) -> list[Path]:
    return sorted(homes, key=lambda home: version_of(home) or 0, reverse=True)
