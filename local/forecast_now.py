"""Trains the demo's forecast when somebody asks for it, as a run does before it trades."""

import os
import subprocess
import sys
from collections.abc import Callable

from local.errors import LocalError
from local.forecast_kept import forecast_folder
from local.part_plans import forecast_commands
from local.settings import LocalSettings


class TrainingFailed(LocalError):
    """A command of the training ended badly; it has said why."""


def train_now(settings: LocalSettings, say: Callable[[str], None]) -> None:
    """Writes the history of the demo's market and trains on it. The bot of a demo that runs takes the new table.

    Raises `TrainingFailed`.
    """
    folder = forecast_folder(settings.run_dir)
    say(f"Training on the history of the demo's market, into {folder} (HISTORY=FILE: on minutes of yours) …")
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    for command, variables in forecast_commands(settings, sys.executable):
        done = subprocess.run(command, env={**os.environ, **variables}, stdin=subprocess.DEVNULL, check=False)
        if done.returncode:
            raise TrainingFailed(f"{' '.join(command[1:])} ended with exit code {done.returncode}; it says why above.")
