"""What is looked at before anything starts: all that is missing is told at once, each in a sentence with what to do."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.ports import is_free


@dataclass(frozen=True)
class Needs:
    """What a run takes: bytes of disk when files must be fetched first, and later; bytes of memory."""

    first_disk: int
    later_disk: int
    memory: int


STREAM = Needs(first_disk=1_000_000_000, later_disk=300_000_000, memory=2_500_000_000)
ALL = Needs(first_disk=2_000_000_000, later_disk=600_000_000, memory=4_000_000_000)


@dataclass(frozen=True)
class Machine:
    """What was found: free disk for the state and for what is fetched, memory (None: not known), ports in use."""

    disk_bytes: int
    cache_disk_bytes: int
    memory_bytes: int | None
    taken_ports: Mapping[str, int]


def look(folder: Path, cache: Path, ports: Mapping[str, int]) -> Machine:
    """Looks at this machine. `ports` are those that a run takes, by the variable that sets each."""
    taken = {name: port for name, port in ports.items() if not is_free(port)}
    return Machine(_free(folder), _free(cache), _available_memory(), taken)


def problems(machine: Machine, needs: Needs, *, to_fetch: int) -> tuple[str, ...]:
    """What keeps a run from starting, a sentence each; empty when nothing does. `to_fetch`: bytes of missing files."""
    found = []
    needed = needs.first_disk if to_fetch else needs.later_disk
    if machine.disk_bytes < needed:
        found.append(
            f"The disk has {machine.disk_bytes / 1e6:.0f} MB left and {needed / 1e6:.0f} MB are needed: make room, "
            "or set STATE_DIR to a folder on another disk."
        )
    if machine.cache_disk_bytes < to_fetch:
        found.append(
            f"The disk of the servers' files has {machine.cache_disk_bytes / 1e6:.0f} MB left and "
            f"{to_fetch / 1e6:.0f} MB are to be fetched: make room, or set RTC_CACHE to a folder on another disk."
        )
    if machine.memory_bytes is not None and machine.memory_bytes < needs.memory:
        found.append(
            f"{machine.memory_bytes / 1e9:.1f} GB of memory can be had and {needs.memory / 1e9:.1f} GB are needed: "
            f"close what you do not need, then start again{_LESS if needs == ALL else '.'}"
        )
    for name, port in machine.taken_ports.items():
        found.append(f"Port {port} is in use: stop what listens there, or set {name} to another port.")
    return tuple(found)


_LESS = ", or set DEMO_PARTS=stream for a run up to the ratio, without the bot and Elasticsearch."


def _free(folder: Path) -> int:
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _available_memory() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        # macOS has no such file; what it calls free says little, so only the total counts there.
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    sizes = {name: value.split()[0] for name, _, value in (line.partition(":") for line in lines)}
    return int(sizes["MemAvailable"]) * 1024 if "MemAvailable" in sizes else None
