"""`python -m kibana setup` brings data views and dashboards into Kibana; `build` writes them to a file."""

import argparse
import sys
from pathlib import Path

from kibana.content import saved_objects
from kibana.dashboards import dashboards
from kibana.saved_objects import ndjson
from kibana.settings import KibanaSettings
from kibana.setup import set_up
from pipeline.errors import EXIT_CONFIG, EXIT_OK, WrongSettings
from pipeline.process import run_part
from pipeline.settings import load


def main(argv: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m kibana", description="Kibana's data views and dashboards.")
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser(
        "build",
        help="write all objects to a file (NDJSON)",
        description="Writes what `setup` imports, to be imported by hand: Stack Management, Saved Objects, Import. "
        "Settings: BOT_RATIO_MIN and BOT_RATIO_MAX, the thresholds drawn.",
    )
    build.add_argument("--out", type=Path, required=True, metavar="FILE", help="file to write; Kibana wants .ndjson")
    commands.add_parser(
        "setup",
        help="bring all objects into Kibana",
        description="Waits for Kibana, imports all objects (replacing older ones of ours) and sets the time zone to "
        "UTC. Can be repeated. Settings: KIBANA_URL, KIBANA_USERNAME, KIBANA_PASSWORD or KIBANA_PASSWORD_FILE, "
        "KIBANA_WAIT_SECONDS, BOT_RATIO_MIN, BOT_RATIO_MAX. Exit codes: 0 all is there, 70 Kibana refuses an object, "
        "75 Kibana is away, 78 wrong settings.",
    )
    arguments = parser.parse_args(argv)
    if arguments.command == "setup":
        return run_part("kibana", KibanaSettings, set_up)
    return _build(arguments.out)


def _build(file: Path) -> int:
    try:
        objects = saved_objects(dashboards(load(KibanaSettings).ratio_bounds))
    except WrongSettings as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIG
    try:
        file.write_bytes(ndjson(objects))
    except OSError as error:
        print(f"{file} cannot be written: {error.strerror or error}", file=sys.stderr)
        return EXIT_CONFIG
    print(f"{len(objects)} objects written to {file}")
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
