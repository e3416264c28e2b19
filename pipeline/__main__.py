"""`python -m pipeline topics`: makes the topics that are not there yet."""

import argparse
import sys

from pipeline.kafka_clients import await_broker
from pipeline.log import get_log
from pipeline.process import StopSignal, run_part
from pipeline.settings import PartSettings
from pipeline.topics import create_topics, topic_specs


def _make_topics(settings: PartSettings, stop: StopSignal) -> None:
    log = get_log("pipeline")
    if not await_broker(settings.kafka_bootstrap, stop, log):
        return
    made = create_topics(settings.kafka_bootstrap, topic_specs(settings.feed_partitions))
    log.info("topics made" if made else "all topics are there already", made=made)


def main(argv: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m pipeline", description="The plumbing's own commands.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "topics",
        help="make the Kafka topics that are not there yet",
        description="Waits for the broker (KAFKA_BOOTSTRAP), then makes what is missing. Can be repeated.",
    )
    parser.parse_args(argv)
    return run_part("pipeline", PartSettings, _make_topics)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
