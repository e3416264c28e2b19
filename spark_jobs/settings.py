"""Settings of the liquidity job."""

from pathlib import Path

from pydantic import Field

from pipeline.settings import PartSettings


class SparkSettings(PartSettings):
    """What `python -m spark_jobs run` reads from the environment and `.env`."""

    spark_exchanges: str = Field(
        default="gemini",
        pattern=r"^[a-z0-9]+(,[a-z0-9]+)*$",
        description="exchanges whose feeds are summed, separated by commas; each has its own query and checkpoint",
    )
    spark_master: str = Field(default="local[2]", description="Spark's master URL")
    spark_jars_dir: Path = Field(
        default=Path("~/.cache/real-time-crypto/spark"),
        description="folder that holds the four jars of Spark's Kafka connector",
    )
    spark_driver_memory: str = Field(
        default="1g", pattern=r"^[1-9][0-9]*[mg]$", description="heap of Spark's Java process, such as 512m or 1g"
    )
    spark_driver_host: str = Field(
        default="127.0.0.1", description="address at which Spark's workers reach the job; another only for a cluster"
    )
    spark_ui_host: str = Field(default="127.0.0.1", description="address on which Spark's web pages listen")
    spark_ui_port: int = Field(
        default=4040, ge=0, le=65535, description="port of Spark's web pages; 0 takes a free one"
    )
    liquidity_delay_seconds: int = Field(
        default=1, ge=0, le=3600, description="how far event time must pass a minute's end before the minute is written"
    )
    liquidity_trigger_seconds: float = Field(
        default=1, gt=0, le=60, description="real seconds between two looks at a feed"
    )
    liquidity_batch_records: int = Field(
        default=50_000,
        ge=1_000,
        description="most records of a feed in one batch, so that a backlog is worked off evenly",
    )
    spark_dead_letter_seconds: float = Field(
        default=10, gt=0, le=600, description="real seconds between two looks for records that could not be read"
    )

    @property
    def exchanges(self) -> tuple[str, ...]:
        """The exchanges' names, each once."""
        return tuple(dict.fromkeys(self.spark_exchanges.split(",")))

    @property
    def checkpoints(self) -> Path:
        """The folder that holds each query's checkpoint, in a folder of the query's name."""
        return self.state_dir.resolve() / "checkpoints"

    @property
    def scratch(self) -> Path:
        """Where Spark puts what it needs only while it runs; emptied at each start."""
        return self.state_dir.resolve() / "spark-scratch"
