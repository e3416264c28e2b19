"""What must hold for every service of the compose file, and for the two ways to bring it up."""

import os
import re
import shlex
import subprocess
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from bot.settings import BotSettings
from forecasting.settings import ForecastingSettings
from indexer.settings import IndexerSettings
from kibana.settings import KibanaSettings
from local.elasticsearch_accounts import USERS
from local.settings import LocalSettings
from pipeline.settings import PartSettings
from producers.settings import ProducerSettings
from simulator.settings import SimulatorSettings
from spark_jobs.settings import SparkSettings
from tests.all_settings import PARTS
from tests.compose.compose_file import FILE, ROOT, compose_file, filled_in, services

EVERYTHING: dict[str, dict[str, Any]] = compose_file({"COMPOSE_PROFILES": "simulator"})["services"]
LIVE, SIMULATED = services(), services("simulator")
ONE_SHOTS = {"secrets", "topics", "kibana-setup", "profile-check", "status", "password"}
SERVERS = {"kafka", "elasticsearch", "kibana"}
OURS = set(EVERYTHING) - SERVERS
# Where each service keeps what must outlive it.
STATEFUL = {
    "kafka": "/var/lib/kafka/data",
    "elasticsearch": "/usr/share/elasticsearch/data",
    "spark": "/state",
    "bot": "/state",
    "simulator": "/state/exchange",
    "forecast": "/state/forecast",
    "secrets": "/secrets/all",
}
MOST_BYTES = 6_000_000_000
UNITS = {"m": 1 << 20, "g": 1 << 30}
# What the compose file decides itself, or what makes no sense in a container.
DECIDED = {
    "alive_file", "bot_api_key", "bot_api_secret", "bot_forecast", "elasticsearch_password", "feed_partitions",
    "kafka_bootstrap", "kibana_password", "simulator_api_key", "simulator_api_secret", "simulator_play",
    "simulator_play_end", "simulator_port", "spark_driver_host", "spark_jars_dir", "state_dir",
}  # fmt: skip


def mounts(service: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    """Each mounted folder of a service: its volume, and whether the service can write to it."""
    split = [text.split(":") for text in service.get("volumes", [])]
    return {parts[1]: (parts[0], parts[2:] != ["ro"]) for parts in split}


def bytes_of(limit: str) -> int:
    return int(limit[:-1]) * UNITS[limit[-1]]


@pytest.mark.parametrize("name", EVERYTHING)
def test_image_is_pinned(name: str) -> None:
    image = EVERYTHING[name]["image"]
    if name in SERVERS:
        assert re.fullmatch(r"[a-z0-9./-]+:\d+\.\d+\.\d+", image), image
    else:
        assert image.startswith("real-time-crypto/")
        assert EVERYTHING[name]["pull_policy"] == ("build" if "build" in EVERYTHING[name] else "never")


def test_each_image_of_ours_is_built_once_by_a_service_that_all_others_wait_for() -> None:
    built = {service["image"]: name for name, service in EVERYTHING.items() if "build" in service}
    assert built == {"real-time-crypto/app:local": "secrets", "real-time-crypto/spark:local": "spark"}
    assert {service["image"] for name, service in EVERYTHING.items() if name not in SERVERS} == set(built)
    for name in {"topics", "elasticsearch"}:
        assert "secrets" in EVERYTHING[name]["depends_on"]


def test_kibana_is_not_newer_than_elasticsearch() -> None:
    kibana, elasticsearch = (EVERYTHING[name]["image"].rpartition(":")[2] for name in ("kibana", "elasticsearch"))
    assert kibana == elasticsearch


@pytest.mark.parametrize("name", EVERYTHING)
def test_every_port_is_on_loopback(name: str) -> None:
    for port in EVERYTHING[name].get("ports", []):
        assert port.startswith("127.0.0.1:"), port
    assert EVERYTHING[name].get("network_mode") in (None, "none")


@pytest.mark.parametrize("name", sorted(set(EVERYTHING) - ONE_SHOTS))
def test_what_stays_up_says_whether_it_works_and_is_started_again(name: str) -> None:
    service = EVERYTHING[name]
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert service["restart"] == "unless-stopped"
    assert service["stop_grace_period"] in ("30s", "60s")


@pytest.mark.parametrize("name", ["elasticsearch", "kibana"])
def test_proxy_of_the_user_is_not_asked_whether_a_service_works(name: str) -> None:
    _, *command = EVERYTHING[name]["healthcheck"]["test"]
    words = shlex.split(" ".join(command)) if len(command) == 1 else command
    assert words[words.index("curl") + 1 :][:2] == ["--noproxy", "*"]


@pytest.mark.parametrize("name", sorted(ONE_SHOTS))
def test_one_shot_is_not_started_for_ever(name: str) -> None:
    assert EVERYTHING[name]["restart"] in ("no", "on-failure:5")
    assert EVERYTHING[name]["healthcheck"] == {"disable": True}


@pytest.mark.parametrize("name", EVERYTHING)
def test_no_service_can_gain_rights(name: str) -> None:
    service = EVERYTHING[name]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not {"privileged", "cap_add", "pid", "devices"} & set(service)
    assert service["pids_limit"]
    # Two of the images bring an init of their own.
    assert service["init"] is (name not in ("elasticsearch", "kibana"))


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_services_are_not_root_and_write_only_to_their_volumes(name: str) -> None:
    assert EVERYTHING[name]["user"] == "1000:1000"
    assert EVERYTHING[name]["read_only"] is True


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_servers_keep_the_user_of_their_image(name: str) -> None:
    assert "user" not in EVERYTHING[name]


@pytest.mark.parametrize("name", EVERYTHING)
def test_logs_are_rotated(name: str) -> None:
    assert EVERYTHING[name]["logging"] == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}


