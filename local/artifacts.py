"""The files that the servers consist of: what `artifacts.lock` names, checked by SHA-256, kept outside the clone.

On this machine nothing is resolved: PyPI's jgo downloads one named file after the other from Maven Central.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from local.errors import ArtifactError

LOCK_FILE = Path(__file__).with_name("artifacts.lock")
# What the stream needs; Elasticsearch's 130 MB come only when something runs it.
STREAMING = ("kafka", "spark")
ELASTICSEARCH = "elasticsearch"
_THREADS = 4
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Artifact:
    """One file: the set it belongs to, its Maven coordinates, its size in bytes and its SHA-256."""

    used_by: str
    group: str
    name: str
    packaging: str
    version: str
    size: int
    sha256: str

    @property
    def file_name(self) -> str:
        """Its name on disk."""
        return f"{self.name}-{self.version}.{self.packaging}"

    @property
    def coordinates(self) -> str:
        """As a person would look it up."""
        return f"{self.group}:{self.name}:{self.version}"


# Downloads an artifact into a folder of its own and returns the file; raises `ArtifactError`.
Download = Callable[[Artifact, Path], Path]


def read_lock(text: str) -> tuple[Artifact, ...]:
    """The artifacts of a lock file's text; raises `ArtifactError` naming the line that is wrong."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            used_by, coordinates, size, sha256 = line.split()
            group, name, packaging, version = coordinates.split(":")
            found.append(Artifact(used_by, group, name, packaging, version, int(size), sha256))
        except ValueError:
            raise ArtifactError(
                f"artifacts.lock, line {number}: expected 'set group:artifact:packaging:version bytes sha256', "
                f"got {line!r}"
            ) from None
    return tuple(found)


def cache_dir(environ: Mapping[str, str]) -> Path:
    """Where the artifacts are kept: `RTC_CACHE`, or real-time-crypto in the user's cache folder."""
    if environ.get("RTC_CACHE"):
        return Path(environ["RTC_CACHE"]).absolute()
    base = environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME") or Path.home()) / ".cache"
    return Path(base) / "real-time-crypto"


def with_jgo(artifact: Artifact, folder: Path) -> Path:
    """Downloads one file with jgo, which checks the repository's own checksum too."""
    import requests
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=folder, timeout=60)
    component = context.project(artifact.group, artifact.name).at_version(artifact.version)
    try:
        return Path(component.artifact(packaging=artifact.packaging).resolve())
    except (RuntimeError, OSError, requests.RequestException) as error:
        away = isinstance(error, requests.ConnectionError | requests.Timeout)
        raise ArtifactError(
            f"{artifact.coordinates} could not be downloaded from Maven Central: "
            f"{'it cannot be reached from here' if away else _first_line(error)}. "
            "The first start needs the network; what was fetched so far is kept, so start again when it is there."
        ) from error


class ArtifactCache:
    """The folder of fetched artifacts, one folder a set. Two processes may fetch at once: one waits for the other."""

    def __init__(self, folder: Path, lock_text: str | None = None, download: Download = with_jgo) -> None:
        self.folder = folder
        self._artifacts = read_lock(lock_text if lock_text is not None else LOCK_FILE.read_text(encoding="utf-8"))
        self._download = download

    def path(self, artifact: Artifact) -> Path:
        """Where an artifact lies when it is there."""
        return self.folder / artifact.used_by / artifact.file_name

    def files(self, used_by: str) -> tuple[Path, ...]:
        """The files of a set, in the order of the lock."""
        return tuple(self.path(artifact) for artifact in self._artifacts if artifact.used_by == used_by)

    def missing(self, *sets: str) -> tuple[Artifact, ...]:
        """What is not there, or not in its full size."""
        return tuple(a for a in self._artifacts if a.used_by in sets and not _is_whole(self.path(a), a.size))

    def fetch(self, *sets: str, console: Console | None = None) -> None:
        """Downloads what is missing, with a progress bar on a terminal. Raises `ArtifactError`.

        A file gets its name only after its SHA-256 was found right, so what has its name is whole.
        """
        if not self.missing(*sets):
            return
        with self._only_one():
            missing = self.missing(*sets)
            with _progress(console, missing) as advance, ThreadPoolExecutor(_THREADS) as pool:
                waiting = {pool.submit(self._fetch_one, artifact): artifact for artifact in missing}
                try:
                    for done in as_completed(waiting):
                        done.result()
                        advance(waiting[done].size)
                except BaseException:
                    # Also at Ctrl-C: only what is under way is waited for, and kept.
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise

    def _fetch_one(self, artifact: Artifact) -> None:
        target = self.path(artifact)
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self.folder, prefix="fetching-") as folder:
            file = self._download(artifact, Path(folder))
            found = _sha256(file)
            if found != artifact.sha256:
                raise ArtifactError(
                    f"{artifact.coordinates} is not what artifacts.lock names: expected SHA-256 {artifact.sha256}, "
                    f"got {found}. It was thrown away; start again, and if it happens again do not trust the network."
                )
            file.replace(target)

    @contextmanager
    def _only_one(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "fetching.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for left_over in self.folder.glob("fetching-*"):
                shutil.rmtree(left_over)
            yield


def _is_whole(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return text[0][:200] if text else type(error).__name__


@contextmanager
def _progress(console: Console | None, missing: tuple[Artifact, ...]) -> Iterator[Callable[[int], None]]:
    total = sum(artifact.size for artifact in missing)
    console = console or Console(stderr=True)
    what = f"Fetching {len(missing)} artifacts ({total / 1e6:.0f} MB)"
    if not console.is_terminal:
        console.print(f"{what}, kept for every later start …")
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(what, total=total)
        yield lambda size: bar.advance(task, size)


def from_environment() -> ArtifactCache:
    """The cache of this user."""
    return ArtifactCache(cache_dir(os.environ))
