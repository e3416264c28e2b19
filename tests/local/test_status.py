"""What `make status` tells about a made-up run."""

import json
import os
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from threading import Event

import msgspec
from rich.console import Console

from local.elasticsearch_accounts import READER, password_file
from local.part_counts import PartCounts, counts_by_part
from local.run_clock import RunClock
from local.run_record import PartRecord, RunRecord, run_lock, write_run
from local.settings import LocalSettings
from local.status import BrokerLook, RunStatus, TopicStatus, combined, look_within, run_status
from local.status_screen import age_text, status_screen
from market.records import Health, encode

NOW = 1_767_268_800_000


def part(name: str, state: str = "up", pid: int | None = 1, writes: tuple[str, ...] = ()) -> PartRecord:
    return msgspec.convert(
        {
            "name": name,
            "state": state,
            "pid": pid,
            "address": f"127.0.0.1/{name}",
            "started_ms": NOW,
            "restarts": 0,
            "log": f"{name}.log",
            "writes": writes,
        },
        PartRecord,
    )


def run(*parts: PartRecord, bootstrap: str = "127.0.0.1:1") -> RunRecord:
    return RunRecord("simulator", os.getpid(), NOW, bootstrap, RunClock(), parts)


def printed(status: RunStatus) -> str:
    output = StringIO()
    Console(file=output, width=160).print(status_screen(status))
    return output.getvalue()


def test_part_whose_process_is_gone_is_down() -> None:
    status = combined(run(part("kafka", pid=1), part("producer", pid=2)), "s", BrokerLook(), NOW, lambda pid: pid == 1)
    assert [(each.name, each.state) for each in status.parts] == [("kafka", "up"), ("producer", "down")]


def test_part_that_is_started_again_is_not_called_down() -> None:
    status = combined(run(part("producer", "restarting", None)), "s", BrokerLook(), NOW, lambda _: False)
    assert status.parts[0].state == "restarting"


def test_age_of_the_last_record_is_that_of_the_parts_topics_or_of_its_sample() -> None:
    look = BrokerLook(
        topics=(TopicStatus("feed", 10, 0.5), TopicStatus("other", 10, 0.1)),
        parts={"producer": PartCounts(NOW - 30_000, {"records": 7}), "spark": PartCounts(NOW - 20_000, {})},
    )
    record = run(part("producer", writes=("feed",)), part("spark"), part("kafka"))
    status = combined(record, "s", look, NOW, lambda _: True)
    assert [each.age_seconds for each in status.parts] == [0.5, 20.0, None]
    assert status.parts[0].counts == {"records": 7}


def test_table_names_parts_addresses_ages_counts_and_topics() -> None:
    look = BrokerLook(
        (TopicStatus("gemini-feed", 12_345, 0.4),), {"producer": PartCounts(NOW - 1_000, {"frames": 9_999})}
    )
    text = printed(combined(run(part("producer")), "the-state", look, NOW, lambda _: True))
    for expected in (
        "producer",
        "up",
        "127.0.0.1/producer",
        "1.0 s ago",
        "frames 9,999",
        "gemini-feed",
        "12,345",
        "0.4 s ago",
    ):
        assert expected in text


def test_documents_are_shown_by_index_or_why_not() -> None:
    status = combined(run(part("kafka")), "s", BrokerLook(), NOW, lambda _: True)
    assert "Index" not in printed(status)
    text = printed(replace(status, documents={"crypto-trades": 1_234}))
    assert "crypto-trades" in text
    assert "1,234" in text
    assert "Documents unknown: Elasticsearch does not answer" in printed(replace(status, documents="does not answer"))


def test_status_of_a_run_asks_its_elasticsearch(tmp_path: Path, free_ports: Callable[[int], tuple[int, ...]]) -> None:
    settings = LocalSettings(state_dir=tmp_path)
    (port,) = free_ports(1)
    with run_lock(settings.run_dir):
        write_run(settings.run_dir, run(replace(part("elasticsearch"), address=f"http://127.0.0.1:{port}")))
        assert run_status(settings).documents == "has not been started yet"
        password_file(settings.elasticsearch_dir, READER).parent.mkdir()
        password_file(settings.elasticsearch_dir, READER).write_text("any")
        assert run_status(settings).documents == f"does not answer at 127.0.0.1:{port}"


def test_broker_that_is_away_leaves_the_parts_and_says_so() -> None:
    status = combined(run(part("kafka")), "s", BrokerLook(failure="no answer"), NOW, lambda _: True)
    assert "Topics unknown: no answer" in printed(status)
    assert "kafka" in printed(status)


def test_status_without_a_run_says_that_nothing_runs(tmp_path: Path) -> None:
    settings = LocalSettings(state_dir=tmp_path)
    write_run(settings_dir(settings), run(part("kafka")))
    status = run_status(settings)
    assert not status.running
    assert printed(status).startswith("Nothing runs")


def test_status_of_a_run_whose_broker_is_gone_comes_soon(tmp_path: Path) -> None:
    settings = LocalSettings(state_dir=tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        bootstrap = f"127.0.0.1:{free.getsockname()[1]}"
    with run_lock(settings.run_dir):
        write_run(settings.run_dir, run(part("kafka", pid=os.getpid()), bootstrap=bootstrap))
        status = run_status(settings)
    assert status.running
    assert status.broker is not None
    assert bootstrap in status.broker
    assert status.parts[0].state == "up"


def test_broker_that_accepts_and_never_answers_does_not_hang_the_status(tmp_path: Path) -> None:
    settings = LocalSettings(state_dir=tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as mute, run_lock(settings.run_dir):
        bootstrap = f"127.0.0.1:{mute.getsockname()[1]}"
        write_run(settings.run_dir, run(part("kafka", pid=os.getpid()), bootstrap=bootstrap))
        began = time.monotonic()
        status = run_status(settings, broker_seconds=0.3)
        assert time.monotonic() - began < 30
    assert status.broker == "the broker did not answer within 0.3 s"


def test_look_that_takes_too_long_is_given_up() -> None:
    never = Event()

    def wait() -> BrokerLook:
        never.wait(60)
        return BrokerLook()

    look = look_within(wait, 0.05)
    never.set()
    assert look.failure == "the broker did not answer within 0.05 s"


def test_machine_form_holds_the_same(tmp_path: Path) -> None:
    status = combined(run(part("kafka")), str(tmp_path), BrokerLook(), NOW, lambda _: True)
    data = json.loads(msgspec.json.encode(status))
    assert data["running"] is True
    assert data["parts"][0] == {
        "name": "kafka",
        "state": "up",
        "pid": 1,
        "address": "127.0.0.1/kafka",
        "restarts": 0,
        "age_seconds": None,
        "counts": {},
    }


def test_newest_sample_of_each_part_counts() -> None:
    def sample(name: str, count: int) -> bytes:
        return encode(Health(exchange="", symbol="", event_time=NOW, part=name, metrics={"n": count}))

    counts = counts_by_part([(1, sample("a", 1)), (2, sample("b", 5)), (3, b"not json"), (4, sample("a", 2))])
    assert counts == {"a": PartCounts(4, {"n": 2}), "b": PartCounts(2, {"n": 5})}


def test_ages_read_as_a_person_says_them() -> None:
    assert [age_text(age) for age in (None, 0.44, 30.0, 600.0, 10_000.0)] == [
        "–",
        "0.4 s ago",
        "30 s ago",
        "10 min ago",
        "3 h ago",
    ]


def settings_dir(settings: LocalSettings) -> Path:
    settings.run_dir.mkdir(parents=True)
    return settings.run_dir