@pytest.mark.parametrize("started", [LIVE, SIMULATED], ids=["live", "simulator"])
def test_all_memory_limits_together_stay_below_six_gigabytes(started: dict[str, dict[str, Any]]) -> None:
    assert sum(bytes_of(service["mem_limit"]) for service in started.values()) <= MOST_BYTES


@pytest.mark.parametrize(
    ("name", "heap"),
    [
        ("kafka", EVERYTHING["kafka"]["environment"]["KAFKA_HEAP_OPTS"]),
        ("elasticsearch", EVERYTHING["elasticsearch"]["environment"]["ES_JAVA_OPTS"]),
        ("spark", "-Xmx" + EVERYTHING["spark"]["environment"]["SPARK_DRIVER_MEMORY"]),
    ],
)
def test_heap_leaves_room_below_the_limit(name: str, heap: str) -> None:
    found = re.search(r"-Xmx(\d+m)", heap)
    assert found
    assert bytes_of(found[1]) <= 0.65 * bytes_of(EVERYTHING[name]["mem_limit"])


@pytest.mark.parametrize(("name", "folder"), STATEFUL.items())
def test_state_is_on_a_volume(name: str, folder: str) -> None:
    volume, writes = mounts(EVERYTHING[name])[folder]
    assert writes
    assert volume in compose_file()["volumes"]


def test_every_volume_is_written_by_one_service_alone() -> None:
    writers: dict[str, list[str]] = {}
    for name, service in EVERYTHING.items():
        for volume, writes in mounts(service).values():
            writers.setdefault(volume, [])
            if writes:
                writers[volume].append(name)
    assert {volume: names for volume, names in writers.items() if len(names) != 1} == {}
    assert set(writers) == set(compose_file()["volumes"])


def test_kafka_keeps_its_log_on_its_volume() -> None:
    kafka = EVERYTHING["kafka"]
    assert kafka["environment"]["KAFKA_LOG_DIRS"] in mounts(kafka)


def test_secrets_are_seen_only_by_whom_they_are_for() -> None:
    readers = {
        volume: sorted(
            name for name, service in EVERYTHING.items() if volume in {v for v, _ in mounts(service).values()}
        )
        for volume in compose_file()["volumes"]
        if volume.startswith("secrets")
    }
    assert readers == {
        "secrets": ["password", "secrets"],
        "secrets-elasticsearch": ["elasticsearch", "secrets"],
        "secrets-indexer": ["indexer", "secrets"],
        "secrets-kibana": ["kibana", "secrets"],
        "secrets-kibana-setup": ["kibana-setup", "secrets"],
        "secrets-reader": ["secrets", "status"],
    }
    assert [name for name, service in EVERYTHING.items() if service.get("secrets")] == ["bot"]


@pytest.mark.parametrize("name", EVERYTHING)
def test_no_password_stands_in_the_file(name: str) -> None:
    for variable, value in EVERYTHING[name].get("environment", {}).items():
        if re.search(r"PASSWORD|SECRET|TOKEN|API_KEY|ENCRYPTIONKEY", variable):
            assert variable.endswith("_FILE"), variable
            assert PurePosixPath(value).is_absolute(), value
    assert not re.search(r"changeme|ELASTIC_PASSWORD\b", FILE.read_text(encoding="utf-8"))


def test_health_check_of_elasticsearch_shows_no_password() -> None:
    assert "--netrc-file" in EVERYTHING["elasticsearch"]["healthcheck"]["test"]
    assert not set(USERS) & set(EVERYTHING["elasticsearch"]["healthcheck"]["test"])


@pytest.mark.parametrize("started", [LIVE, SIMULATED], ids=["live", "simulator"])
def test_what_a_service_waits_for_can_come(started: dict[str, dict[str, Any]]) -> None:
    for name, service in started.items():
        for other, wanted in service.get("depends_on", {}).items():
            if other not in started:
                assert wanted["required"] is False, f"{name} waits for {other}"
                continue
            condition = "service_completed_successfully" if other in ONE_SHOTS else "service_healthy"
            assert wanted["condition"] == condition, f"{name} waits for {other}"


def test_only_the_simulators_services_are_added_by_its_profile() -> None:
    assert set(SIMULATED) - set(LIVE) == {"simulator", "profile-check"}
    assert not {"status", "password"} & set(SIMULATED)


