"""`python -m indexer run`: keeps Elasticsearch up to date with Kafka."""

import argparse
import sys

from indexer.run import run
from indexer.settings import IndexerSettings
from pipeline.process import run_part


def main(argv: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m indexer", description="Kafka → Elasticsearch.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "run",
        help="write every record once, until stopped",
        description="Writes minutes, corrections, trades, the bot's journal, forecasts and health to Elasticsearch. "
        "Waits for Kafka and Elasticsearch; goes on where it stood.",
    )
    parser.parse_args(argv)
    return run_part("indexer", IndexerSettings, run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
