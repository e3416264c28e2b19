"""The one-shot against a server that plays Kibana's API over a real socket."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from kibana import setup
from kibana.__main__ import main
from kibana.errors import KibanaAway, KibanaRefuses, WrongKibana
from kibana.kibana_api import KibanaApi
from kibana.saved_objects import Reference, SavedObject, ndjson
from kibana.settings import KibanaSettings
from kibana.setup import set_up
from pipeline.process import StopSignal
from pipeline.settings import load
from tests.kibana.opened import delivered
from tests.kibana_stand_in.server import Kibana, Server
from tests.untrusted_https import needs_openssl, untrusted_https

LOGIN = ("setter", "pass:word with spaces")
VIEW = SavedObject("index-pattern", "crypto-x", {"title": "crypto-x", "timeFieldName": "@timestamp"})


@contextmanager
def serving(kibana: Kibana) -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), kibana)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def kibana() -> Kibana:
    """A Kibana without a login and without objects."""
    return Kibana()


@pytest.fixture
def server(kibana: Kibana) -> Iterator[Server]:
    with serving(kibana) as running:
        yield running


def settings(url: str, **changes: object) -> KibanaSettings:
    given = {"KIBANA_URL": url, "KIBANA_WAIT_SECONDS": "20"} | {name.upper(): str(v) for name, v in changes.items()}
    return load(KibanaSettings, given)


def with_login(url: str, login: tuple[str, str] = LOGIN) -> KibanaSettings:
    return settings(url, kibana_username=login[0], kibana_password=login[1])


def imported(server: Server, *objects: SavedObject) -> None:
    with KibanaApi(server.url, None) as api:
        api.import_objects(ndjson(objects), len(objects))


# ---- all goes well


def test_all_objects_are_there_and_times_are_utc(kibana: Kibana, server: Server) -> None:
    set_up(settings(server.url), StopSignal())
    kinds = [kind for kind, _ in kibana.store]
    assert (kinds.count("index-pattern"), kinds.count("dashboard")) == (12, 2)
    assert kibana.settings["dateFormat:tz"] == "UTC"
    assert ("index-pattern", kibana.settings["defaultIndex"]) in kibana.store
    assert ("dashboard", kibana.settings["defaultRoute"].removeprefix("/app/dashboards#/view/")) in kibana.store


def test_a_second_time_changes_nothing(kibana: Kibana, server: Server) -> None:
    set_up(settings(server.url), StopSignal())
    first = json.dumps(sorted(kibana.store.items()))
    set_up(settings(server.url), StopSignal())
    assert json.dumps(sorted(kibana.store.items())) == first


def test_an_older_dashboard_of_ours_is_replaced(kibana: Kibana, server: Server) -> None:
    kibana.store["dashboard", "real-time-crypto-trading"] = {"attributes": {"title": "old"}}
    set_up(settings(server.url), StopSignal())
    assert kibana.store["dashboard", "real-time-crypto-trading"]["attributes"]["title"] != "old"


def test_base_path_is_kept(capfd: pytest.CaptureFixture[str]) -> None:
    with serving(Kibana()) as server, pytest.raises(WrongKibana, match="KIBANA_URL and its base path"):
        set_up(settings(f"{server.url}/not-here"), StopSignal())
    assert '"GET /not-here/api/status' in capfd.readouterr().err


# ---- login


@pytest.fixture
def guarded() -> Iterator[Server]:
    with serving(Kibana(login=LOGIN)) as running:
        yield running


def test_login_is_used(guarded: Server) -> None:
    set_up(with_login(guarded.url), StopSignal())
    assert len(guarded.kibana.store) == len(delivered())


def test_login_from_a_file_is_used(guarded: Server, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(LOGIN[1] + "\n")
    set_up(settings(guarded.url, kibana_username=LOGIN[0], kibana_password_file=file), StopSignal())
    assert len(guarded.kibana.store) == len(delivered())


@pytest.mark.parametrize("wrong", [None, (LOGIN[0], "not-the-password")])
def test_wrong_login_ends_at_once_and_is_not_shown(guarded: Server, wrong: tuple[str, str] | None) -> None:
    given = settings(guarded.url) if wrong is None else with_login(guarded.url, wrong)
    with pytest.raises(WrongKibana, match=r"HTTP 401.*look at KIBANA_USERNAME") as caught:
        set_up(given, StopSignal())
    assert "not-the-password" not in str(caught.value)
    assert guarded.kibana.store == {}


# ---- waiting


def test_a_kibana_that_is_starting_is_waited_for(kibana: Kibana, server: Server, capfd: Any) -> None:
    kibana.available_from = time.monotonic() + 1.2
    set_up(settings(server.url), StopSignal())
    assert len(kibana.store) == len(delivered())
    told = [line for line in capfd.readouterr().err.splitlines() if "waiting for Kibana" in line]
    # Said once, however often it was asked.
    assert len(told) == 1
    assert "HTTP 503: Kibana server is not ready yet" in told[0]


def test_a_kibana_that_never_comes_is_given_up(free_ports: Callable[[int], tuple[int, ...]]) -> None:
    (port,) = free_ports(1)
    with pytest.raises(KibanaAway, match=r"waited 0\.5 s \(KIBANA_WAIT_SECONDS\) in vain: Kibana at") as caught:
        set_up(settings(f"http://127.0.0.1:{port}", kibana_wait_seconds=0.5), StopSignal())
    assert caught.value.exit_code == 75


def test_waiting_ends_when_asked_to(free_ports: Callable[[int], tuple[int, ...]]) -> None:
    (port,) = free_ports(1)
    stop = StopSignal()
    thread = Thread(target=set_up, args=(settings(f"http://127.0.0.1:{port}", kibana_wait_seconds=600), stop))
    thread.start()
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_degraded_kibana_is_not_ready(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    overall = {"status": {"overall": {"level": "degraded", "summary": "1 service is degraded: elasticsearch"}}}
    monkeypatch.setattr("tests.kibana_stand_in.server.status_answer", lambda: overall)
    with KibanaApi(server.url, None) as api, pytest.raises(KibanaAway, match="degraded: 1 service is degraded"):
        api.check_available()


def test_what_is_no_kibana_is_named(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    monkeypatch.setattr("tests.kibana_stand_in.server.status_answer", lambda: {"cluster_name": "elasticsearch"})
    with KibanaApi(server.url, None) as api, pytest.raises(WrongKibana, match="is no Kibana; look at KIBANA_URL"):
        api.check_available()


@needs_openssl
def test_certificate_of_no_known_authority_ends_it_at_once(tmp_path: Path) -> None:
    with untrusted_https(tmp_path) as url, pytest.raises(WrongKibana, match=f"certificate of {url} is not to be"):
        set_up(settings(url), StopSignal())


# ---- refusals


def test_missing_data_view_is_told_with_its_name(server: Server) -> None:
    lost = SavedObject("dashboard", "d", {"title": "d"}, (Reference("p:layer", "crypto-y"),))
    with pytest.raises(KibanaRefuses, match="dashboard d: missing_references: index-pattern crypto-y") as caught:
        imported(server, VIEW, lost)
    assert caught.value.exit_code == 70
    assert server.kibana.store == {}


def test_newer_form_is_told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kibana.saved_objects.TYPE_VERSIONS", {"index-pattern": "8.1.0"})
    with pytest.raises(KibanaRefuses, match=r"HTTP 422: .*more recent version of Kibana \[8\.1\.0\]"):
        imported(server, VIEW)


def test_unknown_type_is_told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kibana.saved_objects.TYPE_VERSIONS", {"dashbord": "8.0.0"})
    wrong: Any = "dashbord"
    with pytest.raises(KibanaRefuses, match="dashbord d: unsupported_type"):
        imported(server, SavedObject(wrong, "d", {"title": "d"}))


@pytest.mark.parametrize("attributes", [{"title": "d", "color": "red"}, {"title": "d", "timeRestore": "yes"}, {}])
def test_wrong_attribute_is_told(server: Server, attributes: dict[str, Any]) -> None:
    with pytest.raises(KibanaRefuses, match=r"dashboard d: unknown \(\[attributes\."):
        imported(server, SavedObject("dashboard", "d", attributes))


def test_setting_that_kibana_yml_has_fixed_is_left(kibana: Kibana, server: Server, capfd: Any) -> None:
    kibana.fixed = frozenset({"dateFormat:tz"})
    set_up(settings(server.url), StopSignal())
    assert "dateFormat:tz" not in kibana.settings
    assert "defaultRoute" in kibana.settings
    assert "setting left as kibana.yml has it" in capfd.readouterr().err


def test_xsrf_header_is_demanded(server: Server) -> None:
    with KibanaApi(server.url, None) as api:
        del api._client.headers["kbn-xsrf"]
        with pytest.raises(KibanaRefuses, match="must contain a kbn-xsrf header"):
            api.import_objects(ndjson([VIEW]), 1)


# ---- the command


def test_command_sets_up_and_says_where_to_look(
    server: Server, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KIBANA_URL", server.url)
    assert main(["setup"]) == 0
    assert f"{server.url}{setup.SETTINGS['defaultRoute']}" in capfd.readouterr().err


def test_built_file_is_what_is_imported(kibana: Kibana, server: Server, tmp_path: Path) -> None:
    file = tmp_path / "objects.ndjson"
    assert main(["build", "--out", str(file)]) == 0
    set_up(settings(server.url), StopSignal())
    built = [json.loads(line) for line in file.read_text().splitlines()]
    assert {(saved["type"], saved["id"]): saved for saved in built} == kibana.store


def test_file_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "--out", str(tmp_path / "no" / "objects.ndjson")]) == 78
    assert "objects.ndjson cannot be written: No such file" in capsys.readouterr().err
