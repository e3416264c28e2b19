"""`python -m simulator`: the simulated exchange, and a history of its price."""

import argparse
import sys
import time
from pathlib import Path

from pipeline.errors import EXIT_CONFIG, EXIT_OK, WrongSettings
from pipeline.process import run_part
from pipeline.settings import load
from simulator.history import write_history
from simulator.scenes import SCENES
from simulator.server import serve
from simulator.settings import SimulatorSettings

_SCENES_HELP = (
    "scenes (repeat --scene; TIME is 30-60 in seconds from the start, or minute:2 or minute:2-4):\n"
    + "\n".join(f"  {name}@TIME{' ' * (16 - len(name))}{text}" for name, text in SCENES.items())
)


def main(argv: list[str]) -> int:
    """The command line."""
    arguments = _parser().parse_args(argv)
    return int(arguments.run(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="An exchange on this machine that speaks Gemini's protocol. All simulated.",
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    served = commands.add_parser(
        "serve",
        help="serve market data until stopped",
        epilog=_SCENES_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    served.add_argument("--scene", action="append", default=[], metavar="NAME@TIME", help="a planned fault; see below")
    served.add_argument("--play", type=Path, metavar="FILE", help="play frames, a line each: <milliseconds> <frame>")
    served.add_argument("--play-end", choices=("hold", "close"), help="after the file: heartbeats go on, or close")
    served.set_defaults(run=_serve)
    history = commands.add_parser("history", help="write minutes of the simulated price as CSV (Kaggle's columns)")
    history.add_argument("--out", type=Path, required=True, metavar="CSV", help="the file to write")
    history.add_argument("--days", type=float, default=2.0, help="how many days (2)")
    history.add_argument("--until", type=int, metavar="SECONDS", help="end, in epoch seconds (now)")
    history.set_defaults(run=_history)
    return parser


def _serve(arguments: argparse.Namespace) -> int:
    said: dict[str, object] = {}
    if arguments.scene:
        said["simulator_scenes"] = ",".join(arguments.scene)
    if arguments.play:
        said["simulator_play"] = arguments.play
    if arguments.play_end:
        said["simulator_play_end"] = arguments.play_end
    return run_part("simulator", SimulatorSettings, serve, **said)


def _history(arguments: argparse.Namespace) -> int:
    try:
        settings = load(SimulatorSettings)
    except WrongSettings as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIG
    until = arguments.until or int(settings.clock().wall_ms() / 1000) or int(time.time())
    minutes = max(1, round(arguments.days * 1440))
    write_history(arguments.out, settings.price(), until_s=until, minutes=minutes)
    print(f"{minutes} simulated minutes written to {arguments.out}")
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
