"""The key of the simulated account: as it was set, or made once and kept in two files for their owner alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from simulator.errors import WrongAccount
from simulator.signatures import ApiKey

KEY_FILE = "api-key"
SECRET_FILE = "api-secret"


def kept_key(folder: Path) -> ApiKey:
    """The key in these two files, which are made when they are not there. Raises WrongAccount."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return ApiKey(
            _kept(folder / KEY_FILE, f"account-{secrets.token_hex(10)}"),
            _kept(folder / SECRET_FILE, secrets.token_hex(24)),
        )
    except OSError as error:
        raise WrongAccount(f"the key in {folder} can be neither read nor made: {error.strerror or error}") from error


def _kept(path: Path, fresh: str) -> str:
    """What the file holds, which is `fresh` if it was not there."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        text = path.read_text(encoding="ascii", errors="replace").strip()
        if len(text.split()) != 1:
            raise WrongAccount(f"{path}: expected one word and nothing else; remove it to have it made anew") from None
        return text
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(fresh + "\n")
    return fresh
