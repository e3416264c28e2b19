"""Dead letters on the real Kafka."""

from dataclasses import dataclass

from indexer.dead_letters import DeadLetters
from local.kafka import KafkaServer
from pipeline.clock import Clock
from pipeline.kafka_clients import Publisher
from pipeline.metrics import Metrics
from tests.indexer.indexed import PATIENCE_SECONDS, letters


@dataclass(frozen=True)
class Record:
    """What of a consumer's record a letter needs."""

    offset: int
    value: bytes
    topic: str = "made-up"
    partition: int = 3


def test_more_letters_than_fit_into_memory_all_arrive(broker: KafkaServer) -> None:
    publisher, metrics = Publisher(broker.bootstrap, memory_bytes=10 << 20), Metrics()
    aside = DeadLetters(publisher, metrics, Clock.real())
    for offset in range(250):
        aside.put_aside(Record(offset, bytes([offset]) * 100_000), "too wrong")
    aside.settle()
    publisher.close(PATIENCE_SECONDS)
    found = letters(broker.bootstrap)
    assert {f"made-up/3/{offset}" for offset in range(250)} <= found.keys()
    assert metrics.snapshot()["dead_letters"] == 250
    assert found["made-up/3/7"].length == 100_000
