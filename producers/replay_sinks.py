"""Where a replay's records go."""

from __future__ import annotations

from typing import BinaryIO

from pipeline.kafka_clients import Publisher
from pipeline.process import StopSignal


class JsonLines:
    """Writes the feed's records, one JSON object a line, and drops all others (the log tells of dead letters)."""

    def __init__(self, out: BinaryIO, topic: str, stop: StopSignal, *, at_once: bool) -> None:
        """`at_once`: whoever reads gets each line when it is written. When nobody reads any more, `stop` is set."""
        self._out = out
        self._topic = topic
        self._stop = stop
        self._at_once = at_once

    def publish(self, topic: str, key: str, value: bytes) -> None:  # noqa: ARG002 - a topic's records have keys
        """Write a record."""
        if topic != self._topic or self._stop.is_set():
            return
        try:
            self._out.write(value + b"\n")
            if self._at_once:
                self._out.flush()
        except BrokenPipeError:
            self._stop.set()


class PatientPublisher:
    """Waits for Kafka where a live feed would have to give up: a recording can wait."""

    def __init__(self, publisher: Publisher, memory_bytes: int, seconds: float) -> None:
        """`memory_bytes` are the publisher's; `seconds` is how long what waits there may take."""
        self._publisher = publisher
        self._most_waiting = memory_bytes // 2
        self._seconds = seconds

    def publish(self, topic: str, key: str, value: bytes) -> None:
        """Queue a record. Raises TemporarilyUnavailable when Kafka took nothing for too long."""
        if self._publisher.in_flight_bytes + len(value) > self._most_waiting:
            self._publisher.flush(self._seconds)
        self._publisher.raise_if_failed()
        self._publisher.publish(topic, key, value)
