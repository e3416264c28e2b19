"""A Spark for all tests of the job's frames."""

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from local.jdk import Jdk
from spark_jobs.session import SessionPlan, end_session, start_session
from tests.spark_jobs.job_process import SHORT_LIVED_JAVA


@pytest.fixture(scope="session")
def spark(jdk: Jdk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A session without connector and web pages: for static frames."""
    scratch = tmp_path_factory.mktemp("spark") / "scratch"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("JAVA_HOME", str(jdk.home))
        environment.setenv("JDK_JAVA_OPTIONS", SHORT_LIVED_JAVA)
        session = start_session(SessionPlan("tests", "local[2]", jars=(), ui=None, memory="512m", scratch=scratch))
    # The variables were for its Java alone: with them, Elasticsearch of a later test would not start.
    yield session
    end_session(session)
