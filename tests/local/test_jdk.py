"""Finding a JDK: made-up folders with `release` files and `java` commands that answer as a real one would."""

from pathlib import Path

import pytest

from local.errors import NoJdk
from local.jdk import find_jdk, version_of

MODULES = "java.base jdk.incubator.vector jdk.jlink"


def jdk_in(home: Path, version: str, modules: str = MODULES) -> Path:
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").touch(mode=0o755)
    (home / "release").write_text(f'JAVA_VERSION="{version}"\nMODULES="{modules}"\n', encoding="utf-8")
    return home


def java_that_says(home: Path, text: str) -> Path:
    (home / "bin").mkdir(parents=True)
    java = home / "bin" / "java"
    java.write_text(f"#!/bin/sh\necho '{text}' >&2\n", encoding="utf-8")
    java.chmod(0o755)
    return home


def environ(tmp_path: Path, java_home: Path | None = None, *path: Path) -> dict[str, str]:
    said = {"HOME": str(tmp_path / "home"), "PATH": ":".join(str(home / "bin") for home in path)}
    return said | ({"JAVA_HOME": str(java_home)} if java_home else {})


def test_java_home_comes_first(tmp_path: Path) -> None:
    wanted, other = jdk_in(tmp_path / "wanted", "21.0.4"), jdk_in(tmp_path / "other", "25")
    found = find_jdk(environ(tmp_path, wanted, other), usual=())
    assert (found.home, found.version) == (wanted, 21)
    assert found.java == str(wanted / "bin" / "java")


def test_java_home_that_is_too_old_gives_way_to_path(tmp_path: Path) -> None:
    old, new = jdk_in(tmp_path / "old", "1.8.0_402"), jdk_in(tmp_path / "new", "23.0.1")
    assert find_jdk(environ(tmp_path, old, new), usual=()).home == new


def test_first_java_on_path_may_be_old_when_a_newer_one_stands_in_a_usual_folder(tmp_path: Path) -> None:
    old = jdk_in(tmp_path / "jvm" / "java-17", "17.0.15")
    jdk_in(tmp_path / "jvm" / "java-21", "21.0.2")
    newest = jdk_in(tmp_path / "jvm" / "temurin-25", "25.0.1")
    assert find_jdk(environ(tmp_path, None, old), usual=(f"{tmp_path}/jvm/*",)).home == newest


def test_second_java_on_path_is_looked_at_too(tmp_path: Path) -> None:
    old, new = jdk_in(tmp_path / "old", "17"), jdk_in(tmp_path / "new", "21")
    assert find_jdk(environ(tmp_path, None, old, new), usual=()).home == new


def test_link_to_java_leads_to_its_home(tmp_path: Path) -> None:
    home = jdk_in(tmp_path / "jvm" / "jdk-25", "25")
    links = tmp_path / "links" / "bin"
    links.mkdir(parents=True)
    (links / "java").symlink_to(home / "bin" / "java")
    assert find_jdk(environ(tmp_path, None, tmp_path / "links"), usual=()).home == home


@pytest.mark.parametrize(
    ("pattern", "folder"),
    [
        ("~/.sdkman/candidates/java/*", "home/.sdkman/candidates/java/25-tem"),
        ("~/.jdks/*", "home/.jdks/temurin-25"),
        ("{}/Library/Java/JavaVirtualMachines/*/Contents/Home", "Library/Java/JavaVirtualMachines/t.jdk/Contents/Home"),
        ("{}/opt/openjdk*/libexec/openjdk.jdk/Contents/Home", "opt/openjdk@25/libexec/openjdk.jdk/Contents/Home"),
    ],
)
def test_usual_folders_are_searched(tmp_path: Path, pattern: str, folder: str) -> None:
    home = jdk_in(tmp_path / folder, "25")
    assert find_jdk(environ(tmp_path), usual=(pattern.format(tmp_path),)).home == home


def test_only_older_ones_are_named_with_what_to_do(tmp_path: Path) -> None:
    old, older = jdk_in(tmp_path / "a", "17.0.15"), jdk_in(tmp_path / "b", "1.8.0")
    with pytest.raises(NoJdk) as caught:
        find_jdk(environ(tmp_path, old, older), usual=())
    text = str(caught.value)
    assert f"17 in {old}" in text
    assert f"8 in {older}" in text
    assert "JAVA_HOME" in text


def test_none_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoJdk, match="none was found"):
        find_jdk(environ(tmp_path), usual=())


def test_runtime_without_the_modules_that_servers_need_is_passed_over(tmp_path: Path) -> None:
    bare, whole = jdk_in(tmp_path / "bare", "25", "java.base java.logging"), jdk_in(tmp_path / "whole", "21")
    assert find_jdk(environ(tmp_path, bare, whole), usual=()).home == whole


def test_java_without_a_release_file_is_asked(tmp_path: Path) -> None:
    assert version_of(java_that_says(tmp_path / "a", 'openjdk version "24.0.1" 2025-04-15')) == 24
    assert version_of(java_that_says(tmp_path / "b", 'java version "1.8.0_402"')) == 8
    assert version_of(java_that_says(tmp_path / "c", "no java here")) is None


def test_folder_without_java_is_none(tmp_path: Path) -> None:
    assert version_of(tmp_path) is None
