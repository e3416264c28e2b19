"""What ends the job, and what only ends one query of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from pipeline.alive import SignOfLife
from pipeline.errors import PipelineError
from pipeline.log import Log
from pipeline.metrics import Metrics
from pipeline.process import StopSignal
from spark_jobs.errors import DataLost, QueryDied, SparkDied
from spark_jobs.queries import Plan, plans
from spark_jobs.run import watch_over
from spark_jobs.settings import SparkSettings

ALL = ("liquidity-gemini", "dead-letters-gemini", "liquidity-binance", "dead-letters-binance")


class Java:
    """A Java process that lives, or has ended."""

    def __init__(self, code: int | None = None) -> None:
        self.code = code

    def poll(self) -> int | None:
        return self.code


class Query:
    """A query that ends as told. Its n-th look asks for the end of the test."""

    is_silent = False

    def __init__(self, plan: Plan, ends_with: PipelineError | None, stop: StopSignal, looks: int = 3) -> None:
        self.plan = plan
        self._ends_with = ends_with
        self._stop = stop
        self._looks = looks

    def end(self) -> PipelineError | None:
        self._looks -= 1
        if not self._looks:
            self._stop.set()
        return self._ends_with

    def read_progress(self, metrics: Metrics, log: Log) -> None:
        return


class Watched:
    """Four queries of two exchanges, of which some end."""

    def __init__(self, java: Java | None = None, **ends: type[PipelineError]) -> None:
        settings = SparkSettings(spark_exchanges="gemini,binance", _env_file=None)
        self.metrics = Metrics()
        stop = StopSignal()
        made = {plan.name: plan for plan in plans(settings, {"gemini-feed": 1, "binance-feed": 1})}
        assert tuple(made) == ALL
        wrong = {name.replace("_", "-"): error for name, error in ends.items()}
        self.queries: list[Any] = [
            Query(plan, self.error(wrong[name], name) if name in wrong else None, stop) for name, plan in made.items()
        ]
        watch_over(cast(Any, java or Java()), self.queries, self.metrics, stop, SignOfLife(None))

    @staticmethod
    def error(kind: type[PipelineError], name: str) -> PipelineError:
        return DataLost(name, "a-feed", Path("checkpoint"), "why") if kind is DataLost else QueryDied(name, "why")

    @property
    def running(self) -> list[str]:
        return [query.plan.name for query in self.queries]


def test_exchange_whose_records_are_gone_does_not_end_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    watched = Watched(liquidity_binance=DataLost)
    assert watched.running == [name for name in ALL if name != "liquidity-binance"]
    assert watched.metrics.snapshot()["queries_lost"] == 1
    assert "query liquidity-binance is to read next" in capsys.readouterr().err


def test_job_that_counts_no_minute_any_more_ends(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataLost, match="liquidity-gemini"):
        Watched(liquidity_gemini=DataLost, liquidity_binance=DataLost)
    assert "query liquidity-binance" in capsys.readouterr().err


def test_query_that_a_restart_mends_ends_the_job() -> None:
    with pytest.raises(QueryDied, match="dead-letters-gemini"):
        Watched(dead_letters_gemini=QueryDied)


def test_java_that_is_gone_ends_the_job() -> None:
    with pytest.raises(SparkDied):
        Watched(Java(1))
