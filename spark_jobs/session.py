"""The Spark session of the liquidity job, and the JVM behind it."""

import os
import shutil
import subprocess
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyspark
from py4j.protocol import Py4JError
from pyspark.conf import SparkConf
from pyspark.core.context import SparkContext
from pyspark.sql import SparkSession

from spark_jobs.errors import NoConnector

CONNECTOR_JARS = ("spark-sql-kafka-0-10", "spark-token-provider-kafka-0-10", "kafka-clients", "commons-pool2")
"""What Spark needs beside itself to speak to Kafka, by the start of the file's name."""

_LOG_SETTINGS = Path(__file__).with_name("log4j2.properties")

# What a session of any job here needs, whatever its master. Types and places of decimals hang on the SQL settings.
_FIXED = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.decimalOperations.allowPrecisionLoss": "true",
    "spark.sql.session.timeZone": "UTC",
    # A few dozen rows a minute come out: one task does, and each further one writes its own state files every batch.
    # Part of a checkpoint: changing it needs a new one.
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.streaming.minBatchesToRetain": "20",
    # What streams cannot use, and warn of.
    "spark.sql.adaptive.enabled": "false",
    # Sorting the rows of one batch is safe, but Spark's check takes every sort in a stream for one of the whole stream.
    "spark.sql.streaming.unsupportedOperationCheck": "false",
    # Jobs of all queries take turns, so that one exchange's backlog does not hold up another's minute.
    "spark.scheduler.mode": "FAIR",
    "spark.ui.showConsoleProgress": "false",
    # The UI's memory of finished work: a batch a second would fill the driver otherwise.
    "spark.ui.retainedJobs": "200",
    "spark.ui.retainedStages": "200",
    "spark.ui.retainedTasks": "2000",
    "spark.sql.ui.retainedExecutions": "50",
    "spark.sql.streaming.ui.retainedProgressUpdates": "60",
}


def connector_jars(directory: Path) -> list[Path]:
    """The four connector jars in `directory`; raises `NoConnector` naming those that are not there."""
    found = {name: sorted(directory.glob(f"{name}*.jar")) for name in CONNECTOR_JARS}
    absent = [name for name, jars in found.items() if not jars]
    if absent:
        raise NoConnector(directory, absent)
    return [jars[-1] for jars in found.values()]


@dataclass(frozen=True)
class SessionPlan:
    """What is settable about a session. `ui` is the address of Spark's web pages, None for none; `memory` Java's heap;
    `scratch` a folder of the session's own, emptied at its start."""

    name: str
    master: str
    jars: Sequence[Path]
    ui: tuple[str, int] | None
    memory: str
    scratch: Path
    driver_host: str = "127.0.0.1"


def start_session(plan: SessionPlan) -> SparkSession:
    """A session with its own JVM (`JAVA_HOME` says which JDK); takes some seconds.

    Raises `PySparkRuntimeError` when the JVM does not come up.
    """
    # A killed run leaves its files.
    shutil.rmtree(plan.scratch, ignore_errors=True)
    _temporary(plan).mkdir(parents=True)
    _set_environment(plan)
    # Said at the first use of a function; nothing here touches pandas.
    warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
    conf = SparkConf(loadDefaults=False).setAll(list(_settings(plan).items()))
    return SparkSession.builder.config(conf=conf).getOrCreate()


def _set_environment(plan: SessionPlan) -> None:
    """What Spark can be told in no other way; and no other Spark on the machine has a say."""
    os.environ["SPARK_HOME"] = str(Path(pyspark.__file__).parent)
    os.environ["SPARK_LOCAL_IP"] = plan.ui[0] if plan.ui else "127.0.0.1"
    os.environ["SPARK_LOCAL_DIRS"] = str(plan.scratch.resolve())
    for name in ("SPARK_CONF_DIR", "PYSPARK_SUBMIT_ARGS"):
        os.environ.pop(name, None)


def _temporary(plan: SessionPlan) -> Path:
    """What the JVM takes for the machine's folder of temporary files."""
    return plan.scratch.resolve() / "tmp"


def _settings(plan: SessionPlan) -> Mapping[str, str]:
    return _FIXED | {
        "spark.app.name": plan.name,
        "spark.master": plan.master,
        "spark.jars": ",".join(str(jar.resolve()) for jar in plan.jars),
        "spark.driver.memory": plan.memory,
        "spark.driver.host": plan.driver_host,
        "spark.driver.bindAddress": plan.driver_host,
        "spark.driver.extraJavaOptions": (
            f'-Dlog4j2.configurationFile={_LOG_SETTINGS.as_uri()} "-Djava.io.tmpdir={_temporary(plan)}"'
        ),
        "spark.sql.warehouse.dir": str(plan.scratch.resolve() / "warehouse"),
        "spark.ui.enabled": str(plan.ui is not None).lower(),
        "spark.ui.port": str(plan.ui[1]) if plan.ui else "0",
    }


def java_process(spark: SparkSession) -> subprocess.Popen[bytes]:
    """The session's JVM as a process. Only the gateway knows it, in an attribute that PySpark does not publish."""
    process: subprocess.Popen[bytes] = spark.sparkContext._gateway.proc  # type: ignore[union-attr]
    return process


def end_session(spark: SparkSession, patience_seconds: float = 15) -> None:
    """Stop Spark and see its JVM out, killing it after `patience_seconds`; does nothing about a JVM that is gone."""
    process = java_process(spark)
    gateway = spark.sparkContext._gateway
    if process.poll() is None:
        with suppress(Py4JError, ConnectionError):
            spark.stop()
    gateway.shutdown()  # type: ignore[union-attr]
    SparkContext._gateway = SparkContext._jvm = None
    # The JVM leaves when its standard input ends.
    with suppress(BrokenPipeError):
        process.stdin.close()  # type: ignore[union-attr]
    try:
        process.wait(patience_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
