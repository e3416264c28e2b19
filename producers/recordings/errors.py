"""What can be wrong with a recording, named for what the caller does about it."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import WrongSettings


class WrongRecording(WrongSettings):
    """The file cannot be read as what it should be: give another one, or other options."""

    def __init__(self, path: Path, problem: str, line: int | None = None) -> None:
        where = f"{path}" if line is None else f"{path}, line {line}"
        super().__init__(f"{where}: {problem}")
