"""What the bot reads from Kafka: minutes and commands, and on paper the feed's newest book. It commits nothing.

Where it stood is in its own journal: the offset of the last minute decided and of the last command done.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from bot.trader import Minute
from market.errors import MalformedRecord
from market.journal import Command, decode_command
from market.records import Book, decode_feed, decode_price_volume
from pipeline.errors import TemporarilyUnavailable
from pipeline.kafka_clients import make_consumer, partitions_of
from pipeline.topics import BOT_COMMANDS, SPARK_OUT

# A bot that never decided begins with the last minutes; more of them would only be called stale.
MINUTES_AT_FIRST = 2
MOST_AT_ONCE = 5_000
REST_MS = 50
# How a book begins as our producers write it: other records of the feed are passed over unread.
BOOK_BEGINS = b'{"type":"book"'

R = TypeVar("R")


@dataclass(frozen=True)
class Unreadable:
    """A record that is not what its topic holds."""

    topic: str
    partition: int
    offset: int
    value: bytes
    reason: str


Reject = Callable[[Unreadable], None]


@dataclass(frozen=True)
class Arrived:
    """What came, in order; commands with their offsets. `caught_up`: no minute is known of that is still to come."""

    minutes: tuple[Minute, ...]
    commands: tuple[tuple[int, Command], ...]
    caught_up: bool = True


class Inbox:
    """Minutes and commands from where the bot stood; `reject` gets what is not readable. A context manager."""

    def __init__(
        self,
        bootstrap: str,
        last_minute: int | None,
        last_command: int | None,
        reject: Reject,
        *,
        minutes: str = SPARK_OUT,
        commands: str = BOT_COMMANDS,
        most: int = MOST_AT_ONCE,
    ) -> None:
        """Raises `TemporarilyUnavailable`."""
        self._most = most
        self._reject = reject
        self._minutes = TopicPartition(minutes, 0)
        self._commands = TopicPartition(commands, 0)
        self._consumer = make_consumer(bootstrap, minutes, commands)
        with _kafka_errors():
            self._place(last_minute, last_command)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def poll(self, seconds: float) -> Arrived:
        """Waits up to `seconds` for something, then takes what is there. Raises `TemporarilyUnavailable`.

        A long backlog comes in several calls: the last minute of one is the newest only if it has `caught_up`.
        """
        minutes: list[Minute] = []
        commands: list[tuple[int, Command]] = []
        wait_ms = int(seconds * 1000)
        with _kafka_errors():
            while records := self._consumer.poll(timeout_ms=wait_ms):
                for record in records.get(self._minutes, ()):
                    minute = self._read(record, decode_price_volume)
                    if minute is not None:
                        minutes.append(Minute(record.offset, minute))
                for record in records.get(self._commands, ()):
                    command = self._read(record, decode_command)
                    if command is not None:
                        commands.append((record.offset, command))
                if has_caught_up(self._consumer, self._minutes) or len(minutes) >= self._most:
                    break
                wait_ms = REST_MS
            return Arrived(tuple(minutes), tuple(commands), has_caught_up(self._consumer, self._minutes))

    def _place(self, last_minute: int | None, last_command: int | None) -> None:
        consumer, minutes, commands = self._consumer, self._minutes, self._commands
        begins = consumer.beginning_offsets([minutes, commands])
        ends = consumer.end_offsets([minutes, commands])
        start = max(begins[minutes], ends[minutes] - MINUTES_AT_FIRST)
        # An offset beyond the end was of an older topic of that name.
        if last_minute is not None and last_minute < ends[minutes]:
            start = max(begins[minutes], last_minute + 1)
        consumer.seek(minutes, start)
        told = last_command is not None and last_command < ends[commands]
        consumer.seek(commands, max(begins[commands], last_command + 1 if told and last_command is not None else 0))

    def _read(self, record: Any, decode: Callable[[bytes], R]) -> R | None:
        value = record.value or b""
        try:
            return decode(value)
        except MalformedRecord as error:
            self._reject(Unreadable(record.topic, record.partition, record.offset, value, str(error)))
            return None


class BookFeed:
    """The newest `book` of one symbol in a feed, from now on. A context manager.

    Called, it takes in what has come meanwhile; so it must be called often enough not to fall behind.
    """

    def __init__(self, bootstrap: str, feed: str, symbol: str) -> None:
        """Raises `TemporarilyUnavailable`."""
        self._symbol = symbol
        self._newest: Book | None = None
        self._consumer = make_consumer(bootstrap, feed)
        with _kafka_errors():
            self._consumer.seek_to_end(*partitions_of(self._consumer, feed))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def __call__(self) -> Book | None:
        with _kafka_errors():
            while batches := self._consumer.poll(timeout_ms=REST_MS):
                for records in batches.values():
                    self._take([record.value for record in records if (record.value or b"").startswith(BOOK_BEGINS)])
                if all(has_caught_up(self._consumer, partition) for partition in self._consumer.assignment()):
                    break
        return self._newest

    def _take(self, values: list[bytes]) -> None:
        # From the end: once this symbol's newest book is found, the older ones need no reading.
        for value in reversed(values):
            try:
                book = decode_feed(value)
            except MalformedRecord:
                # Whoever reads the feed for its records puts this one aside; here only the next book counts.
                continue
            if isinstance(book, Book) and book.symbol == self._symbol:
                self._newest = book
                return


def has_caught_up(consumer: KafkaConsumer, partition: TopicPartition) -> bool:
    """Whether the consumer has taken all that the partition held when it was last asked."""
    known_end = consumer.highwater(partition)
    return known_end is None or bool(consumer.position(partition) >= known_end)


@contextmanager
def _kafka_errors() -> Iterator[None]:
    try:
        yield
    except KafkaError as error:
        raise TemporarilyUnavailable(f"Kafka does not answer: {error!r}") from error
