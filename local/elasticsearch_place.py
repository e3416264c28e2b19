"""Where Elasticsearch's files lie: its program, unpacked once, and the folder of a run.

Started by root it runs as another user, who may not be able to enter our folders: a home folder is often closed to all
others. What it needs then lies in one open folder of the system, and the run's folder holds a link to it.
"""

import fcntl
import hashlib
import os
import shutil
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from local.as_user import OtherUser
from local.errors import ArtifactError, NotReadyYet

SHARED = Path("/var/lib/real-time-crypto")
_READABLE, _RUNNABLE = 0o644, 0o755


def unpacked(archive: Path, user: OtherUser | None, shared: Path = SHARED) -> Path:
    """The folder of the unpacked program, beside the archive if `user` can go there. Raises `ArtifactError`."""
    beside = archive.parent if _is_open(archive.parent, user) else _made_shared(shared)
    home = beside / archive.stem
    if home.is_dir():
        return home
    with _only_one(beside / "unpacking.lock"):
        if not home.is_dir():
            _unpack(archive, home)
    return home


def run_place(folder: Path, user: OtherUser | None, shared: Path = SHARED) -> Path:
    """The folder that a run's server owns: `folder`/node, or what the link of that name leads to."""
    folder.mkdir(parents=True, exist_ok=True)
    node = folder.resolve() / "node"
    if not node.is_dir():
        node.unlink(missing_ok=True)
        if _is_open(folder, user):
            node.mkdir()
        else:
            _link_outside(node, _made_shared(shared))
    return node.resolve()


def forget_place(folder: Path) -> None:
    """Removes what a run stored outside its folder; what is inside goes with the folder."""
    node = folder / "node"
    if node.is_symlink():
        place = node.resolve()
        shutil.rmtree(place, ignore_errors=True)
        _owner_file(place).unlink(missing_ok=True)
        node.unlink()


def give(folder: Path, user: OtherUser | None) -> None:
    """Makes the user the owner of a folder and all that is in it."""
    if user is None:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.uid, user.gid, follow_symlinks=False)


def _is_open(folder: Path, user: OtherUser | None) -> bool:
    return user is None or user.can_enter(folder)


def _made_shared(shared: Path) -> Path:
    try:
        shared.mkdir(parents=True, exist_ok=True, mode=0o755)
        shared.chmod(0o755)
        found = shared.lstat()
    except OSError as error:
        raise NotReadyYet(
            f"Elasticsearch does not run as root, and the folder {shared}, where another user could reach its files, "
            f"cannot be made ({error.strerror}): start this as an ordinary user."
        ) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise NotReadyYet(f"{shared} is not a folder of this user: move it away, then start again.")
    return shared


def _link_outside(node: Path, shared: Path) -> None:
    with _only_one(shared / "runs.lock"):
        _sweep(shared)
        place = shared / f"run-{hashlib.sha256(str(node).encode()).hexdigest()[:16]}"
        place.mkdir()
        _owner_file(place).write_text(str(node), encoding="utf-8")
        node.symlink_to(place, target_is_directory=True)


def _sweep(shared: Path) -> None:
    """Removes what was left by runs whose folders have gone, or have lost their link."""
    for place in shared.glob("run-*/"):
        owner = _owner_file(place)
        if not owner.exists() or Path(owner.read_text(encoding="utf-8")).resolve() != place.resolve():
            shutil.rmtree(place, ignore_errors=True)
            owner.unlink(missing_ok=True)


def _owner_file(place: Path) -> Path:
    return place.with_name(f"{place.name}.owner")


def _unpack(archive: Path, home: Path) -> None:
    with TemporaryDirectory(dir=home.parent, prefix="unpacking-") as folder:
        try:
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(folder)
                runnable = {entry.filename for entry in packed.infolist() if entry.external_attr >> 16 & stat.S_IXUSR}
        except (OSError, zipfile.BadZipFile) as error:
            raise ArtifactError(f"{archive} could not be unpacked ({error}): remove it, then start again.") from error
        for path in Path(folder).rglob("*"):
            # Python's zipfile drops the modes; whoever the server runs as must be able to read all of it.
            can_run = path.is_dir() or path.relative_to(folder).as_posix() in runnable
            path.chmod(_RUNNABLE if can_run else _READABLE)
        (Path(folder) / home.name / "plugins").mkdir(mode=_RUNNABLE, exist_ok=True)
        (Path(folder) / home.name).replace(home)


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
