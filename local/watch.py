"""Follows a run's feed and its finished minutes in Kafka, for the demo's screen."""

from collections.abc import Sequence
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from local.minutes_seen import Absence, MinuteRow, MinutesSeen
from local.topic_reader import topic_ends
from market.errors import MalformedRecord
from market.records import decode_feed, decode_price_volume
from pipeline.topics import SPARK_OUT

# Minutes of earlier runs that are shown again after a resume.
EARLIER_MINUTES = 5
UNREADABLE = "unreadable"


class Watch:
    """Reads the feeds from the run's start on, and the finished minutes from a few before it."""

    def __init__(self, consumer: KafkaConsumer, feeds: Sequence[str], since_ms: int, minutes: str = SPARK_OUT) -> None:
        self.seen = MinutesSeen()
        self._consumer = consumer
        self._feeds = tuple(feeds)
        self._minutes = minutes
        self._place(since_ms)

    def poll(self, seconds: float) -> tuple[MinuteRow | Absence, ...]:
        """Waits up to `seconds` for records, takes them in and returns the minutes that are new."""
        batches = self._consumer.poll(timeout_ms=int(seconds * 1000))
        # The feed first: its gaps explain the minutes that were counted from it.
        for partition, records in batches.items():
            if partition.topic in self._feeds:
                for record in records:
                    self._take_feed(record.value)
        new: list[MinuteRow | Absence] = []
        for partition, records in batches.items():
            if partition.topic == self._minutes:
                for record in records:
                    new.extend(self._take_minute(record.value))
        return tuple(new)

    def _take_feed(self, value: bytes) -> None:
        try:
            self.seen.feed(decode_feed(value))
        except MalformedRecord:
            self.seen.counts[UNREADABLE] += 1

    def _take_minute(self, value: bytes) -> tuple[MinuteRow | Absence, ...]:
        try:
            return self.seen.minute(decode_price_volume(value))
        except MalformedRecord:
            self.seen.counts[UNREADABLE] += 1
            return ()

    def _place(self, since_ms: int) -> None:
        consumer = self._consumer
        minutes, *feeds = topic_ends(consumer, [self._minutes, *self._feeds])
        # Where nothing has come since, the end: asked for first, so that what comes meanwhile is not skipped.
        starts = {partition: end for feed in feeds for partition, end in feed.ends.items()}
        since: dict[TopicPartition, Any] = consumer.offsets_for_times(dict.fromkeys(starts, since_ms))
        starts |= {partition: at.offset for partition, at in since.items() if at is not None and at.offset >= 0}
        starts |= {
            partition: max(minutes.begins[partition], end - EARLIER_MINUTES) for partition, end in minutes.ends.items()
        }
        consumer.assign(list(starts))
        for partition, offset in starts.items():
            consumer.seek(partition, offset)
