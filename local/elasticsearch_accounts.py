"""Who may do what in Elasticsearch: users of its file realm, each with a random password, and Kibana's service token.

`admin` provisions, `indexer` writes, `reader` counts, `kibana-setup` imports dashboards, `viewer` looks at them. The
built-in superuser is switched off. Compose and the local run have the same accounts.
"""

import hashlib
import os
import secrets
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

ADMIN, INDEXER, READER, KIBANA_SETUP, VIEWER = USERS = ("admin", "indexer", "reader", "kibana-setup", "viewer")
_ROUNDS = 10_000
# What Kibana itself logs in as: Elastic's own service account, with a token of this name.
_SERVICE, _TOKEN_NAME = "elastic/kibana", "real-time-crypto"
_TOKEN_VERSION = b"\x00\x01\x00\x01"

# The indexer can add, replace and count documents and put the templates they stand behind; it can delete nothing.
# Whoever looks at the dashboards can read, in Kibana and below it, and change nothing in either.
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
crypto_viewer:
  indices:
    - names: ["crypto-*"]
      privileges: [read, view_index_metadata]
  applications:
    - application: "kibana-.kibana"
      privileges: [read]
      resources: ["*"]
"""
USERS_ROLES = f"""\
superuser:{ADMIN}
crypto_indexer:{INDEXER}
crypto_reader:{READER}
kibana_admin:{KIBANA_SETUP}
crypto_viewer:{VIEWER}
"""


def password_file(folder: Path, user: str) -> Path:
    """The file that holds a user's password; only its owner can read it."""
    return folder / f"{user}.password"


def passwords(folder: Path) -> Mapping[str, str]:
    """Each user's password: read from its file, or made up and written there."""
    return {user: kept_secret(password_file(folder, user)) for user in USERS}


def users_file(secrets_by_user: Mapping[str, str]) -> str:
    """The file realm's `users`: names with hashes that Elasticsearch understands (PBKDF2 with HMAC-SHA-512)."""
    return "".join(f"{name}:{_hashed(password)}\n" for name, password in secrets_by_user.items())


def service_tokens_file(secret: str) -> str:
    """The file `service_tokens`, which lets in whoever holds the token of this secret as Kibana."""
    return f"{_SERVICE}/{_TOKEN_NAME}:{_hashed(secret)}\n"


def service_token(secret: str) -> str:
    """The bearer token that Kibana sends: which account, which token, and the secret."""
    return b64encode(_TOKEN_VERSION + f"{_SERVICE}/{_TOKEN_NAME}:{secret}".encode()).decode()


def kept_secret(file: Path) -> str:
    """What the file holds; a random text is made up and written there when it does not exist."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        made = secrets.token_urlsafe(32)
    write_secret(file, made)
    return made


def write_secret(file: Path, text: str) -> None:
    """Writes a file that only its owner can read, in one step. Elasticsearch takes secrets of no other mode."""
    unfinished = file.with_name(f"{file.name}.{os.getpid()}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as written:
        written.write(text)
    unfinished.replace(file)


def _hashed(password: str) -> str:
    salt = secrets.token_bytes(32)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS, dklen=32)
    return f"{{PBKDF2}}{_ROUNDS}${b64encode(salt).decode()}${b64encode(digest).decode()}"
