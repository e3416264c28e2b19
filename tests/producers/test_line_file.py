"""A file that only whole lines are added to."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.errors import GaveUp, WrongSettings
from producers.line_file import LineFile

OTHERS = b"dear diary"


def is_ours(torn: bytes) -> bool:
    return torn.startswith(b"line")


@contextmanager
def largest_file(length: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (length, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_lines_are_added_to_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    for text in (b"line 1", b"line 2"):
        with LineFile(path, is_ours) as file:
            file.add(text)
            assert path.read_bytes().endswith(text + b"\n"), "not there before the file is closed"
    assert path.read_bytes() == b"line 1\nline 2\n"


@pytest.mark.parametrize("length", [1, 6, 5_000])
def test_half_a_line_that_was_left_is_cut_off(tmp_path: Path, length: int) -> None:
    path = tmp_path / "out.txt"
    torn = (b"line" * 2_000)[: length + 4]
    path.write_bytes(b"line 1\n" + torn)
    with LineFile(path, is_ours) as file:
        assert file.cut_off == len(torn)
        file.add(b"line 2")
    assert path.read_bytes() == b"line 1\nline 2\n"


@pytest.mark.parametrize("before", [b"", b"line 1\n"])
def test_what_is_not_ours_is_not_touched(tmp_path: Path, before: bytes) -> None:
    path = tmp_path / "diary.txt"
    path.write_bytes(before + OTHERS)
    with pytest.raises(WrongSettings, match=r"diary\.txt ends in the middle of a line"):
        LineFile(path, is_ours)
    assert path.read_bytes() == before + OTHERS


def test_file_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongSettings, match=r"nowhere/out\.txt cannot be written: No such file"):
        LineFile(tmp_path / "nowhere" / "out.txt", is_ours)
    with pytest.raises(WrongSettings, match="Is a directory"):
        LineFile(tmp_path, is_ours)


def test_full_disk_leaves_only_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    with LineFile(path, is_ours) as file, largest_file(20):
        file.add(b"line 1")
        with pytest.raises(GaveUp, match=r"out\.txt cannot be written any more"):
            file.add(b"line 2 is too long for it")
        assert path.read_bytes() == b"line 1\n"
