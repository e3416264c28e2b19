"""Forgetting a run."""

from pathlib import Path

import pytest

from local.demo_reset import forget, removed_text
from local.run_errors import NotOurFolder, StateInUse
from local.run_record import run_lock


def test_state_of_a_run_is_removed_and_told(tmp_path: Path) -> None:
    run_dir = tmp_path / "simulator"
    with run_lock(run_dir):
        (run_dir / "logs").mkdir()
        (run_dir / "logs" / "kafka.log").write_bytes(b"x" * 2_000_000)
    removed = forget(run_dir)
    assert not run_dir.exists()
    assert removed is not None
    assert removed_text(removed, run_dir) == f"Removed {run_dir}: 2 files, 2.0 MB."


def test_what_elasticsearch_keeps_outside_is_removed_too(tmp_path: Path) -> None:
    run_dir, outside = tmp_path / "simulator", tmp_path / "outside" / "run-1"
    outside.mkdir(parents=True)
    (outside / "data").touch()
    with run_lock(run_dir):
        (run_dir / "elasticsearch").mkdir()
        (run_dir / "elasticsearch" / "node").symlink_to(outside, target_is_directory=True)
    forget(run_dir)
    assert not run_dir.exists()
    assert list(outside.parent.iterdir()) == []


def test_nothing_to_forget_is_said(tmp_path: Path) -> None:
    run_dir = tmp_path / "simulator"
    assert removed_text(forget(run_dir), run_dir) == f"Nothing to forget: there is no {run_dir}."


def test_state_of_a_running_demo_stays(tmp_path: Path) -> None:
    with run_lock(tmp_path), pytest.raises(StateInUse):
        forget(tmp_path)
    assert tmp_path.exists()


def test_folder_that_is_not_ours_stays(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("dear")
    with pytest.raises(NotOurFolder):
        forget(tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_link_to_another_folder_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    with run_lock(target):
        pass
    link = tmp_path / "simulator"
    link.symlink_to(target)
    with pytest.raises(NotOurFolder):
        forget(link)
    assert target.exists()
