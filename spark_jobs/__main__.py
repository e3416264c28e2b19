"""`python -m spark_jobs run`: the liquidity ratio of every minute, from the feeds in Kafka to `spark.out`."""

import argparse
import sys

from pipeline.process import run_part
from spark_jobs.run import run
from spark_jobs.settings import SparkSettings


def main(argv: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m spark_jobs", description="The liquidity job on Spark.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "run",
        help="sum each minute of the feeds and write its ratio to spark.out, until stopped",
        description=(
            "One query and checkpoint for each exchange in SPARK_EXCHANGES, from <exchange>-feed to spark.out; what "
            "cannot be read goes to dead-letters. Needs KAFKA_BOOTSTRAP, SPARK_JARS_DIR, and JAVA_HOME for a JDK 21 "
            "or newer; keeps its checkpoints in STATE_DIR. Ends with 0 when asked to stop, 75 when a restart is the "
            "cure, 70 or 78 when a person must look."
        ),
    )
    parser.parse_args(argv)
    return run_part("spark", SparkSettings, run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
