"""The secrets of a run in containers: made once, kept on a volume of their own, and handed to each reader alone.

`all` keeps one file a secret; no service mounts it. From these, each reader's folder gets what it needs, in the form
that it can read, and nothing else. Every folder is a volume; all files belong to the user that all services run as.
"""

from pathlib import Path

from compose.kibana_config import KibanaSecrets, kibana_config
from local.elasticsearch_accounts import (
    ADMIN,
    INDEXER,
    KIBANA_SETUP,
    READER,
    ROLES,
    USERS_ROLES,
    VIEWER,
    kept_secret,
    password_file,
    passwords,
    service_token,
    service_tokens_file,
    users_file,
    write_secret,
)

ALL = "all"
PASSWORD = "password"


def make_secrets(root: Path) -> list[str]:
    """Makes what is missing and writes every reader's files anew. Returns the names of the secrets that were made."""
    kept = root / ALL
    before = {path.name for path in kept.iterdir()}
    logins = passwords(kept)
    token = kept_secret(kept / "kibana-token.secret")
    kibana = KibanaSecrets(
        token=service_token(token),
        viewer=VIEWER,
        viewer_password=logins[VIEWER],
        saved_objects_key=kept_secret(kept / "kibana-saved-objects.key"),
        session_key=kept_secret(kept / "kibana-session.key"),
        reporting_key=kept_secret(kept / "kibana-reporting.key"),
    )
    realm = root / "elasticsearch" / "config"
    realm.mkdir(mode=0o700, exist_ok=True)
    write_secret(realm / "roles.yml", ROLES)
    write_secret(realm / "users", users_file(logins))
    write_secret(realm / "users_roles", USERS_ROLES)
    write_secret(realm / "service_tokens", service_tokens_file(token))
    # The health check's login, so that no password stands in a command line.
    write_secret(realm.parent / "netrc", f"machine localhost login {READER} password {logins[READER]}\n")
    write_secret(root / "kibana" / "kibana.yml", kibana_config(kibana))
    for reader, user in (("kibana-setup", KIBANA_SETUP), ("indexer", INDEXER), ("reader", READER)):
        write_secret(root / reader / PASSWORD, logins[user])
    return sorted({path.name for path in kept.iterdir()} - before)


def admin_login(root: Path) -> tuple[str, str] | None:
    """The name and password of Elasticsearch's and Kibana's administrator; None before they were made."""
    try:
        return ADMIN, password_file(root / ALL, ADMIN).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
