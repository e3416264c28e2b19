"""`python -m local`: the whole pipeline on this machine, without Docker."""

import argparse
import os
import signal
import sys
from pathlib import Path
from threading import Event

import msgspec
from rich.console import Console

from local.demo import DemoOptions, run_demo
from local.demo_output import make_show
from local.demo_reset import forget, removed_text
from local.errors import LocalError
from local.forecast_now import train_now
from local.readiness import fetched_tools, ready_tools
from local.settings import LocalSettings
from local.status import run_status
from local.status_screen import status_screen
from local.tail import tail
from pipeline.errors import EXIT_CONFIG, EXIT_OK, WrongSettings
from pipeline.settings import load

EXIT_FAILED = 1
EXIT_NOT_RUNNING = 3
# Wide enough that no column is cut where the output is no terminal.
PIPE_WIDTH = 200


def main(argv: list[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments, load(LocalSettings)))
    except WrongSettings as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIG
    except LocalError as error:
        print(error, file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        # Only while nothing is started yet: afterwards Ctrl-C is a request to stop.
        print("Interrupted before anything was started.", file=sys.stderr)
        return EXIT_FAILED
    except BrokenPipeError:
        # Whoever read our output has gone; what is still buffered goes nowhere, without a complaint at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except OSError as error:
        if error.filename is None:
            raise
        # A folder that may not be written to, or is a file.
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return EXIT_FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local",
        description="The whole pipeline on this machine. Exit codes: 0 well, 1 failed (the reason is printed), "
        "3 nothing runs (status), 78 wrong settings.",
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_demo(commands)
    setup = commands.add_parser("setup", help="fetch the servers' artifacts and check this machine, then end")
    setup.set_defaults(run=_setup)
    forecast = commands.add_parser("forecast", help="train the demo's forecast anew, on the history of its market")
    forecast.set_defaults(run=_forecast)
    status = commands.add_parser("status", help="what is up, its address, when it wrote last, and counts")
    status.add_argument("--json", action="store_true", help="print it for machines")
    status.set_defaults(run=_status)
    _add_tail(commands)
    reset = commands.add_parser("reset", help="forget all runs of this source: remove their state folder")
    reset.set_defaults(run=_reset)
    return parser


def _add_demo(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    demo = commands.add_parser("demo", help="start everything and show each minute's ratio and decision until Ctrl-C")
    demo.add_argument("--minutes", type=_at_least_one, metavar="N", help="stop after N finished minutes")
    demo.add_argument("--picture", type=Path, metavar="FILE", help="write the last screen as an SVG picture")
    demo.set_defaults(run=_demo)


def _add_tail(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser("tail", help="print a topic as it fills, one JSON line a record")
    command.add_argument("topic", help="such as gemini-feed, spark.out, health")
    command.add_argument("--from-start", action="store_true", help="begin with the oldest record")
    command.add_argument("--count", type=_at_least_one, metavar="N", help="end after N records")
    command.set_defaults(run=_tail)


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1 on, got {text!r}")
    return int(text)


def _demo(arguments: argparse.Namespace, settings: LocalSettings) -> int:
    console = _console()
    tools = ready_tools(settings, os.environ, console)
    stop = _stop_on(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    run_demo(settings, tools, DemoOptions(arguments.minutes, arguments.picture), make_show(console), stop)
    return EXIT_OK


def _setup(_: argparse.Namespace, settings: LocalSettings) -> int:
    tools = fetched_tools(settings, os.environ, _console(), ports={})
    print(f"Ready: JDK {tools.jdk.version} in {tools.jdk.home}, the servers' files in {tools.spark_jars.parent}.")
    return EXIT_OK


def _forecast(_: argparse.Namespace, settings: LocalSettings) -> int:
    train_now(settings, lambda text: print(text, flush=True))
    return EXIT_OK


def _status(arguments: argparse.Namespace, settings: LocalSettings) -> int:
    status = run_status(settings)
    if arguments.json:
        print(msgspec.json.format(msgspec.json.encode(status)).decode(), flush=True)
    else:
        _console().print(status_screen(status))
    return EXIT_OK if status.running else EXIT_NOT_RUNNING


def _tail(arguments: argparse.Namespace, settings: LocalSettings) -> int:
    stop = _stop_on(signal.SIGINT, signal.SIGTERM)
    tail(
        settings.bootstrap,
        arguments.topic,
        from_start=arguments.from_start,
        count=arguments.count,
        write=lambda text: print(text, flush=True),
        is_stopped=stop.is_set,
    )
    return EXIT_OK


def _reset(_: argparse.Namespace, settings: LocalSettings) -> int:
    print(removed_text(forget(settings.run_dir), settings.run_dir))
    return EXIT_OK


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=PIPE_WIDTH)


def _stop_on(*signals: signal.Signals) -> Event:
    stop = Event()
    for signum in signals:
        signal.signal(signum, lambda *_: stop.set())
    return stop


if __name__ == "__main__":
    sys.exit(main())
