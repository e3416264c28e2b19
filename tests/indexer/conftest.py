"""What the indexer's tests share: a broker of their own, as its topics have fixed names, and a look at what arrived."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from indexer.elasticsearch_writer import ElasticsearchWriter
from indexer.settings import IndexerSettings
from local.artifacts import ArtifactCache
from local.elasticsearch import ElasticsearchServer
from local.elasticsearch_accounts import ADMIN, INDEXER, password_file
from local.jdk import Jdk
from local.kafka import KafkaNode, KafkaServer
from pipeline.settings import load
from pipeline.topics import create_topics
from tests.indexer.indexed import Indexed
from tests.ports import free_ports

PATIENTLY: dict[str, Any] = {"request_timeout": 60, "max_retries": 0}


@pytest.fixture(scope="package")
def broker(jdk: Jdk, artifact_cache: ArtifactCache, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """A real broker with all topics."""
    port, controller_port = free_ports(2)
    folder = tmp_path_factory.mktemp("broker-of-the-indexer")
    server = KafkaServer(KafkaNode(folder, jdk, artifact_cache.files("kafka"), port, controller_port))
    server.start()
    try:
        server.await_ready()
        create_topics(server.bootstrap)
        yield server
    finally:
        server.stop()


@pytest.fixture
def symbol() -> str:
    """A symbol that no other test uses."""
    return f"S{uuid.uuid4().hex[:10].upper()}"


@pytest.fixture
def admin(elasticsearch: ElasticsearchServer) -> Iterator[Elasticsearch]:
    """Elasticsearch, for a user who may do all."""
    with Elasticsearch(elasticsearch.url, basic_auth=elasticsearch.login(ADMIN), **PATIENTLY) as client:
        yield client


@pytest.fixture
def indexed(admin: Elasticsearch, symbol: str) -> Indexed:
    """The documents of this test's symbol."""
    return Indexed(admin, symbol)


@pytest.fixture
def writer(elasticsearch: ElasticsearchServer) -> Iterator[ElasticsearchWriter]:
    """A writer as the indexer's user."""
    user, password = elasticsearch.login(INDEXER)
    connection = ElasticsearchWriter(elasticsearch.url, user, password)
    yield connection
    connection.close()


@pytest.fixture
def environ(broker: KafkaServer, elasticsearch: ElasticsearchServer, tmp_path: Path) -> dict[str, str]:
    """The variables of an indexer that writes to the real Elasticsearch."""
    return {
        "KAFKA_BOOTSTRAP": broker.bootstrap,
        "ELASTICSEARCH_URL": elasticsearch.url,
        "ELASTICSEARCH_USER": INDEXER,
        "ELASTICSEARCH_PASSWORD_FILE": str(password_file(elasticsearch.node.folder, INDEXER)),
        "HEALTH_INTERVAL_SECONDS": "0.5",
        "STATE_DIR": str(tmp_path / "state"),
    }


@pytest.fixture
def settings(environ: dict[str, str]) -> Callable[..., IndexerSettings]:
    """Settings of an indexer that writes to the real Elasticsearch, with changes."""
    return lambda **changes: load(IndexerSettings, environ | {name.upper(): str(changes[name]) for name in changes})
