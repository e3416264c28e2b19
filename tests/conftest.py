"""What the tests stand on: the real broker and the files that Spark needs, started once for the whole run."""

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from local.artifacts import STREAMING, ArtifactCache, from_environment
from local.elasticsearch import ElasticsearchNode, ElasticsearchServer
from local.jdk import Jdk, find_jdk
from local.kafka import KafkaNode, KafkaServer
from tests.ports import free_ports as take_free_ports

# Properties are checked for as long as a busy machine needs, and without a folder of examples left behind.
settings.register_profile("unhurried", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

# Started once for a worker, each takes many seconds of a processor: the tests of one stay together on one worker.
ONE_WORKERS_SERVERS = ("elasticsearch", "spark")
# Whose tests come first: they take long, and short ones at the end let two workers end together.
SERVERS = (*ONE_WORKERS_SERVERS, "artifact_cache")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """How two workers (`make test`) share the tests; without workers nothing is changed.

    Each test goes to the worker that is free, except for those that use something dear together: a server, or a fixture
    of their module, which may have a state that they pass on. Those are a group, which one worker runs, in their order.
    A test's group is shown behind its name: `test_x.py::test_y@spark` is test_y of test_x.py.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    for item in items:
        group = group_of(item)
        if group is not None:
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=place_of)


def group_of(item: pytest.Item) -> str | None:
    """Whom the test has to share a worker with."""
    assert isinstance(item, pytest.Function)
    used = set(item.fixturenames)
    for server in ONE_WORKERS_SERVERS:
        if server in used:
            return server
    fixtures = item._fixtureinfo.name2fixturedefs.values()
    return item.path.stem if any(fixture[-1].scope == "module" for fixture in fixtures) else None


def place_of(item: pytest.Item) -> int:
    """Where in the order the test comes, before or after all of another place."""
    assert isinstance(item, pytest.Function)
    return next((place for place, server in enumerate(SERVERS) if server in item.fixturenames), len(SERVERS))


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
