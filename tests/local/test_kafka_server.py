"""The real broker on its own folder: restarts keep what was written, and a failed start says why."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.artifacts import ArtifactCache
from local.errors import ServerFailed
from local.jdk import Jdk
from local.kafka import KafkaNode, KafkaServer, property_value
from local.ports import is_free
from pipeline.errors import EXIT_RESTART
from pipeline.kafka_clients import Publisher, end_offsets
from pipeline.topics import HEALTH, create_topics
from tests.ports import free_ports


@pytest.fixture
def node(tmp_path: Path, jdk: Jdk, artifact_cache: ArtifactCache) -> KafkaNode:
    port, controller_port = free_ports(2)
    return KafkaNode(tmp_path / "kafka", jdk, artifact_cache.files("kafka"), port, controller_port)


@pytest.fixture
def server(node: KafkaNode) -> Iterator[KafkaServer]:
    server = KafkaServer(node)
    yield server
    server.kill()


@pytest.mark.slow
def test_topics_and_records_outlive_a_kill_and_a_restart(server: KafkaServer) -> None:
    server.start()
    server.await_ready()
    create_topics(server.bootstrap)
    publisher = Publisher(server.bootstrap)
    publisher.publish(HEALTH, "part", b"{}")
    publisher.flush(60)
    publisher.close(30)
    server.kill()
    assert not server.node.answers()
    server.start()
    server.await_ready()
    assert sum(end_offsets(server.bootstrap, HEALTH).values()) == 1
    assert create_topics(server.bootstrap) == ()
    server.stop()
    assert is_free(server.node.port)


def test_start_that_fails_shows_what_the_broker_said(node: KafkaNode, server: KafkaServer) -> None:
    node.prepare()
    (node.folder / "data" / "meta.properties").write_text("version=1\ncluster.id=other\nnode.id=9\n")
    server.start()
    with pytest.raises(ServerFailed, match=r"Kafka ended: .*node id 9"):
        server.await_ready()


def test_broker_is_not_started_on_a_full_disk(node: KafkaNode, tmp_path: Path) -> None:
    node.prepare()
    df = tmp_path / "df"
    df.write_text("#!/bin/sh\necho Filesystem 1024-blocks Used Available\necho disk 9000000 1 262143 99% /data\n")
    df.chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(node.argv, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == EXIT_RESTART
    assert "the disk has 255 MB left" in done.stderr


def test_storage_that_cannot_be_formatted_is_told(tmp_path: Path, jdk: Jdk) -> None:
    with pytest.raises(ServerFailed, match=r"could not be formatted: .*StorageTool"):
        KafkaNode(tmp_path, jdk, (tmp_path / "no.jar",), 1, 2).prepare()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("/home/ann/state 1", "/home/ann/state 1"),
        ("/home/Zoë/данные", r"/home/Zo\u00eb/\u0434\u0430\u043d\u043d\u044b\u0435"),
        ("/home/🦉", r"/home/\ud83e\udd89"),
        ("/a\\b", r"/a\\b"),
        ("/a\nb", r"/a\u000ab"),
    ],
)
def test_value_of_a_property_is_ascii_with_all_else_escaped(text: str, written: str) -> None:
    assert property_value(text) == written


def test_folder_with_letters_beyond_ascii_is_told_in_ascii(tmp_path: Path) -> None:
    node = KafkaNode(tmp_path / "Größe", Jdk(Path("/jdk"), 25), (), 1, 2)
    (node.folder / "data").mkdir(parents=True)
    (node.folder / "data" / "meta.properties").touch()
    node.prepare()
    lines = node.properties_file.read_text(encoding="ascii").splitlines()
    assert rf"log.dirs={tmp_path}/Gr\u00f6\u00dfe/data" in lines


def test_everything_is_on_the_loopback_interface_only(node: KafkaNode) -> None:
    node.prepare()
    listeners = [line for line in node.properties_file.read_text().splitlines() if "listeners=" in line]
    assert listeners
    assert all("0.0.0.0" not in line and "://:" not in line for line in listeners)
