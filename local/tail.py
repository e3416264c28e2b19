"""Prints a topic as it fills, one JSON line a record."""

from collections.abc import Callable
from contextlib import suppress

import msgspec
from kafka import KafkaConsumer

from local.run_errors import UnknownTopic
from local.topic_reader import open_consumer, topic_ends, topic_names

BROKER_SECONDS = 10.0
POLL_MS = 500


def tail(
    bootstrap: str,
    topic: str,
    *,
    from_start: bool,
    count: int | None,
    write: Callable[[str], None],
    is_stopped: Callable[[], bool],
) -> None:
    """Hands each record of the topic to `write` as one line, until `count` are written or it is stopped.

    Raises `UnknownTopic`, naming those there are, and `BrokerAway`.
    """
    with open_consumer(bootstrap, BROKER_SECONDS) as consumer:
        _place(consumer, topic, from_start)
        left = count
        while not is_stopped() and left != 0:
            for records in consumer.poll(timeout_ms=POLL_MS, max_records=left).values():
                for record in records:
                    write(line(record.value))
                left = left if left is None else left - len(records)


def _place(consumer: KafkaConsumer, topic: str, from_start: bool) -> None:
    there_are = topic_names(consumer)
    if topic not in there_are:
        raise UnknownTopic(f"there is no topic {topic!r}; there are: {', '.join(there_are) or 'none'}")
    (ends,) = topic_ends(consumer, [topic])
    offsets = ends.begins if from_start else ends.ends
    consumer.assign(list(offsets))
    for partition, offset in offsets.items():
        consumer.seek(partition, offset)


def line(value: bytes | None) -> str:
    """A record's value on one line: as it is when it is JSON, else as a JSON string (None: null)."""
    if value is None:
        return "null"
    with suppress(msgspec.DecodeError, UnicodeDecodeError):
        msgspec.json.decode(value)
        return value.decode().replace("\n", " ")
    return msgspec.json.encode(value.decode(errors="backslashreplace")).decode()
