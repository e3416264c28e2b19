"""`python -m indexer run` as a process of its own: what it says, how it ends, and what a crash in the middle leaves."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, TopicPartition

from indexer.settings import IndexerSettings
from local.kafka import KafkaServer
from market.records import encode
from pipeline.errors import EXIT_CONFIG, EXIT_OK
from pipeline.topics import GEMINI_FEED
from tests.indexer.indexed import PATIENCE_SECONDS, Indexed, await_done, await_true, committed, indexing, publish
from tests.indexer.made_up import trade

ROOT = Path(__file__).parents[2]
SECRET = "not-the-right-one"


@contextmanager
def running(environ: dict[str, str], said: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command as a process; what it says goes to a file."""
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "indexer", "run"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "HOME": "", **environ},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def errors(said: Path) -> list[str]:
    lines = [json.loads(line) for line in said.read_text(encoding="utf-8").splitlines()]
    return [line["message"] for line in lines if line["level"] == "error"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param({"ELASTICSEARCH_PASSWORD": SECRET}, "ELASTICSEARCH_USER", id="wrong password"),
        pytest.param({"ELASTICSEARCH_PASSWORD_FILE": ""}, "ELASTICSEARCH_PASSWORD", id="no password"),
        pytest.param({"ELASTICSEARCH_PASSWORD_FILE": "/nowhere"}, "ELASTICSEARCH_PASSWORD_FILE", id="no such file"),
        pytest.param(
            {"ELASTICSEARCH_URL": f"http://me:{SECRET}@127.0.0.1:1"}, "ELASTICSEARCH_URL", id="in the address"
        ),
    ],
)
def test_wrong_settings_end_it_with_one_sentence_that_shows_no_secret(
    environ: dict[str, str], tmp_path: Path, change: dict[str, str], named: str
) -> None:
    said = tmp_path / "said"
    with running(environ | change, said) as process:
        assert process.wait(PATIENCE_SECONDS) == EXIT_CONFIG
    (sentence,) = errors(said)
    assert named in sentence
    text = said.read_text(encoding="utf-8")
    assert SECRET not in text
    assert "Traceback" not in text


def test_killed_in_mid_bulk_nothing_is_missing_and_nothing_doubled_after_the_next_start(
    broker: KafkaServer,
    environ: dict[str, str],
    settings: Callable[..., IndexerSettings],
    tmp_path: Path,
    symbol: str,
    indexed: Indexed,
) -> None:
    with indexing(settings()):
        await_done(broker.bootstrap, GEMINI_FEED)
    before = committed(broker.bootstrap, GEMINI_FEED)
    publish(broker.bootstrap, [(GEMINI_FEED, encode(trade(symbol, str(number)))) for number in range(40)])
    all_ids = {f"gemini|{symbol}|{number}" for number in range(40)}
    kill = {"KILL_AT": "indexer.mid_bulk:8", "KILL_AT_FILE": str(tmp_path / "killed"), "INDEXER_BULK_DOCUMENTS": "3"}
    with running(environ | kill, tmp_path / "said") as process:
        assert process.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    assert (tmp_path / "killed").read_text(encoding="utf-8") == "killed at indexer.mid_bulk\n"
    assert committed(broker.bootstrap, GEMINI_FEED) == before
    assert indexed.ids() < all_ids
    with indexing(settings()):
        indexed.await_ids(all_ids)
        await_done(broker.bootstrap, GEMINI_FEED)
    assert indexed.ids() == all_ids


def test_records_that_kafka_deleted_before_they_were_indexed_are_told_and_the_rest_is_indexed(
    broker: KafkaServer,
    environ: dict[str, str],
    settings: Callable[..., IndexerSettings],
    tmp_path: Path,
    symbol: str,
    indexed: Indexed,
) -> None:
    with indexing(settings()):
        publish(broker.bootstrap, [(GEMINI_FEED, encode(trade(symbol, "first")))])
        await_done(broker.bootstrap, GEMINI_FEED)
    done = committed(broker.bootstrap, GEMINI_FEED)
    publish(broker.bootstrap, [(GEMINI_FEED, encode(trade(symbol, str(number)))) for number in range(40)])
    with KafkaAdminClient(bootstrap_servers=broker.bootstrap) as admin:
        admin.delete_records({TopicPartition(GEMINI_FEED, 0): done + 30})
    said = tmp_path / "said"
    with running(environ, said):
        indexed.await_ids(f"gemini|{symbol}|{number}" for number in ("first", *range(30, 40)))
        await_done(broker.bootstrap, GEMINI_FEED)
    (told,) = (json.loads(line) for line in said.read_text(encoding="utf-8").splitlines() if '"error"' in line)
    assert (told["topic"], told["records"]) == (GEMINI_FEED, 30)


def test_asked_to_stop_while_elasticsearch_is_away_it_ends_well(
    environ: dict[str, str], tmp_path: Path, free_ports: Callable[[int], tuple[int, ...]]
) -> None:
    said = tmp_path / "said"
    away = {"ELASTICSEARCH_URL": f"http://127.0.0.1:{free_ports(1)[0]}"}
    with running(environ | away, said) as process:
        await_true(lambda: "nothing is lost" in said.read_text(encoding="utf-8"), "a sign of waiting")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == EXIT_OK
    assert errors(said) == []


def test_waits_for_kafka_and_stops_when_asked(
    environ: dict[str, str], tmp_path: Path, free_ports: Callable[[int], tuple[int, ...]]
) -> None:
    said = tmp_path / "said"
    with running(environ | {"KAFKA_BOOTSTRAP": f"127.0.0.1:{free_ports(1)[0]}"}, said) as process:
        await_true(lambda: "waiting for Kafka" in said.read_text(encoding="utf-8"), "a sign of waiting")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == EXIT_OK


def test_help_explains_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "indexer", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "run" in done.stdout
