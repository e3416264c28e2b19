"""The real Elasticsearch: who may do what, and as whom it runs."""

import os
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest
from elasticsearch import AuthenticationException, AuthorizationException, Elasticsearch, NotFoundError

from local.as_user import OtherUser
from local.elasticsearch import ElasticsearchNode, ElasticsearchServer
from local.elasticsearch_accounts import (
    ADMIN,
    INDEXER,
    KIBANA_SETUP,
    READER,
    USERS,
    VIEWER,
    password_file,
    service_token,
)
from local.elasticsearch_place import forget_place, run_place, unpacked
from local.errors import ArtifactError, NotReadyYet
from local.jdk import Jdk

SOMEBODY = OtherUser(65534, 65534)


def client(server: ElasticsearchServer, user: str) -> Elasticsearch:
    return Elasticsearch(server.url, basic_auth=server.login(user), request_timeout=60)


def test_indexer_writes_and_counts_but_deletes_nothing(elasticsearch: ElasticsearchServer) -> None:
    with client(elasticsearch, INDEXER) as indexer:
        indexer.index(index="crypto-written", id="1", document={"a": 1}, refresh=True)
        assert indexer.count(index="crypto-written")["count"] == 1
        with pytest.raises(AuthorizationException):
            indexer.delete(index="crypto-written", id="1")
        with pytest.raises(AuthorizationException):
            indexer.indices.delete(index="crypto-written")
        with pytest.raises(AuthorizationException):
            indexer.index(index="elsewhere", document={"a": 1})


def test_reader_reads_but_writes_nothing(elasticsearch: ElasticsearchServer) -> None:
    with client(elasticsearch, INDEXER) as indexer, client(elasticsearch, READER) as reader:
        indexer.index(index="crypto-read", id="1", document={"a": 1}, refresh=True)
        assert reader.get(index="crypto-read", id="1")["_source"] == {"a": 1}
        with pytest.raises(AuthorizationException):
            reader.index(index="crypto-read", id="2", document={"a": 2})


def test_index_of_another_name_never_comes_into_being_by_a_write(elasticsearch: ElasticsearchServer) -> None:
    with client(elasticsearch, ADMIN) as admin, pytest.raises(NotFoundError, match="auto_create_index"):
        admin.index(index="typo", document={"a": 1})


def test_nobody_gets_in_without_a_password_or_as_the_built_in_superuser(elasticsearch: ElasticsearchServer) -> None:
    for login in (None, ("elastic", "changeme"), (INDEXER, "wrong")):
        with (
            Elasticsearch(elasticsearch.url, basic_auth=login) as stranger,
            pytest.raises(AuthenticationException),
        ):
            stranger.cluster.health()


def test_kibana_gets_in_by_its_service_token_and_no_other(elasticsearch: ElasticsearchServer) -> None:
    with Elasticsearch(elasticsearch.url, bearer_auth=elasticsearch.node.kibana_token) as kibana:
        assert kibana.security.authenticate()["username"] == "elastic/kibana"
    forged = service_token("a" * 43)
    with Elasticsearch(elasticsearch.url, bearer_auth=forged) as stranger, pytest.raises(AuthenticationException):
        stranger.security.authenticate()


def test_viewer_reads_and_changes_nothing(elasticsearch: ElasticsearchServer) -> None:
    with client(elasticsearch, INDEXER) as indexer, client(elasticsearch, VIEWER) as viewer:
        indexer.index(index="crypto-viewed", id="1", document={"a": 1}, refresh=True)
        assert viewer.get(index="crypto-viewed", id="1")["_source"] == {"a": 1}
        with pytest.raises(AuthorizationException):
            viewer.index(index="crypto-viewed", id="2", document={"a": 2})
        with pytest.raises(AuthorizationException):
            viewer.cluster.put_settings(persistent={"action.auto_create_index": "true"})
        may = viewer.security.has_privileges(
            application=[{"application": "kibana-.kibana", "privileges": ["read", "all"], "resources": ["*"]}]
        )
        assert may["application"]["kibana-.kibana"]["*"] == {"read": True, "all": False}


def test_the_user_that_imports_dashboards_is_kibanas_administrator_and_reads_no_data(
    elasticsearch: ElasticsearchServer,
) -> None:
    with client(elasticsearch, KIBANA_SETUP) as setup:
        assert setup.security.authenticate()["roles"] == ["kibana_admin"]
        with pytest.raises(AuthorizationException):
            setup.search(index="crypto-*")


