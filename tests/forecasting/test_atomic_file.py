"""Whole or not at all."""

from pathlib import Path
from typing import IO

import pytest

from forecasting.atomic_file import write_text, write_whole


def test_text_is_written_and_the_folder_made(tmp_path: Path) -> None:
    write_text(tmp_path / "new" / "file", "½\n")
    assert (tmp_path / "new" / "file").read_bytes() == "½\n".encode()


def test_writing_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def fails(file: IO[bytes]) -> None:
        file.write(b"half of the n")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, fails)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
