"""The file by which a container's health check sees that a part works."""

from pathlib import Path

from pipeline.alive import SignOfLife


def test_file_is_touched_at_most_once_a_second(tmp_path: Path) -> None:
    file, now = tmp_path / "alive", [100.0]
    alive = SignOfLife(file, lambda: now[0])
    assert not file.exists()
    alive.give()
    assert file.exists()
    file.unlink()
    now[0] += 0.9
    alive.give()
    assert not file.exists()
    now[0] += 0.1
    alive.give()
    assert file.exists()


def test_without_a_file_nothing_happens() -> None:
    SignOfLife(None).give()
