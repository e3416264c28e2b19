"""What the tests stand on: the real broker and the files that Spark needs, started once for the whole run."""

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer

from local.artifacts import STREAMING, ArtifactCache, from_environment
from local.elasticsearch import ElasticsearchNode, ElasticsearchServer
from local.jdk import Jdk, find_jdk
from local.kafka import KafkaNode, KafkaServer
from tests.ports import free_ports as take_free_ports
from tests.workers import Company, place

# Properties are checked for as long as a busy machine needs, and without a folder of examples left behind. The examples
# are the same in every run, so that a failure tells of the change at hand; `make explore` draws others.
UNHURRIED = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", UNHURRIED, derandomize=True)
settings.register_profile("explore", UNHURRIED, derandomize=False)
settings.load_profile("same")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Company:
    """Shares the tests among workers; a run without workers has none."""
    return Company(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order in which workers take the tests; without workers it is left as it is."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=place)


@pytest.fixture(scope="session")
def jdk() -> Jdk:
    """The JDK that runs the servers."""
    return find_jdk(os.environ)


@pytest.fixture(scope="session")
def artifact_cache() -> ArtifactCache:
    """The servers' files, fetched if they are not there yet."""
    cache = from_environment()
    cache.fetch(*STREAMING)
    return cache


@pytest.fixture(scope="session")
def kafka(jdk: Jdk, artifact_cache: ArtifactCache, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """A real broker without topics; each test makes its own."""
    port, controller_port = take_free_ports(2)
    folder = tmp_path_factory.mktemp("kafka")
    server = KafkaServer(KafkaNode(folder, jdk, artifact_cache.files("kafka"), port, controller_port))
    server.start()
    try:
        server.await_ready()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def elasticsearch(
    jdk: Jdk, artifact_cache: ArtifactCache, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ElasticsearchServer]:
    """A real Elasticsearch without indices; `login(user)` says how to reach it."""
    artifact_cache.fetch("elasticsearch")
    (archive,) = artifact_cache.files("elasticsearch")
    port, transport_port = take_free_ports(2)
    node = ElasticsearchNode(tmp_path_factory.mktemp("elasticsearch"), archive, jdk, port, transport_port)
    server = ElasticsearchServer(node)
    server.start()
    try:
        server.await_ready(240)
        yield server
    finally:
        server.stop()
        node.forget_outside()


@pytest.fixture(scope="session")
def spark_jars(artifact_cache: ArtifactCache) -> tuple[Path, ...]:
    """The four jars that connect Spark to Kafka."""
    return artifact_cache.files("spark")


@pytest.fixture
def topic_name() -> Callable[[str], str]:
    """Makes topic names that no other test uses."""
    return lambda prefix: f"{prefix}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def free_ports() -> Callable[[int], tuple[int, ...]]:
    """So many ports of 127.0.0.1 that nobody listens on."""
    return take_free_ports
