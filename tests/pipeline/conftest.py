"""What the plumbing's tests share."""

from collections.abc import Callable

import pytest

from local.kafka import KafkaServer
from pipeline.topics import TopicSpec, create_topics

HOUR_MS = 3_600_000


@pytest.fixture
def new_topic(kafka: KafkaServer, topic_name: Callable[[str], str]) -> Callable[..., str]:
    """Makes a topic of its own on the real broker, with one partition unless told otherwise."""

    def make(partitions: int = 1) -> str:
        name = topic_name("pipeline")
        create_topics(kafka.bootstrap, (TopicSpec(name, partitions, HOUR_MS),))
        return name

    return make
