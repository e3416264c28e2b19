"""What an indexer did: the documents in Elasticsearch, the offsets and letters in Kafka. And how to run one here."""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus

import msgspec
from elasticsearch import ApiError, Elasticsearch

from indexer.run import GROUP, run
from indexer.settings import IndexerSettings
from market.records import DeadLetter, decode_dead_letter, decode_health
from pipeline.kafka_clients import Publisher, end_offsets, make_consumer, partitions_of, read_to_end
from pipeline.process import StopSignal
from pipeline.topics import DEAD_LETTERS, HEALTH
from tests.indexer.made_up import as_value

PATIENCE_SECONDS = 90.0
_LOOK_SECONDS = 0.1


def await_true(condition: Callable[[], bool], what: str) -> None:
    """Looks until the condition holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_SECONDS:.0f} s"
        time.sleep(_LOOK_SECONDS)


class Indexed:
    """The documents of one symbol."""

    def __init__(self, client: Elasticsearch, symbol: str) -> None:
        self._client = client
        self._symbol = symbol

    def ids(self, index: str = "crypto-*") -> set[str]:
        """The ids of the symbol's documents; an id that is there twice fails."""
        return set(self.times_written(index))

    def times_written(self, index: str = "crypto-*") -> dict[str, int]:
        """How often each of the symbol's documents was written, by id; an id that is there twice fails."""
        # A part's health belongs to no symbol: it is found by the part's name.
        its_own = [{"term": {"symbol": self._symbol}}, {"term": {"part": f"part-{self._symbol}"}}]
        only = {"bool": {"should": its_own, "minimum_should_match": 1}}
        try:
            self._client.indices.refresh(index=index)
            found = self._client.search(
                index=index, query=only, size=10_000, version=True, allow_partial_search_results=False
            )
        except ApiError as error:
            if error.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
                raise
            # An index that has just come into being cannot be searched yet.
            return {}
        times = {hit["_id"]: hit["_version"] for hit in found["hits"]["hits"]}
        assert len(times) == len(found["hits"]["hits"])
        return times

    def await_ids(self, ids: Iterable[str], index: str = "crypto-*") -> None:
        """Waits until exactly these documents are there."""
        wanted = set(ids)
        await_true(lambda: self.ids(index) >= wanted, f"{len(wanted)} documents of {self._symbol} in {index}")
        assert self.ids(index) == wanted


def publish(bootstrap: str, records: Iterable[tuple[str, msgspec.Struct | bytes]]) -> None:
    """Writes records, or raw values, to their topics."""
    publisher = Publisher(bootstrap)
    for topic, record in records:
        publisher.publish(topic, "key", record if isinstance(record, bytes) else as_value(record))
    publisher.close(PATIENCE_SECONDS)


@contextmanager
def indexing(settings: IndexerSettings) -> Iterator[None]:
    """While within, an indexer runs in a thread of this process."""
    stop = StopSignal()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, settings, stop)
        try:
            yield
        finally:
            stop.set()
            running.result(PATIENCE_SECONDS)


def committed(bootstrap: str, topic: str) -> int:
    """Up to which record of the topic the indexer is done, over all partitions."""
    with make_consumer(bootstrap, group_id=GROUP) as consumer:
        return sum(consumer.committed(partition) or 0 for partition in partitions_of(consumer, topic))


def await_done(bootstrap: str, topic: str) -> None:
    """Waits until the offsets of all that is in the topic now are committed."""
    end = end_offsets(bootstrap, topic)[topic]
    await_true(lambda: committed(bootstrap, topic) >= end, f"offset {end} of {topic}")


def letters(bootstrap: str) -> dict[str, DeadLetter]:
    """The dead letters so far, by id; an id that is there twice fails."""
    found = [decode_dead_letter(value) for value in read_to_end(bootstrap, DEAD_LETTERS)]
    by_id = {letter.id: letter for letter in found}
    assert len(by_id) == len(found)
    return by_id


def last_metrics(bootstrap: str, since_ms: int) -> dict[str, int | float | str | None]:
    """The indexer's newest metrics; none when they are older than `since_ms`."""
    samples = [decode_health(value) for value in read_to_end(bootstrap, HEALTH, last=20)]
    of_ours = [sample for sample in samples if sample.part == "indexer" and sample.event_time >= since_ms]
    return of_ours[-1].metrics if of_ours else {}
