"""What `make status` tells: which parts are up, when each wrote last, how much is in the topics and the indices."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.parse import urlsplit

from local.document_counts import Documents, document_counts
from local.part_counts import PartCounts, counts_by_part
from local.part_plans import ELASTICSEARCH
from local.run_errors import BrokerAway
from local.run_record import PartRecord, RunRecord, read_run, run_holder
from local.settings import LocalSettings
from local.topic_reader import newest_records, open_consumer, topic_ends, topic_names
from pipeline.topics import BOT_EVENTS, HEALTH

BROKER_SECONDS = 4.0
# How many of a topic's newest records are read: of health one sample a part and minute, enough for the newest of every
# part; of the journal enough to find a record among what transactions add for themselves.
NEWEST = {HEALTH: 1000, BOT_EVENTS: 20}


@dataclass(frozen=True)
class TopicStatus:
    """A topic: how many records it holds, and how many seconds ago the newest one came (None: it is empty)."""

    name: str
    records: int
    age_seconds: float | None


@dataclass(frozen=True)
class PartStatus:
    """A part: `age_seconds` is the age of the newest record it wrote (None: none yet, or it writes none)."""

    name: str
    state: str
    pid: int | None
    address: str | None
    restarts: int
    age_seconds: float | None
    counts: Mapping[str, int | float | str | None]


@dataclass(frozen=True)
class RunStatus:
    """All of one source's run. `broker` is the reason why the topics are unknown, or None when they are known.

    `documents` counts those of each index, or says why they are unknown; None for a run without Elasticsearch.
    """

    source: str
    running: bool
    pid: int | None
    state: str
    bootstrap: str
    broker: str | None
    parts: tuple[PartStatus, ...]
    topics: tuple[TopicStatus, ...]
    documents: Documents | None = None


@dataclass(frozen=True)
class BrokerLook:
    """What one look into the broker found, or in `failure` why it found nothing."""

    topics: tuple[TopicStatus, ...] = ()
    parts: Mapping[str, PartCounts] = field(default_factory=dict)
    failure: str | None = None


def run_status(settings: LocalSettings, broker_seconds: float = BROKER_SECONDS) -> RunStatus:
    """Looks at the run's record, its processes, its broker and its Elasticsearch; takes a few seconds at most.

    The broker has `broker_seconds` to answer.
    """
    holder = run_holder(settings.run_dir)
    record = read_run(settings.run_dir)
    if holder is None or record is None:
        return not_running(settings)
    look = look_within(lambda: look_into_broker(record.bootstrap), broker_seconds)
    status = combined(record, str(settings.run_dir), look, int(time.time() * 1000), process_is_alive)
    return replace(status, documents=_documents(record, settings))


def _documents(record: RunRecord, settings: LocalSettings) -> Documents | None:
    addresses = [part.address for part in record.parts if part.name == ELASTICSEARCH]
    port = urlsplit(addresses[0] or "").port if addresses else None
    return None if port is None else document_counts(port, settings.elasticsearch_dir)


def not_running(settings: LocalSettings) -> RunStatus:
    """The status of a source of which no run is going on."""
    return RunStatus(settings.source, False, None, str(settings.run_dir), settings.bootstrap, None, (), ())


def combined(
    record: RunRecord, state: str, look: BrokerLook, now_ms: int, is_alive: Callable[[int], bool]
) -> RunStatus:
    """Puts together what the run wrote down about itself and what its broker says."""
    topic_ages = {topic.name: topic.age_seconds for topic in look.topics}
    return RunStatus(
        source=record.source,
        running=True,
        pid=record.pid,
        state=state,
        bootstrap=record.bootstrap,
        broker=look.failure,
        parts=tuple(_part_status(part, look, topic_ages, now_ms, is_alive) for part in record.parts),
        topics=look.topics,
    )


def _part_status(
    part: PartRecord,
    look: BrokerLook,
    topic_ages: Mapping[str, float | None],
    now_ms: int,
    is_alive: Callable[[int], bool],
) -> PartStatus:
    sample = look.parts.get(part.name)
    ages = [topic_ages.get(topic) for topic in part.writes]
    if sample is not None:
        ages.append(seconds_between(sample.received_ms, now_ms))
    dead = part.state == "up" and (part.pid is None or not is_alive(part.pid))
    return PartStatus(
        name=part.name,
        state="down" if dead else part.state,
        pid=part.pid,
        address=part.address,
        restarts=part.restarts,
        age_seconds=min((age for age in ages if age is not None), default=None),
        counts=sample.metrics if sample is not None else {},
    )


def look_into_broker(bootstrap: str) -> BrokerLook:
    """Reads every topic's ends and newest record, and the newest health samples."""
    try:
        with open_consumer(bootstrap, BROKER_SECONDS) as consumer:
            ends = topic_ends(consumer, topic_names(consumer))
            newest = newest_records(consumer, ends, NEWEST)
    except BrokerAway as error:
        return BrokerLook(failure=str(error))
    now_ms = int(time.time() * 1000)
    topics = (
        TopicStatus(
            topic.topic,
            topic.records,
            min((seconds_between(record.timestamp, now_ms) for record in newest[topic.topic]), default=None),
        )
        for topic in ends
    )
    samples = ((record.timestamp, record.value) for record in newest.get(HEALTH, ()))
    return BrokerLook(tuple(topics), counts_by_part(samples))


def look_within(look: Callable[[], BrokerLook], seconds: float) -> BrokerLook:
    """What `look` returns, or a failure when it takes longer: a broker that hangs must not hang the status too."""
    answer: SimpleQueue[BrokerLook] = SimpleQueue()
    Thread(target=lambda: answer.put(look()), daemon=True).start()
    try:
        return answer.get(timeout=seconds)
    except Empty:
        return BrokerLook(failure=f"the broker did not answer within {seconds:g} s")


def process_is_alive(pid: int) -> bool:
    """Whether there is a process with this id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def seconds_between(then_ms: int, now_ms: int) -> float:
    """Seconds between two times in epoch milliseconds."""
    return round(max(0, now_ms - then_ms) / 1000, 1)