def test_live_data_and_paper_are_the_default() -> None:
    assert LIVE["producer"]["environment"]["FEED_URL"] in (None, "")
    assert LIVE["bot"]["environment"]["BOT_MODE"] == "paper"
    assert LIVE["bot"]["environment"]["BOT_LIVE_CONFIRMED"] is None
    assert compose_file()["name"] == "real-time-crypto"


def test_simulator_is_traded_at_and_kept_apart_from_live_data() -> None:
    assert SIMULATED["producer"]["environment"]["FEED_URL"] == "ws://simulator:8181"
    bot = SIMULATED["bot"]["environment"]
    assert (bot["BOT_MODE"], bot["BOT_API_URL"]) == ("simulator", "http://simulator:8181")
    assert str(PurePosixPath(bot["BOT_API_KEY_FILE"]).parent) in mounts(SIMULATED["bot"])
    assert compose_file({"COMPOSE_PROFILES": "simulator"})["name"] == "real-time-crypto-simulator"


def test_own_keys_reach_the_bot_as_files() -> None:
    given = compose_file({"BOT_MODE": "sandbox", "GEMINI_API_KEY_FILE": "/home/me/key"})
    bot = given["services"]["bot"]
    assert bot["environment"]["BOT_MODE"] == "sandbox"
    assert PurePosixPath(bot["environment"]["BOT_API_KEY_FILE"]) == PurePosixPath("/run/secrets") / "api-key"
    assert given["secrets"]["api-key"]["file"] == "/home/me/key"
    assert (ROOT / compose_file()["secrets"]["api-key"]["file"]).read_bytes() == b""


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("producer", ProducerSettings),
        ("spark", SparkSettings),
        ("bot", BotSettings),
        ("indexer", IndexerSettings),
        ("simulator", SimulatorSettings),
        ("kibana-setup", KibanaSettings),
        ("topics", PartSettings),
        ("forecast", ForecastingSettings),
    ],
)
def test_every_setting_reaches_its_part(name: str, settings: type[PartSettings]) -> None:
    given = {variable.lower() for variable in EVERYTHING[name]["environment"]}
    assert sorted(set(settings.model_fields) - given - DECIDED) == []


def test_forecast_is_taught_the_price_that_the_simulator_makes() -> None:
    told = {name: set(EVERYTHING[name]["environment"]) for name in ("simulator", "forecast")}
    of_the_price = {"SIMULATOR_SYMBOLS", "SIMULATOR_SEED", "SIMULATOR_NOISE"}
    of_the_price |= {name for name in told["simulator"] if name.startswith("SIMULATOR_CYCLE")}
    assert of_the_price <= told["simulator"] & told["forecast"]


@pytest.mark.parametrize("name", sorted(OURS))
def test_no_part_is_told_what_it_does_not_know(name: str) -> None:
    known = {field for settings in PARTS.values() for field in settings.model_fields}
    assert {variable.lower() for variable in EVERYTHING[name].get("environment", {})} - known == set()


def test_ports_are_those_of_the_local_run_so_that_the_same_tools_find_them() -> None:
    fields = LocalSettings.model_fields
    for name, field in (
        ("kafka", "kafka_port"),
        ("elasticsearch", "elasticsearch_port"),
        ("spark", "spark_ui_port"),
        ("simulator", "simulator_port"),
    ):
        (port,) = EVERYTHING[name]["ports"]
        assert port.split(":")[1] == str(fields[field].default)


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("${A:-b}", {}, "b"),
        ("${A:-b}", {"A": "c"}, "c"),
        ("${A:+-${A:-}}", {"A": "c"}, "-c"),
        ("${A:+-${A:-}}", {}, ""),
        ("${A:-${B:+x}}", {"B": "1"}, "x"),
        ("$$0", {}, "$0"),
    ],
)
def test_variables_are_filled_in_as_compose_does(text: str, variables: dict[str, str], expected: str) -> None:
    assert filled_in(text, variables) == expected


def test_ports_of_metrics_are_published_on_loopback_only_where_asked_for() -> None:
    text = (ROOT / "docker" / "metrics.yml").read_text(encoding="utf-8")
    added: dict[str, dict[str, Any]] = yaml.safe_load(filled_in(text, {}))["services"]
    assert set(added) == {"producer", "spark", "bot", "indexer", "forecast"}
    published = [port for service in added.values() for port in service["ports"]]
    assert published == [f"127.0.0.1:{port}:9100" for port in (9101, 9102, 9103, 9104, 9105)]
    assert EVERYTHING["producer"]["environment"]["METRICS_PORT"] is None


@pytest.mark.parametrize(("free_kb", "code"), [(262_143, 75), (262_144, 0)])
def test_broker_does_not_start_on_a_full_disk(free_kb: int, code: int, tmp_path: Path) -> None:
    df = tmp_path / "df"
    df.write_text(f"#!/bin/sh\necho Filesystem 1024-blocks Used Available\necho disk 9000000 1 {free_kb} 99% /data\n")
    df.chmod(0o755)
    script = EVERYTHING["kafka"]["command"][2].replace("exec bash /etc/kafka/docker/run", "echo started")
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert ("started" in done.stdout) is (code == 0)
    assert ("its disk has 255 MB left" in done.stderr) is (code != 0)
