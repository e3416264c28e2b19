"""A replay into a real broker: the same minutes as the live feed's, after what the topic holds already."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from local.kafka import KafkaServer
from market.records import FeedRecord, Gap, Tick, decode_dead_letter, decode_feed, decode_health, encode
from pipeline.errors import EXIT_CONFIG, EXIT_OK
from pipeline.kafka_clients import Publisher, read_to_end
from pipeline.topics import DEAD_LETTERS, HEALTH, TopicSpec, create_topics
from tests.producers.recorded_session import NOON, arrivals, frames, live_records, write_recording, write_timed
from tests.recount import recount

ROOT = Path(__file__).parents[2]
PATIENCE = 90.0


def run_replay(bootstrap: str, topic: str, path: Path, *options: str, **environ: str) -> tuple[int, str]:
    """Replays to the end; returns the exit code and what was said."""
    arguments = ["replay", str(path), "--exchange", "gemini", "--symbols", "BTCUSD", "--speed", "max", *options]
    done = subprocess.run(
        [sys.executable, "-m", "producers", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ.get("PATH", ""), "KAFKA_BOOTSTRAP": bootstrap, "FEED_TOPIC": topic, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


def made_topic(bootstrap: str, topic: str) -> str:
    create_topics(bootstrap, tuple(TopicSpec(name, 1, 3_600_000) for name in (topic, DEAD_LETTERS, HEALTH)))
    return topic


def read_feed(bootstrap: str, topic: str) -> list[FeedRecord]:
    return [decode_feed(value) for value in read_to_end(bootstrap, topic)]


def minutes_of(records: Sequence[FeedRecord]) -> dict[Any, Any]:
    return recount(msgspec.json.decode(encode(record)) for record in records)


def test_replayed_topic_holds_the_records_and_minutes_of_the_live_feed(
    kafka: KafkaServer, topic_name: Callable[[str], str], tmp_path: Path
) -> None:
    topic = made_topic(kafka.bootstrap, topic_name("feed"))
    told = arrivals()
    # Little may wait for Kafka: the replay waits instead of giving up.
    code, said = run_replay(
        kafka.bootstrap,
        topic,
        write_recording(tmp_path / "btc.zst", told),
        "--keep-times",
        FEED_PENDING_BYTES="40000",
    )
    assert code == EXIT_OK, said
    records, live = read_feed(kafka.bootstrap, topic), live_records(told)
    assert records == live
    minutes = minutes_of(records)
    assert minutes == minutes_of(live)
    assert [minute.complete for minute in minutes.values()] == [False, True, True]
    samples = [decode_health(value) for value in read_to_end(kafka.bootstrap, HEALTH)]
    assert any(sample.metrics.get("frames") == len(frames()) for sample in samples)


def test_second_replay_goes_on_after_the_first_with_a_gap(
    kafka: KafkaServer, topic_name: Callable[[str], str], tmp_path: Path
) -> None:
    topic = made_topic(kafka.bootstrap, topic_name("feed"))
    path = write_timed(tmp_path / "capture", frames(0.05))
    for _ in range(2):
        code, said = run_replay(kafka.bootstrap, topic, path)
        assert code == EXIT_OK, said
    records = read_feed(kafka.bootstrap, topic)
    gaps = [index for index, record in enumerate(records) if isinstance(record, Gap)]
    assert len(gaps) == 2
    second = records[gaps[1]]
    assert isinstance(second, Gap)
    assert second.from_ == records[gaps[1] - 1].event_time
    assert all(before.event_time <= after.event_time for before, after in pairwise(records))


def test_unreadable_frame_is_a_dead_letter(
    kafka: KafkaServer, topic_name: Callable[[str], str], tmp_path: Path
) -> None:
    topic = made_topic(kafka.bootstrap, topic_name("feed"))
    told = [*frames(0.1)[:8], (NOON + 1_900, b"not json of mine"), *frames(0.1)[8:]]
    code, said = run_replay(kafka.bootstrap, topic, write_timed(tmp_path / "capture", told))
    assert code == EXIT_OK, said
    letters = [decode_dead_letter(value) for value in read_to_end(kafka.bootstrap, DEAD_LETTERS)]
    assert sum(letter.length == len(b"not json of mine") for letter in letters) == 1


def test_times_are_not_kept_behind_what_the_topic_holds(
    kafka: KafkaServer, topic_name: Callable[[str], str], tmp_path: Path
) -> None:
    topic = made_topic(kafka.bootstrap, topic_name("feed"))
    publisher = Publisher(kafka.bootstrap)
    later = NOON + 3_600_000
    tick = Tick(exchange="gemini", symbol="BTCUSD", event_time=later, received_time=later, connection="c")
    publisher.publish(topic, "BTCUSD", encode(tick))
    publisher.close(PATIENCE)
    code, said = run_replay(kafka.bootstrap, topic, write_timed(tmp_path / "capture", frames(0.1)), "--keep-times")
    assert code == EXIT_CONFIG
    assert "event time never goes back" in said
    assert "Traceback" not in said
    assert len(read_feed(kafka.bootstrap, topic)) == 1
