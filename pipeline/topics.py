"""The topics of design §3: names, partitions, how long they are kept, and how they are made."""

from dataclasses import dataclass

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from pipeline.broker_address import require_broker
from pipeline.errors import TemporarilyUnavailable
from pipeline.log import get_log

EXCHANGES = ("gemini", "coinbase", "binance", "upbit")


def feed_topic(exchange: str) -> str:
    """The topic of an exchange's feed."""
    return f"{exchange}-feed"


GEMINI_FEED = feed_topic("gemini")
SPARK_OUT = "spark.out"
BOT_EVENTS = "bot.events"
BOT_COMMANDS = "bot.commands"
FORECASTS = "forecasts"
HEALTH = "health"
DEAD_LETTERS = "dead-letters"

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_FOR_EVER = -1


@dataclass(frozen=True)
class TopicSpec:
    """A topic as it is made; `retention_ms` -1 keeps it for ever."""

    name: str
    partitions: int
    retention_ms: int


def topic_specs(feed_partitions: int = 1) -> tuple[TopicSpec, ...]:
    """Every topic, the feeds with that many partitions."""
    return (
        *(TopicSpec(feed_topic(exchange), feed_partitions, 48 * _HOUR_MS) for exchange in EXCHANGES),
        TopicSpec(SPARK_OUT, 1, 365 * _DAY_MS),
        TopicSpec(BOT_EVENTS, 1, _FOR_EVER),
        TopicSpec(BOT_COMMANDS, 1, 7 * _DAY_MS),
        TopicSpec(FORECASTS, 1, 365 * _DAY_MS),
        TopicSpec(HEALTH, 1, 7 * _DAY_MS),
        TopicSpec(DEAD_LETTERS, 1, 30 * _DAY_MS),
    )


TOPICS = topic_specs()


def create_topics(bootstrap: str, specs: tuple[TopicSpec, ...] = TOPICS) -> tuple[str, ...]:
    """Makes the topics that are not there yet and returns their names; those that are there stay as they are.

    Raises `TemporarilyUnavailable` when the broker does not answer.
    """
    require_broker(bootstrap)
    try:
        with KafkaAdminClient(bootstrap_servers=bootstrap) as admin:
            there = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
            for spec in specs:
                if there.get(spec.name, spec.partitions) != spec.partitions:
                    get_log("pipeline").warning(
                        "a topic has another number of partitions than the settings; it stays as it is",
                        topic=spec.name,
                        partitions=there[spec.name],
                        wanted=spec.partitions,
                    )
            missing = tuple(spec for spec in specs if spec.name not in there)
            return tuple(spec.name for spec in missing if _created(admin, spec))
    except KafkaError as error:
        raise TemporarilyUnavailable(f"topics could not be made at Kafka ({bootstrap}): {error}") from error


def _created(admin: KafkaAdminClient, spec: TopicSpec) -> bool:
    configs = {"retention.ms": str(spec.retention_ms), "cleanup.policy": "delete"}
    wanted = {spec.name: {"num_partitions": spec.partitions, "replication_factor": -1, "configs": configs}}
    try:
        admin.create_topics(wanted)
        admin.wait_for_topics([spec.name])
    except TopicAlreadyExistsError:
        return False
    return True
