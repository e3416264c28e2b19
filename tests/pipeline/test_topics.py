"""Topics as the design has them, made on the real broker."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from local.kafka import KafkaServer
from pipeline.errors import TemporarilyUnavailable
from pipeline.kafka_clients import make_consumer, partitions_of
from pipeline.log import get_log
from pipeline.topics import TOPICS, TopicSpec, create_topics, topic_specs

ROOT = Path(__file__).parent.parent.parent
HOURS = 3_600_000


def partitions(bootstrap: str, topic: str) -> int:
    with make_consumer(bootstrap) as consumer:
        return len(partitions_of(consumer, topic))


def retention(bootstrap: str, topic: str) -> int:
    """How long the broker says that it keeps a topic's records, in ms."""
    with KafkaAdminClient(bootstrap_servers=bootstrap) as admin:
        wanted = ConfigResource(ConfigResourceType.TOPIC, topic, ["retention.ms"])
        configs = admin.describe_configs([wanted], config_filter="all")
    return int(configs["topic"][topic]["retention.ms"]["value"])


def test_topics_are_those_of_the_design() -> None:
    kept = {spec.name: spec.retention_ms for spec in TOPICS}
    assert kept == {
        "gemini-feed": 48 * HOURS,
        "coinbase-feed": 48 * HOURS,
        "binance-feed": 48 * HOURS,
        "upbit-feed": 48 * HOURS,
        "spark.out": 365 * 24 * HOURS,
        "bot.events": -1,
        "bot.commands": 7 * 24 * HOURS,
        "forecasts": 365 * 24 * HOURS,
        "health": 7 * 24 * HOURS,
        "dead-letters": 30 * 24 * HOURS,
    }
    assert {spec.partitions for spec in TOPICS} == {1}


def test_only_feeds_take_the_setting_of_partitions() -> None:
    counts = {spec.name: spec.partitions for spec in topic_specs(feed_partitions=6)}
    assert {name for name, count in counts.items() if count == 6} == {
        "gemini-feed",
        "coinbase-feed",
        "binance-feed",
        "upbit-feed",
    }


def test_topics_are_made_once_and_kept_as_they_are(kafka: KafkaServer, topic_name: Callable[[str], str]) -> None:
    first, second = topic_name("made"), topic_name("made")
    assert create_topics(kafka.bootstrap, (TopicSpec(first, 3, 48 * HOURS),)) == (first,)
    both = (TopicSpec(first, 3, 48 * HOURS), TopicSpec(second, 1, -1))
    assert create_topics(kafka.bootstrap, both) == (second,)
    assert create_topics(kafka.bootstrap, both) == ()
    assert partitions(kafka.bootstrap, first) == 3
    assert retention(kafka.bootstrap, first) == 48 * HOURS
    assert retention(kafka.bootstrap, second) == -1


def test_topic_with_other_partitions_is_left_and_said_so(kafka: KafkaServer, topic_name: Callable[[str], str]) -> None:
    name = topic_name("other")
    create_topics(kafka.bootstrap, (TopicSpec(name, 2, HOURS),))
    log = get_log("pipeline")
    log.stream = io.StringIO()
    try:
        assert create_topics(kafka.bootstrap, (TopicSpec(name, 5, HOURS),)) == ()
        line = json.loads(log.stream.getvalue())
    finally:
        log.stream = None
    assert (line["topic"], line["partitions"], line["wanted"]) == (name, 2, 5)
    assert partitions(kafka.bootstrap, name) == 2


def test_without_a_broker_topics_are_not_made(free_ports: Callable[[int], tuple[int, ...]]) -> None:
    (port,) = free_ports(1)
    with pytest.raises(TemporarilyUnavailable, match=f"127.0.0.1:{port} does not answer"):
        create_topics(f"127.0.0.1:{port}")


def test_command_makes_every_topic_and_can_be_repeated(kafka: KafkaServer, tmp_path: Path) -> None:
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", "topics"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "KAFKA_BOOTSTRAP": kafka.bootstrap},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert "all topics are there already" in done.stderr
    with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
        assert {spec.name for spec in TOPICS} <= set(admin.list_topics())
