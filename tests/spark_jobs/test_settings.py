"""What the job makes of its settings before Spark is up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pyspark.errors import StreamingQueryException

from pipeline.errors import EXIT_CONFIG, EXIT_OK, GaveUp, TemporarilyUnavailable, WrongSettings
from pipeline.settings import load
from spark_jobs.errors import NoConnector
from spark_jobs.queries import plans
from spark_jobs.running_query import why_it_ended
from spark_jobs.session import connector_jars
from spark_jobs.settings import SparkSettings
from tests.spark_jobs.job_process import GENEROUS_SECONDS, ROOT

JARS = (
    "spark-sql-kafka-0-10_2.13-4.2.0.jar",
    "spark-token-provider-kafka-0-10_2.13-4.2.0.jar",
    "kafka-clients-3.9.2.jar",
    "commons-pool2-2.13.1.jar",
)


def spark_settings(**environ: str) -> SparkSettings:
    return load(SparkSettings, environ)


def test_each_exchange_has_a_query_and_a_checkpoint_of_its_own() -> None:
    made = plans(spark_settings(SPARK_EXCHANGES="gemini,upbit,gemini"), {"gemini-feed": 1, "upbit-feed": 1})
    assert [(plan.name, plan.source_topic, plan.sink_topic) for plan in made] == [
        ("liquidity-gemini", "gemini-feed", "spark.out"),
        ("dead-letters-gemini", "gemini-feed", "dead-letters"),
        ("liquidity-upbit", "upbit-feed", "spark.out"),
        ("dead-letters-upbit", "upbit-feed", "dead-letters"),
    ]
    assert len({plan.checkpoint for plan in made}) == 4


def test_batch_of_the_sums_is_unbounded_where_partitions_could_run_apart() -> None:
    settings = spark_settings(SPARK_EXCHANGES="gemini", LIQUIDITY_BATCH_RECORDS="5000")
    assert [plan.batch_records for plan in plans(settings, {"gemini-feed": 1})] == [5000, 5000]
    assert [plan.batch_records for plan in plans(settings, {"gemini-feed": 3})] == [None, 5000]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SPARK_EXCHANGES", "gemini,"),
        ("SPARK_EXCHANGES", "../feed"),
        ("SPARK_DRIVER_MEMORY", "lots"),
        ("SPARK_UI_PORT", "70000"),
        ("LIQUIDITY_TRIGGER_SECONDS", "0"),
        ("LIQUIDITY_DELAY_SECONDS", "-1"),
    ],
)
def test_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(WrongSettings, match=name):
        spark_settings(**{name: value})


def test_connector_jars_are_found_whatever_their_version(tmp_path: Path) -> None:
    for jar in JARS:
        (tmp_path / jar).touch()
    assert {jar.name for jar in connector_jars(tmp_path)} == set(JARS)


def test_missing_connector_jar_is_named(tmp_path: Path) -> None:
    for jar in JARS[1:]:
        (tmp_path / jar).touch()
    with pytest.raises(NoConnector, match="lacks spark-sql-kafka"):
        connector_jars(tmp_path)


@pytest.mark.parametrize(
    "said",
    ["[KAFKA_DATA_LOSS.PARTITIONS_DELETED] partitions are gone", "Some data may have been lost because they are"],
)
def test_lost_data_needs_a_person_who_learns_where_to_look(said: str) -> None:
    (plan, _) = plans(spark_settings(STATE_DIR="/some/state"), {"gemini-feed": 1})
    error = why_it_ended(plan, StreamingQueryException(said))
    assert isinstance(error, GaveUp)
    assert "gemini-feed" in str(error)
    assert "/some/state/checkpoints/liquidity-gemini" in str(error)


def test_other_death_of_a_query_calls_for_a_restart_in_one_line() -> None:
    (plan, _) = plans(spark_settings(), {"gemini-feed": 1})
    error = why_it_ended(plan, StreamingQueryException("broker\naway\n\nJVM stacktrace:\n" + "at x\n" * 100))
    assert isinstance(error, TemporarilyUnavailable)
    assert str(error).endswith("broker away")


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "spark_jobs", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=GENEROUS_SECONDS,
        check=False,
    )


def test_help_explains_the_command() -> None:
    shown = command("run", "--help")
    assert shown.returncode == EXIT_OK
    assert "SPARK_EXCHANGES" in shown.stdout


def test_job_without_connector_ends_at_once_and_says_what_to_do(tmp_path: Path) -> None:
    shown = command("run", SPARK_JARS_DIR=str(tmp_path), STATE_DIR=str(tmp_path))
    assert shown.returncode == EXIT_CONFIG
    assert "make setup" in shown.stderr
    assert "Traceback" not in shown.stderr
