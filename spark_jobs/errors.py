"""What ends the liquidity job, named by what is to be done about it."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import GaveUp, TemporarilyUnavailable, WrongSettings


class NoConnector(WrongSettings):
    """Spark's Kafka connector is not where the settings say."""

    def __init__(self, directory: Path, absent: Sequence[str]) -> None:
        super().__init__(f"SPARK_JARS_DIR: {directory} lacks {', '.join(absent)}; `make setup` fetches them")


class QueryDied(TemporarilyUnavailable):
    """A query ended by itself; a restart resumes it from its checkpoint."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"query {name} died and a restart resumes it from its checkpoint: {why}")


class SparkDied(TemporarilyUnavailable):
    """Spark's Java process is gone; a restart resumes every query from its checkpoint."""

    def __init__(self) -> None:
        super().__init__("Spark's Java process is gone; a restart resumes every query from its checkpoint")


class DataLost(GaveUp):
    """Kafka no longer has what a query is to read next: no restart helps, a person has to decide."""

    def __init__(self, name: str, topic: str, checkpoint: Path, why: str) -> None:
        super().__init__(
            f"topic {topic} no longer holds the records that query {name} is to read next: it was deleted, made anew "
            f"or kept too briefly; move the checkpoint {checkpoint} away and start Spark anew, to begin with the "
            f"topic's first record (minutes in between are lost): {why}"
        )


class NoJava(WrongSettings):
    """Spark's Java process did not come up."""

    def __init__(self) -> None:
        super().__init__("Spark's Java did not start (its own words are above): JAVA_HOME must name a JDK 21 or newer")
