"""Follows a run's feed, its finished minutes and the bot's journal in Kafka, for the demo's screen."""

from collections.abc import Sequence
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from local.minutes_seen import Absence, MinuteRow, MinutesSeen
from local.topic_reader import topic_ends
from local.trading_seen import Event, TradingSeen
from market.errors import MalformedRecord
from market.journal import decode_journal
from market.records import decode_feed, decode_price_volume
from pipeline.topics import SPARK_OUT

# Minutes of earlier runs that are shown again after a resume.
EARLIER_MINUTES = 5
UNREADABLE = "unreadable"

News = MinuteRow | Absence | Event


class Watch:
    """Reads the feeds from the run's start on, the finished minutes from a few before it, the journal whole.

    Without a `journal` (None) only the minutes are followed.
    """

    def __init__(
        self,
        consumer: KafkaConsumer,
        feeds: Sequence[str],
        since_ms: int,
        minutes: str = SPARK_OUT,
        journal: str | None = None,
    ) -> None:
        self.seen = MinutesSeen()
        self.trading = TradingSeen()
        self._journal = journal
        self._since_ms = since_ms
        self._consumer = consumer
        self._feeds = tuple(feeds)
        self._minutes = minutes
        self._place()

    @property
    def has_journal(self) -> bool:
        """Whether the bot's journal is followed too."""
        return self._journal is not None

    def poll(self, seconds: float) -> tuple[News, ...]:
        """Waits up to `seconds` for records, takes them in and returns what is new: minutes first, then the journal.

        What the journal held before the run's start is taken in, and is no news.
        """
        batches = self._consumer.poll(timeout_ms=int(seconds * 1000))
        # The feed first: its gaps explain the minutes that were counted from it.
        for partition, records in batches.items():
            if partition.topic in self._feeds:
                for record in records:
                    self._take_feed(record.value)
        new: list[News] = []
        for partition, records in batches.items():
            if partition.topic == self._minutes:
                for record in records:
                    new.extend(self._take_minute(record.value))
        for partition, records in batches.items():
            if partition.topic == self._journal:
                for record in records:
                    event = self._take_journal(record.value)
                    if event is not None and record.timestamp >= self._since_ms:
                        new.append(event)
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

    def _take_journal(self, value: bytes) -> Event | None:
        try:
            return self.trading.take(decode_journal(value))
        except MalformedRecord:
            self.seen.counts[UNREADABLE] += 1
            return None

    def _place(self) -> None:
        consumer = self._consumer
        minutes, *feeds = topic_ends(consumer, [self._minutes, *self._feeds])
        # Where nothing has come since, the end: asked for first, so that what comes meanwhile is not skipped.
        starts = {partition: end for feed in feeds for partition, end in feed.ends.items()}
        since: dict[TopicPartition, Any] = consumer.offsets_for_times(dict.fromkeys(starts, self._since_ms))
        starts |= {partition: at.offset for partition, at in since.items() if at is not None and at.offset >= 0}
        starts |= {
            partition: max(minutes.begins[partition], end - EARLIER_MINUTES) for partition, end in minutes.ends.items()
        }
        for journal in topic_ends(consumer, [self._journal] if self._journal else []):
            starts |= journal.begins
        consumer.assign(list(starts))
        for partition, offset in starts.items():
            consumer.seek(partition, offset)
