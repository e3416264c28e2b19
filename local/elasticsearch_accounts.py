"""Who may do what in the local Elasticsearch: three users of its file realm, each with a random password.

`admin` provisions, `indexer` writes, `reader` looks. The built-in superuser is switched off.
"""

import hashlib
import os
import secrets
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

ADMIN, INDEXER, READER = USERS = ("admin", "indexer", "reader")
_ROUNDS = 10_000

# The indexer can add, replace and count documents and put the templates they stand behind; it can delete nothing.
ROLES = """\
crypto_indexer:
  cluster: [monitor, manage_index_templates]
  indices:
    - names: ["crypto-*"]
      privileges: [create_index, create_doc, index, read, view_index_metadata, maintenance]
crypto_reader:
  cluster: [monitor]
  indices:
    - names: ["crypto-*"]
      privileges: [read, view_index_metadata, monitor]
"""
USERS_ROLES = f"superuser:{ADMIN}\ncrypto_indexer:{INDEXER}\ncrypto_reader:{READER}\n"


def password_file(folder: Path, user: str) -> Path:
    """The file that holds a user's password; only its owner can read it."""
    return folder / f"{user}.password"


def passwords(folder: Path) -> Mapping[str, str]:
    """Each user's password: read from its file, or made up and written there."""
    return {user: _password(password_file(folder, user)) for user in USERS}


def users_file(secrets_by_user: Mapping[str, str]) -> str:
    """The file realm's `users`: names with hashes that Elasticsearch understands (PBKDF2 with HMAC-SHA-512)."""
    return "".join(f"{name}:{_hashed(password)}\n" for name, password in secrets_by_user.items())


def _password(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        made = secrets.token_urlsafe(24)
    unfinished = file.with_name(f"{file.name}.{os.getpid()}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as written:
        written.write(made)
    unfinished.replace(file)
    return made


def _hashed(password: str) -> str:
    salt = secrets.token_bytes(32)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS, dklen=32)
    return f"{{PBKDF2}}{_ROUNDS}${b64encode(salt).decode()}${b64encode(digest).decode()}"
