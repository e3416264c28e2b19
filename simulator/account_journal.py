"""The account on disk: a line for each record, safe there before anybody is told of it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from simulator.account import AccountRecord
from simulator.errors import AccountUnwritable, WrongAccount

_decoder: msgspec.json.Decoder[AccountRecord] = msgspec.json.Decoder(AccountRecord)
_encode = msgspec.json.Encoder().encode


class AccountJournal:
    """An append-only file that one process has for itself. A context manager."""

    def __init__(self, path: Path) -> None:
        """Opens the file, or makes it. Raises WrongAccount: it cannot be read, or another simulator has it."""
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "ab+", buffering=0)
        except OSError as error:
            raise WrongAccount(f"the account {path} cannot be opened: {error.strerror or error}") from error
        try:
            self.records = self._read()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, record: AccountRecord) -> None:
        """Writes a record and waits until the disk has it. Raises AccountUnwritable; then it is not in the file."""
        line = _encode(record) + b"\n"
        try:
            if self._file.write(line) != len(line):
                raise OSError("it was written in part only")
            os.fsync(self._file.fileno())
        except OSError as error:
            os.ftruncate(self._file.fileno(), self._size)
            raise AccountUnwritable(f"the account {self._path} cannot be written: {error.strerror or error}") from error
        self._size += len(line)

    def _read(self) -> tuple[AccountRecord, ...]:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise WrongAccount(f"another simulator has the account {self._path}: set another STATE_DIR") from error
        self._file.seek(0)
        whole, _, torn = self._file.read().rpartition(b"\n")
        # A line without an end was being written when the process died: nobody was told of it.
        self._size = len(whole) + 1 if whole else 0
        if torn:
            self._file.truncate(self._size)
        return tuple(self._record(number, line) for number, line in enumerate(whole.splitlines(), start=1))

    def _record(self, number: int, line: bytes) -> AccountRecord:
        try:
            return _decoder.decode(line)
        except msgspec.MsgspecError as error:
            raise WrongAccount(f"line {number} of the account {self._path} cannot be read: {error}") from error
