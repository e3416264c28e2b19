"""A query that runs: how it goes, and why it ended if it did."""

import json
import time

from py4j.protocol import Py4JError
from pyspark.errors import StreamingQueryException
from pyspark.sql.streaming.query import StreamingQuery

from pipeline.errors import PipelineError
from pipeline.log import Log
from pipeline.metrics import Metrics
from spark_jobs.errors import DataLost, QueryDied
from spark_jobs.progress import Progress
from spark_jobs.queries import Plan

# Spark reports at least every 10 s, batch or no batch: longer silence means that it waits for Kafka or cannot keep up.
_SILENCE_SECONDS = 30.0
_LONGEST_WHY = 400
# The connector says so in one of two ways: while it plans a batch, and while it reads one.
_SIGNS_OF_LOSS = ("KAFKA_DATA_LOSS", "Some data may have been lost")


class RunningQuery:
    """One query, as the driver's main loop sees it. Calls raise `Py4JError` or `ConnectionError` when Java is gone."""

    def __init__(self, plan: Plan, query: StreamingQuery) -> None:
        self.plan = plan
        self._query = query
        self._progress = Progress()
        self._heard = time.monotonic()

    def end(self) -> PipelineError | None:
        """None while it runs, else what ended it."""
        if self._query.isActive:
            return None
        return why_it_ended(self.plan, self._query.exception())

    @property
    def is_silent(self) -> bool:
        """Whether Spark has not reported of it for so long that it waits for Kafka or cannot keep up."""
        return time.monotonic() - self._heard > _SILENCE_SECONDS

    def stop(self) -> None:
        """Ends it now; the batch in hand is done again by the next start. No matter if Java is gone already."""
        try:
            self._query.stop()
        except (Py4JError, ConnectionError):
            return

    def read_progress(self, metrics: Metrics, log: Log) -> None:
        """Sets the query's gauges from Spark's reports, and says so when these stay away."""
        before = self._progress
        self._progress = before.after([json.loads(report.json) for report in self._query.recentProgress])
        for name, value in self._progress.figures().items():
            metrics.gauge(f"{self.plan.name}.{name}", value)
        if self._progress.late > before.late:
            log.error(
                "records came later than event time allows and are missing in their minute",
                query=self.plan.name,
                rows=self._progress.late - before.late,
            )
        if self._progress.newest != before.newest:
            self._heard = time.monotonic()
        elif self.is_silent:
            log.warning(
                f"no batch of query {self.plan.name} for {time.monotonic() - self._heard:.0f} s: is Kafka away, "
                "or too much to do? It goes on by itself"
            )


def why_it_ended(plan: Plan, exception: StreamingQueryException | None) -> PipelineError:
    """What ended a query, by what can be done about it."""
    text = str(exception) if exception else "it was stopped from outside, as by Spark's web page"
    why = " ".join(text.split("JVM stacktrace")[0].split())[:_LONGEST_WHY]
    if any(sign in text for sign in _SIGNS_OF_LOSS):
        return DataLost(plan.name, plan.source_topic, plan.checkpoint, why)
    return QueryDied(plan.name, why)
