"""The secrets of a run in containers: made once, for their readers alone."""

import json
import re
import stat
from pathlib import Path

import pytest

from compose.kibana_config import KibanaSecrets, kibana_config
from compose.secret_files import admin_login, make_secrets
from local.elasticsearch_accounts import USERS, password_file

READERS = ("all", "elasticsearch", "indexer", "kibana", "kibana-setup", "reader")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folders that the volumes are."""
    for name in READERS:
        (tmp_path / name).mkdir()
    return tmp_path


def contents(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in root.rglob("*") if path.is_file()}


def kibana_settings(root: Path) -> dict[str, object]:
    lines = (root / "kibana" / "kibana.yml").read_text(encoding="utf-8").splitlines()
    return {name: json.loads(value) for name, _, value in (line.partition(": ") for line in lines)}


def test_all_are_made_once_and_stay(root: Path) -> None:
    made = make_secrets(root)
    assert {f"{user}.password" for user in USERS} <= set(made)
    before = contents(root)
    assert make_secrets(root) == []
    # The hashes have new salts; no secret has changed.
    hashed = {"elasticsearch/config/users", "elasticsearch/config/service_tokens"}
    after = contents(root)
    assert {name for name in before if before[name] != after[name]} <= hashed
    assert before.keys() == after.keys()


def test_a_secret_that_was_removed_is_made_anew_for_its_readers(root: Path) -> None:
    make_secrets(root)
    old = (root / "indexer" / "password").read_text(encoding="utf-8")
    password_file(root / "all", "indexer").unlink()
    assert make_secrets(root) == ["indexer.password"]
    new = (root / "indexer" / "password").read_text(encoding="utf-8")
    assert new != old
    assert new == password_file(root / "all", "indexer").read_text(encoding="utf-8")


def test_only_their_owner_can_read_them(root: Path) -> None:
    make_secrets(root)
    assert {stat.S_IMODE(path.stat().st_mode) for path in root.rglob("*") if path.is_file()} == {0o600}


def test_no_reader_gets_what_is_anothers(root: Path) -> None:
    make_secrets(root)
    kept = {path.name: path.read_text(encoding="utf-8") for path in (root / "all").iterdir()}
    seen = {
        reader: {name for name, secret in kept.items() for text in contents(root / reader).values() if secret in text}
        for reader in READERS[1:]
    }
    keys = {"kibana-saved-objects.key", "kibana-session.key", "kibana-reporting.key"}
    assert seen == {
        "elasticsearch": {"reader.password"},
        "indexer": {"indexer.password"},
        # The token holds its secret in base64.
        "kibana": {"viewer.password", *keys},
        "kibana-setup": {"kibana-setup.password"},
        "reader": {"reader.password"},
    }


def test_secrets_are_long_and_differ(root: Path) -> None:
    make_secrets(root)
    kept = [path.read_text(encoding="utf-8") for path in (root / "all").iterdir()]
    assert len(set(kept)) == len(kept)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", secret) for secret in kept)


def test_kibana_lets_anyone_look_and_asks_for_a_login_for_more(root: Path) -> None:
    make_secrets(root)
    settings = kibana_settings(root)
    providers = settings["xpack.security.authc.providers"]
    assert isinstance(providers, dict)
    (anonymous,), (basic,) = providers["anonymous"].values(), providers["basic"].values()
    assert anonymous["order"] < basic["order"]
    assert anonymous["credentials"]["username"] == "viewer"
    assert settings["xpack.security.authc.selector.enabled"] is False


def test_secrets_of_kibana_do_not_show_when_printed() -> None:
    secrets = KibanaSecrets("t0ken", "viewer", "passw0rd", "a", "b", "c")
    assert "t0ken" not in repr(secrets)
    assert "t0ken" in kibana_config(secrets)


def test_administrators_login_is_known_once_it_was_made(root: Path) -> None:
    assert admin_login(root) is None
    make_secrets(root)
    assert admin_login(root) == ("admin", password_file(root / "all", "admin").read_text(encoding="utf-8"))
