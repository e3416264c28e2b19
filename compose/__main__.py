"""`python -m compose`: what the compose file runs besides the pipeline, and what `make` asks of a run in containers."""

import argparse
import sys
import time
from functools import partial

import msgspec
from rich.console import Console

from compose.forecast_service import PART, keep_forecast, make_once
from compose.run_status import containers_status
from compose.secret_files import admin_login, make_secrets
from compose.settings import ComposeSettings
from local.status_screen import status_screen
from pipeline.errors import EXIT_OK, WrongSettings
from pipeline.log import get_log
from pipeline.process import StopSignal, run_part
from pipeline.settings import load

# Wide enough that no column is cut where the output is no terminal.
PIPE_WIDTH = 200


def main(argv: list[str]) -> int:
    """The command line; returns the exit code."""
    arguments = _parser().parse_args(argv)
    if arguments.part:
        return run_part(arguments.part, ComposeSettings, partial(arguments.run, arguments))
    try:
        arguments.run(arguments, load(ComposeSettings))
    except WrongSettings as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m compose", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    made = commands.add_parser("secrets", help="make the secrets that are missing; can be repeated")
    made.set_defaults(run=_secrets, part="compose")
    forecast = commands.add_parser(
        "forecast", help="keep the run's forecast: train one where none serves, and again before it grows old or ends"
    )
    forecast.add_argument("--again", action="store_true", help="train it now, in any case, and end")
    forecast.set_defaults(run=_forecast, part=PART)
    status = commands.add_parser("status", help="what each part last reported, the topics, the documents")
    status.add_argument("--json", action="store_true", help="print it for machines")
    status.set_defaults(run=_status, part=None)
    password = commands.add_parser("password", help="print the administrator's login")
    password.set_defaults(run=_password, part=None)
    return parser


def _secrets(_: argparse.Namespace, settings: ComposeSettings, __: StopSignal) -> None:
    try:
        made = make_secrets(settings.compose_secrets)
    except OSError as error:
        raise WrongSettings(f"the secrets cannot be written: {error}; are their volumes this user's?") from error
    get_log("compose").info("secrets made" if made else "all secrets are there already", made=made)


def _forecast(arguments: argparse.Namespace, settings: ComposeSettings, stop: StopSignal) -> None:
    if arguments.again:
        make_once(settings, stop)
    else:
        keep_forecast(settings, stop)


def _status(arguments: argparse.Namespace, settings: ComposeSettings) -> None:
    status = containers_status(settings, int(time.time() * 1000))
    if arguments.json:
        print(msgspec.json.format(msgspec.json.encode(status)).decode(), flush=True)
        return
    console = Console()
    (console if console.is_terminal else Console(width=PIPE_WIDTH)).print(status_screen(status))


def _password(_: argparse.Namespace, settings: ComposeSettings) -> None:
    login = admin_login(settings.compose_secrets)
    if login is None:
        raise WrongSettings("there is no password yet: docker compose up makes it")
    print(f"user: {login[0]}\npassword: {login[1]}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
