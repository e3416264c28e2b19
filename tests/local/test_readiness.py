"""What a run takes from this machine."""

import os
import socket
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from local.artifacts import ArtifactCache
from local.errors import NotReadyYet
from local.jdk import Jdk
from local.ports import LOOPBACK
from local.readiness import fetched_tools, ready_tools, tools_of
from local.run_errors import StateInUse
from local.run_record import run_lock
from local.settings import LocalSettings
from pipeline.settings import load


def settings_in(folder: Path) -> LocalSettings:
    return load(LocalSettings, {}, state_dir=folder)


def quiet() -> Console:
    return Console(file=StringIO())


def test_tools_are_the_files_of_the_cache(tmp_path: Path) -> None:
    tools = tools_of(ArtifactCache(tmp_path), Jdk(Path("/jdk"), 25))
    assert tools.python == sys.executable
    assert tools.kafka_jars
    assert {jar.parent for jar in tools.kafka_jars} == {tmp_path / "kafka"}
    assert tools.spark_jars == tmp_path / "spark"
    assert tools.elasticsearch is not None
    assert tools.elasticsearch.parent == tmp_path / "elasticsearch"


def test_port_in_use_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    settings, environ = settings_in(tmp_path / "state"), {**os.environ, "RTC_CACHE": str(tmp_path)}
    with socket.create_server((LOOPBACK, 0)) as server:
        ports = {"ELASTICSEARCH_PORT": server.getsockname()[1]}
        with pytest.raises(NotReadyYet, match="set ELASTICSEARCH_PORT"):
            fetched_tools(settings, environ, quiet(), ports)
    assert list(tmp_path.iterdir()) == []


def test_run_that_is_going_on_is_told_first(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with run_lock(settings.run_dir), pytest.raises(StateInUse, match="make status"):
        ready_tools(settings, {"RTC_CACHE": str(tmp_path / "cache")}, quiet())


def test_recording_that_is_not_there_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    missing = tmp_path / "nothing.zst"
    settings = load(LocalSettings, {}, state_dir=tmp_path, feed="replay", demo_file=missing)
    with pytest.raises(NotReadyYet, match=r"no file .*nothing\.zst"):
        ready_tools(settings, {}, Console())
