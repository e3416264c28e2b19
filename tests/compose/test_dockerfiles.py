"""The Dockerfiles, by the rules of hadolint that matter here: each rule is shown to find what it is for."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DOCKERFILES = sorted(
    path for path in ROOT.rglob("*Dockerfile*") if not {".venv", "state", ".git"} & set(path.relative_to(ROOT).parts)
)


@dataclass(frozen=True)
class Instruction:
    """One instruction with its lines joined; `ignored` are the rules that the comment above it switches off."""

    name: str
    text: str
    ignored: frozenset[str] = frozenset()


def instructions(source: str) -> Iterator[Instruction]:
    """The instructions of a Dockerfile, comments left out."""
    ignored: frozenset[str] = frozenset()
    waiting = ""
    for line in source.splitlines():
        if found := re.match(r"#\s*hadolint ignore=([A-Z0-9,]+): \S", line):
            ignored = frozenset(found[1].split(","))
        if line.lstrip().startswith("#") or not line.strip():
            continue
        waiting += line.rstrip().removesuffix("\\") + (" " if line.rstrip().endswith("\\") else "")
        if not line.rstrip().endswith("\\"):
            name, _, text = waiting.strip().partition(" ")
            yield Instruction(name.upper(), " ".join(text.split()), ignored)
            waiting, ignored = "", frozenset()


def stages(source: str) -> list[list[Instruction]]:
    """The instructions of each stage, its FROM first."""
    found: list[list[Instruction]] = []
    for each in instructions(source):
        if each.name == "FROM":
            found.append([])
        if found:
            found[-1].append(each)
    return found


def unpinned_bases(source: str) -> Iterator[str]:
    """DL3006, DL3007: a base from outside has a tag, and not `latest`."""
    names: set[str] = set()
    for stage in stages(source):
        base, _, name = stage[0].text.partition(" AS ")
        tag = base.rpartition("/")[2].partition(":")[2]
        if base not in names and (not re.match(r"\d+\.\d+", tag) or "latest" in tag):
            yield base
        names.add(name)


def packages_left_unclean(source: str) -> Iterator[str]:
    """DL3009, DL3015: apt installs no recommendations and leaves no lists; DL3008 is switched off with a reason."""
    for each in instructions(source):
        if each.name == "RUN" and "apt-get install" in each.text:
            wanted = ("--no-install-recommends", "--yes", "rm -rf /var/lib/apt/lists/*")
            if not all(text in each.text for text in wanted) or "DL3008" not in each.ignored:
                yield each.text


def pip_without_hashes_or_with_a_cache(source: str) -> Iterator[str]:
    """DL3013, DL3042: every package is pinned by the lock and checked, and nothing is cached in a layer."""
    for each in instructions(source):
        if each.name == "RUN" and "pip install" in each.text:
            wanted = ("--require-hashes", "--no-cache-dir", "--no-deps", "--requirement")
            if not all(text in each.text for text in wanted):
                yield each.text


def root_at_the_end(source: str) -> Iterator[str]:
    """DL3002: the last user of every stage that something runs from (it has a CMD or ENTRYPOINT) is not root."""
    for stage in stages(source):
        users = [each.text for each in stage if each.name == "USER"]
        runs = any(each.name in ("CMD", "ENTRYPOINT") for each in stage)
        if runs and (not users or users[-1].split(":")[0] in ("root", "0")):
            yield stage[0].text


def shell_forms(source: str) -> Iterator[str]:
    """DL3025: commands are lists, so that signals reach the program; DL3020: files are copied, not added."""
    for each in instructions(source):
        if (each.name in ("CMD", "ENTRYPOINT") and not each.text.startswith("[")) or each.name in ("ADD", "MAINTAINER"):
            yield f"{each.name} {each.text}"


def downloads_and_secrets(source: str) -> Iterator[str]:
    """No address of a registry, nothing fetched past the lock files, no secret given to a build."""
    for each in instructions(source):
        if re.search(r"https?://|(?:^|& |; )(?:curl|wget) |(?i:password|secret|token)=", f"{each.name} {each.text}"):
            yield each.text


RULES: dict[Callable[[str], Iterator[str]], str] = {
    unpinned_bases: "FROM python:latest\nCMD []",
    packages_left_unclean: "FROM a:1.2\nRUN apt-get update && apt-get install --yes curl",
    pip_without_hashes_or_with_a_cache: "FROM a:1.2\nRUN pip install \\\n    requests",
    root_at_the_end: "FROM a:1.2 AS x\nUSER app\nFROM x\nUSER 0:0\nCMD []",
    shell_forms: "FROM a:1.2\nCMD python -m bot",
    downloads_and_secrets: "FROM a:1.2\nENV API_TOKEN=abc",
}


def name_of(rule: object) -> str:
    return getattr(rule, "__name__", str(rule))


def test_there_are_dockerfiles() -> None:
    assert ROOT / "docker" / "Dockerfile" in DOCKERFILES


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: str(path.relative_to(ROOT)))
@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_dockerfile_keeps_to(rule: Callable[[str], Iterator[str]], path: Path) -> None:
    assert list(rule(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(("rule", "wrong"), RULES.items(), ids=name_of)
def test_rule_finds_what_it_is_for(rule: Callable[[str], Iterator[str]], wrong: str) -> None:
    assert list(rule(wrong)) != []


def test_no_stage_that_runs_holds_the_installer() -> None:
    for stage in stages((ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")):
        if any(each.name == "CMD" for each in stage):
            assert not any("pip install" in each.text for each in stage), stage[0].text


def test_user_of_a_stage_that_runs_owns_our_code() -> None:
    # A clone made under umask 077 is readable for its owner alone, and copied files keep their modes.
    for stage in stages((ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")):
        code = [each.text for each in stage if each.name == "COPY" and "/app" in each.text.split()[-1]]
        if any(each.name == "CMD" for each in stage):
            assert code
            assert all("--chown=1000:1000" in text.split() for text in code), stage[0].text
