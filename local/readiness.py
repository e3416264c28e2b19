"""Makes sure that a run can start here: the JDK, room, memory, free ports, the servers' files."""

import sys
from collections.abc import Mapping

from rich.console import Console

from local.artifacts import ELASTICSEARCH, STREAMING, ArtifactCache, cache_dir
from local.errors import NoJdk, NotReadyYet
from local.jdk import Jdk, find_jdk
from local.part_plans import Tools
from local.preflight import ALL, STREAM, look, problems
from local.run_errors import StateInUse
from local.run_record import run_holder
from local.settings import LocalSettings


def ready_tools(settings: LocalSettings, environ: Mapping[str, str], console: Console) -> Tools:
    """What a run needs of this machine, downloaded if it was missing.

    Raises `StateInUse`, `NotReadyYet` naming all that keeps a run from starting, or `ArtifactError`.
    """
    if settings.is_replay and settings.demo_file is not None and not settings.demo_file.is_file():
        raise NotReadyYet(f"There is no file {settings.demo_file}: say which recording to play by FILE=…")
    holder = run_holder(settings.run_dir)
    if holder is not None:
        raise StateInUse(f"a run is already going on (process {holder}): make status shows it, Ctrl-C there ends it")
    return fetched_tools(settings, environ, console, settings.ports)


def fetched_tools(
    settings: LocalSettings, environ: Mapping[str, str], console: Console, ports: Mapping[str, int]
) -> Tools:
    """As `ready_tools`, for these ports only and whether or not a run is going on: what a set-up needs."""
    cache = ArtifactCache(cache_dir(environ))
    sets, needs = ((*STREAMING, ELASTICSEARCH), ALL) if settings.runs_all else (STREAMING, STREAM)
    to_fetch = sum(artifact.size for artifact in cache.missing(*sets))
    found = list(problems(look(settings.run_dir, cache.folder, ports), needs, to_fetch=to_fetch))
    try:
        jdk = find_jdk(environ)
    except NoJdk as error:
        raise NotReadyYet("\n".join([str(error), *found])) from None
    if found:
        raise NotReadyYet("\n".join(found))
    cache.fetch(*sets, console=console)
    return tools_of(cache, jdk)


def tools_of(cache: ArtifactCache, jdk: Jdk) -> Tools:
    """The tools of this interpreter, with the servers' files as they lie in the cache."""
    (elasticsearch,) = cache.files(ELASTICSEARCH)
    return Tools(sys.executable, jdk, cache.files("kafka"), cache.folder / "spark", elasticsearch)
