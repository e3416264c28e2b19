"""The job as a process, on a real broker: minutes come out right, whatever happens to it in between."""

import base64
import json
import os
import signal
import urllib.request
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local.jdk import Jdk
from local.kafka import KafkaServer
from pipeline.kafka_clients import Publisher, make_consumer, read_to_end
from pipeline.topics import DEAD_LETTERS, SPARK_OUT
from tests import recount
from tests.spark_jobs.job_process import GENEROUS_SECONDS, Job
from tests.spark_jobs.kill_between_offsets_and_commit import kill_between
from tests.spark_jobs.static_feed import START, change, gap, l2, record, ticks

MINUTE = 60_000
FAR_FUTURE = record("tick", START + 2000, event_time=START + 10**9)
NOT_JSON = b"not JSON"
POLL_MS = 500

BOTH_SIDES = [l2(change("ask", "100.12345678", "1.5"), change("bid", "99.5", "0.25")), FAR_FUTURE, *ticks()]
ONE_SIDE = [*ticks(START + MINUTE), l2(change("ask", "101", "3"), at=START + 2 * MINUTE - 1)]
QUIET = ticks(START + 2 * MINUTE)
WITH_GAP = [*ticks(START + 3 * MINUTE), gap(START + 4 * MINUTE - 500), l2(change("bid"), at=START + 4 * MINUTE - 1)]
CLOSING = [record("tick", START + 4 * MINUTE + 5000)]


@pytest.fixture
def job(kafka: KafkaServer, jdk: Jdk, spark_jars: Sequence[Path], tmp_path: Path) -> Job:
    environment = {"JAVA_HOME": str(jdk.home), "SPARK_JARS_DIR": str(spark_jars[0].parent)}
    surroundings = Job(kafka.bootstrap, f"x{uuid.uuid4().hex[:8]}", environment, tmp_path)
    surroundings.make_topics()
    return surroundings


def publish(job: Job, records: Iterable[dict[str, Any] | bytes]) -> None:
    publisher = Publisher(job.bootstrap)
    for each in records:
        value = each if isinstance(each, bytes) else json.dumps({**each, "exchange": job.exchange}).encode()
        publisher.publish(job.topic, "BTCUSD", value)
    publisher.close(GENEROUS_SECONDS)


def awaited(job: Job, topic: str, least: int) -> list[dict[str, Any]]:
    """The records of the job's exchange in a topic, once there are so many different ones."""
    found: dict[str, dict[str, Any]] = {}
    everything: list[dict[str, Any]] = []
    with make_consumer(job.bootstrap, topic) as consumer:
        for _ in range(GENEROUS_SECONDS * 1000 // POLL_MS):
            for batch in consumer.poll(timeout_ms=POLL_MS).values():
                new = [each for each in map(json.loads, (entry.value for entry in batch)) if belongs(job, each)]
                everything += new
                found |= {str(each.get("id", each.get("window_start"))): each for each in new}
            if len(found) >= least:
                return everything
    raise AssertionError(f"only {len(found)} of {least} records came to {topic}")


def belongs(job: Job, written: dict[str, Any]) -> bool:
    return bool(written["exchange"] == job.exchange)


def compared(job: Job) -> recount.Comparison:
    feed = [loaded(value) for value in read_to_end(job.bootstrap, job.topic)]
    return recount.compare(feed, [json.loads(value) for value in read_to_end(job.bootstrap, SPARK_OUT)])


def loaded(value: bytes) -> object:
    try:
        read: object = json.loads(value)
    except ValueError:
        return None
    return read


def test_minutes_equal_the_recount_and_bad_records_become_dead_letters(job: Job) -> None:
    publish(job, [*BOTH_SIDES, NOT_JSON, *ONE_SIDE, *QUIET, *WITH_GAP, *CLOSING])
    with job.running() as running:
        minutes = awaited(job, SPARK_OUT, 4)
        letters = awaited(job, DEAD_LETTERS, 2)
        pages = running.await_message("queries started")["ui"]
        with urllib.request.urlopen(f"{pages}/StreamingQuery/", timeout=GENEROUS_SECONDS) as page:
            assert f"liquidity-{job.exchange}" in page.read().decode()
        os.kill(running.process.pid, signal.SIGTERM)
        assert running.await_end() == 0

    assert [each["window_start"] for each in minutes] == [START + number * MINUTE for number in range(4)]
    assert [each["complete"] for each in minutes] == [True, True, True, False]
    assert [each["value"] is None for each in minutes] == [False, True, True, True]
    assert [each["changes"] for each in minutes] == [2, 1, 0, 1]
    result = compared(job)
    assert (result.problems, result.compared, result.refused) == ((), 4, 2)
    assert {base64.b64decode(each["payload"]) == NOT_JSON: each["reason"] for each in letters} == {
        False: "event_time is more than 120 s from received_time",
        True: "not one JSON object",
    }


@pytest.mark.slow
def test_job_that_was_killed_goes_on_and_changes_no_minute(job: Job) -> None:
    publish(job, [*BOTH_SIDES, *ONE_SIDE])
    with job.running() as running, ThreadPoolExecutor() as pool:
        awaited(job, SPARK_OUT, 1)
        newest = max(int(file.name) for file in (job.checkpoint / "offsets").iterdir() if file.name.isdigit())
        killing = pool.submit(kill_between, job.checkpoint, running.pgid, newest, GENEROUS_SECONDS)
        publish(job, QUIET)
        batch = killing.result()
        assert running.await_end() == -signal.SIGKILL
        assert (job.checkpoint / "offsets" / str(batch)).exists()
        assert not (job.checkpoint / "commits" / str(batch)).exists()

    publish(job, [*WITH_GAP, *CLOSING])
    with job.running() as running:
        awaited(job, SPARK_OUT, 4)
        running.java().kill()
        assert running.await_end() == 75
        assert "Java process is gone" in running.messages()[-1]["message"]

    result = compared(job)
    assert (result.problems, result.compared) == ((), 4)
