"""Forgets a source's runs: removes their folder when no run holds it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from local.elasticsearch_place import forget_place
from local.run_errors import NotOurFolder
from local.run_record import LOCK_FILE, run_lock


@dataclass(frozen=True)
class Removed:
    """What was removed: the folder, and how many files and bytes it held."""

    folder: Path
    files: int
    size: int


def forget(run_dir: Path) -> Removed | None:
    """Removes the run's folder and says what it held; None when there is none.

    Raises `StateInUse` while a run holds it, and `NotOurFolder` for a folder that no run of ours has made.
    """
    if not run_dir.exists():
        return None
    if run_dir.is_symlink() or not (run_dir / LOCK_FILE).is_file():
        raise NotOurFolder(f"{run_dir} was not made by a demo; nothing was removed. Look at DEMO_SOURCE and STATE_DIR")
    with run_lock(run_dir):
        # Started by root, Elasticsearch may keep its files elsewhere, behind a link.
        forget_place(run_dir / "elasticsearch")
        files = [path for path in run_dir.rglob("*") if path.is_file() and not path.is_symlink()]
        removed = Removed(run_dir, len(files), sum(path.stat().st_size for path in files))
        shutil.rmtree(run_dir)
    return removed


def removed_text(removed: Removed | None, run_dir: Path) -> str:
    """One sentence on what was removed."""
    if removed is None:
        return f"Nothing to forget: there is no {run_dir}."
    return f"Removed {removed.folder}: {removed.files} files, {removed.size / 1_000_000:.1f} MB."