def test_passwords_differ_and_only_their_owner_can_read_them(elasticsearch: ElasticsearchServer) -> None:
    files = [password_file(elasticsearch.node.folder, user) for user in USERS]
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert len({file.read_text(encoding="utf-8") for file in files}) == len(USERS)


def test_its_process_is_not_roots(elasticsearch: ElasticsearchServer) -> None:
    listed = subprocess.run(["ps", "-ewwo", "uid=,args="], capture_output=True, text=True, check=True).stdout
    of_ours = [line.split(maxsplit=1) for line in listed.splitlines() if elasticsearch.node.env["ES_TMPDIR"] in line]
    owners = {int(uid) for uid, command in of_ours if "java" in command}
    assert owners == {elasticsearch.node.user.uid if elasticsearch.node.user else os.geteuid()}


def test_not_answering_when_nothing_listens(tmp_path: Path, jdk: Jdk) -> None:
    node = ElasticsearchNode(tmp_path / "es", tmp_path / "none.zip", jdk, 1, 2, user=None)
    assert not node.answers()


def test_folder_with_a_blank_in_its_name_is_not_taken_for_two_options(tmp_path: Path, jdk: Jdk) -> None:
    plain, blank = (
        ElasticsearchNode(tmp_path / name, tmp_path / "none.zip", jdk, 1, 2, user=None) for name in ("es", "two words")
    )
    assert plain.env["CLI_JAVA_OPTS"] == f"-Djava.io.tmpdir={plain.env['ES_TMPDIR']}"
    assert "CLI_JAVA_OPTS" not in blank.env


def test_jdk_that_its_user_cannot_reach_is_named(tmp_path: Path) -> None:
    home = tmp_path / "jdk"
    home.mkdir(mode=0o700)
    node = ElasticsearchNode(tmp_path / "es", tmp_path / "none.zip", Jdk(home, 25), 1, 2, user=SOMEBODY)
    with pytest.raises(NotReadyYet, match=f"JDK in {home} cannot be reached"):
        node.prepare()


def test_place_is_in_the_runs_folder_when_its_user_can_go_there(tmp_path: Path) -> None:
    assert run_place(tmp_path / "es", None, tmp_path / "shared") == tmp_path / "es" / "node"
    assert not (tmp_path / "shared").exists()


def test_place_is_outside_a_closed_folder_stays_the_same_and_goes_with_it(tmp_path: Path) -> None:
    closed, shared = tmp_path / "closed", tmp_path / "shared"
    closed.mkdir(mode=0o700)
    place = run_place(closed / "es", SOMEBODY, shared)
    (place / "kept").touch()
    assert place.parent == shared
    assert run_place(closed / "es", SOMEBODY, shared) == place
    assert (place / "kept").exists()
    forget_place(closed / "es")
    assert not place.exists()
    assert list(closed.joinpath("es").iterdir()) == []


def test_place_of_a_run_whose_folder_has_gone_is_removed_at_the_next_start(tmp_path: Path) -> None:
    closed, shared = tmp_path / "closed", tmp_path / "shared"
    closed.mkdir(mode=0o700)
    left_over = run_place(closed / "one", SOMEBODY, shared)
    (left_over / "data").touch()
    closed.joinpath("one", "node").unlink()
    kept = run_place(closed / "two", SOMEBODY, shared)
    assert not left_over.exists()
    again = run_place(closed / "one", SOMEBODY, shared)
    assert list(again.iterdir()) == []
    assert kept.exists()


def test_unpacked_files_can_be_read_and_run_by_anyone(tmp_path: Path) -> None:
    archive = tmp_path / "server-1.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for name, mode in (("server-1/bin/run", 0o100750), ("server-1/config/jvm.options", 0o100600)):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            packed.writestr(entry, "text")
    home = unpacked(archive, None)
    assert home == tmp_path / "server-1"
    assert stat.S_IMODE((home / "bin" / "run").stat().st_mode) == 0o755
    assert stat.S_IMODE((home / "config" / "jvm.options").stat().st_mode) == 0o644
    assert unpacked(archive, None) == home


def test_broken_archive_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    archive = tmp_path / "server-1.zip"
    archive.write_bytes(b"not a zip")
    with pytest.raises(ArtifactError, match=r"server-1\.zip could not be unpacked"):
        unpacked(archive, None)
    assert not (tmp_path / "server-1").exists()
