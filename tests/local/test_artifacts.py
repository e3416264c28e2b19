"""The servers' files: what the lock names is fetched once, checked, and noticed when it is broken."""

import hashlib
import io
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pytest
from rich.console import Console

from local.artifacts import LOCK_FILE, STREAMING, Artifact, ArtifactCache, cache_dir, read_lock, with_jgo
from local.errors import ArtifactError

CONTENT = {"one": b"the first file", "two": b"another"}


def lock_of(content: Mapping[str, bytes]) -> str:
    return "".join(
        f"kafka org.example:{name}:jar:1.0 {len(data)} {hashlib.sha256(data).hexdigest()}\n"
        for name, data in content.items()
    )


@dataclass
class Repository:
    """Stands for the network: holds files by name, and counts what is asked of it."""

    content: dict[str, bytes] = field(default_factory=lambda: dict(CONTENT))
    asked: list[str] = field(default_factory=list)

    def download(self, artifact: Artifact, folder: Path) -> Path:
        self.asked.append(artifact.name)
        if artifact.name not in self.content:
            raise ArtifactError(f"{artifact.coordinates} could not be downloaded: no network")
        file = folder / artifact.file_name
        file.write_bytes(self.content[artifact.name])
        return file


def cache_on(folder: Path, repository: Repository) -> ArtifactCache:
    return ArtifactCache(folder, lock_of(CONTENT), repository.download)


def test_lock_lists_what_the_servers_need() -> None:
    artifacts = read_lock(LOCK_FILE.read_text(encoding="utf-8"))
    sets = {name: [artifact for artifact in artifacts if artifact.used_by == name] for name in ("kafka", "spark")}
    assert len(sets["kafka"]) == 46
    assert {artifact.name for artifact in sets["spark"]} == {
        "commons-pool2",
        "kafka-clients",
        "spark-sql-kafka-0-10_2.13",
        "spark-token-provider-kafka-0-10_2.13",
    }
    assert [artifact.file_name for artifact in artifacts if artifact.used_by == "elasticsearch"] == [
        "elasticsearch-9.5.0.zip"
    ]
    assert {artifact.version for artifact in sets["kafka"] if artifact.group == "org.apache.kafka"} == {"4.3.1"}
    assert all(len(artifact.sha256) == 64 for artifact in artifacts)


def test_no_two_files_of_a_set_share_a_name() -> None:
    artifacts = read_lock(LOCK_FILE.read_text(encoding="utf-8"))
    assert len({(artifact.used_by, artifact.file_name) for artifact in artifacts}) == len(artifacts)


@pytest.mark.parametrize(
    "line", ["kafka org.example:one:jar:1.0 12", "kafka org.example:one:1.0 12 ab", "kafka a:b:jar:1 twelve ab"]
)
def test_wrong_line_of_the_lock_is_named(line: str) -> None:
    with pytest.raises(ArtifactError, match="line 2: expected"):
        read_lock(f"# files\n{line}\n")


def test_what_is_missing_is_fetched_and_then_never_asked_for_again(tmp_path: Path) -> None:
    repository = Repository()
    cache_on(tmp_path, repository).fetch("kafka")
    assert sorted(repository.asked) == ["one", "two"]
    again = cache_on(tmp_path, repository)
    again.fetch("kafka")
    assert sorted(repository.asked) == ["one", "two"]
    assert [file.read_bytes() for file in again.files("kafka")] == list(CONTENT.values())


def test_file_cut_short_is_fetched_again(tmp_path: Path) -> None:
    repository = Repository()
    cache = cache_on(tmp_path, repository)
    cache.fetch("kafka")
    cache.files("kafka")[0].write_bytes(b"the")
    cache.fetch("kafka")
    assert cache.files("kafka")[0].read_bytes() == CONTENT["one"]
    assert sorted(repository.asked) == ["one", "one", "two"]


def test_wrong_checksum_names_the_artifact_and_both_sums_and_keeps_nothing(tmp_path: Path) -> None:
    forged = b"THE FIRST FILE"
    cache = cache_on(tmp_path, Repository({**CONTENT, "one": forged}))
    with pytest.raises(ArtifactError) as caught:
        cache.fetch("kafka")
    text = str(caught.value)
    assert "org.example:one:1.0" in text
    assert hashlib.sha256(CONTENT["one"]).hexdigest() in text
    assert hashlib.sha256(forged).hexdigest() in text
    assert not cache.files("kafka")[0].exists()
    assert list(tmp_path.glob("fetching-*")) == []


def test_what_was_fetched_before_the_network_went_is_kept(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"org\.example:two:1\.0 could not be downloaded"):
        cache_on(tmp_path, Repository({"one": CONTENT["one"]})).fetch("kafka")
    repository = Repository()
    cache = cache_on(tmp_path, repository)
    cache.fetch("kafka")
    assert "two" in repository.asked
    assert [file.read_bytes() for file in cache.files("kafka")] == list(CONTENT.values())


def test_two_at_once_fetch_each_file_once(tmp_path: Path) -> None:
    repository = Repository()
    both = [Thread(target=cache_on(tmp_path, repository).fetch, args=("kafka",)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(60)
    assert sorted(repository.asked) == ["one", "two"]


def test_interrupted_fetch_leaves_what_waits_its_turn(tmp_path: Path) -> None:
    content = {f"file-{number}": b"data" for number in range(40)}
    asked: list[str] = []

    def download(artifact: Artifact, folder: Path) -> Path:
        asked.append(artifact.name)
        if artifact.name == "file-0":
            raise KeyboardInterrupt
        time.sleep(0.05)
        file = folder / artifact.file_name
        file.write_bytes(content[artifact.name])
        return file

    with pytest.raises(KeyboardInterrupt):
        ArtifactCache(tmp_path, lock_of(content), download).fetch("kafka")
    assert len(asked) < len(content)
    assert list(tmp_path.glob("fetching-*")) == []


def test_left_over_of_an_interrupted_download_is_removed(tmp_path: Path) -> None:
    (tmp_path / "fetching-abc").mkdir()
    cache_on(tmp_path, Repository()).fetch("kafka")
    assert list(tmp_path.glob("fetching-*")) == []


def test_progress_is_one_plain_line_without_a_terminal(tmp_path: Path) -> None:
    said = io.StringIO()
    cache_on(tmp_path, Repository()).fetch("kafka", console=Console(file=said))
    assert said.getvalue().startswith("Fetching 2 artifacts")
    assert "\x1b" not in said.getvalue()


def test_sets_that_were_not_asked_for_are_not_fetched(tmp_path: Path) -> None:
    repository = Repository()
    cache_on(tmp_path, repository).fetch("spark")
    assert repository.asked == []
    assert set(STREAMING) == {"kafka", "spark"}


def test_cache_is_where_the_user_says_else_in_the_home_folder() -> None:
    assert cache_dir({"RTC_CACHE": "/somewhere", "HOME": "/home/a"}) == Path("/somewhere")
    assert cache_dir({"XDG_CACHE_HOME": "/cache", "HOME": "/home/a"}) == Path("/cache/real-time-crypto")
    assert cache_dir({"HOME": "/home/a"}) == Path("/home/a/.cache/real-time-crypto")


def test_no_network_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A proxy on a port where nothing listens stands for a network that is away.
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(ArtifactError, match=r"cannot be reached from here\. The first start needs the network"):
        with_jgo(Artifact("kafka", "org.example", "one", "jar", "1.0", 1, "00"), tmp_path)
