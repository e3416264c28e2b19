"""`python -m bot`: run it, tell a running one what to do, or try it on a recorded feed."""

import argparse
import sys
from functools import partial
from typing import cast

from bot import backtest_command
from bot.backtest_command import run_backtest
from bot.commands import ACTIONS, give_command
from bot.run import run
from bot.settings import BotSettings, IdentitySettings
from market.journal import CommandAction
from pipeline.command import run_command
from pipeline.errors import EXIT_OK, PipelineError
from pipeline.process import run_part
from pipeline.settings import load


def parser() -> argparse.ArgumentParser:
    """The command line."""
    whole = argparse.ArgumentParser(
        prog="python -m bot",
        description="Joins each minute's ratio with the forecast and trades: on paper unless BOT_MODE says otherwise.",
        epilog="Settings come from the environment and .env; docs/settings.md lists them.",
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("run", help="trade until stopped")
    backtest_command.add(commands)
    for action, what in ACTIONS.items():
        commands.add_parser(action, help=f"tell the running bot: {what}")
    return whole


def main(argv: list[str]) -> int:
    """Run what was asked for; the exit codes are those of `pipeline.errors`."""
    chosen = parser().parse_args(argv)
    command = chosen.command
    if command == "run":
        return run_part("bot", BotSettings, run)
    if command == "backtest":
        # On paper, whatever the running bot does: no key is read.
        return run_command("backtest", BotSettings, partial(run_backtest, chosen), bot_mode="paper")
    try:
        given = give_command(load(IdentitySettings), cast(CommandAction, command))
    except PipelineError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(f"{given.bot} is told to {given.action}; its journal will say when it did")
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
