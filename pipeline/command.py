"""The life of a command that a person types, waits for and reads: settings, one line for what goes wrong, Ctrl-C.

A part that runs until it is stopped is `pipeline.process`.
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pipeline.errors import EXIT_OK, PipelineError, WrongSettings
from pipeline.log import set_up_logs
from pipeline.settings import PartSettings, load

S = TypeVar("S", bound=PartSettings)
T = TypeVar("T")

EXIT_INTERRUPTED = 130


def run_command(name: str, settings: type[S], main: Callable[[S], None], **overrides: Any) -> int:
    """Runs it and returns the exit code. What a command expects may happen is one line on standard error."""
    try:
        loaded = load(settings, **overrides)
        set_up_logs(loaded.log_level)
        main(loaded)
    except PipelineError as error:
        sys.stderr.write(f"{name}: {error}\n")
        return error.exit_code
    except BrokenPipeError:
        # Whoever read our output has gone; what is still buffered goes nowhere, without a complaint at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        sys.stderr.write(f"{name}: interrupted\n")
        return EXIT_INTERRUPTED
    return EXIT_OK


def argument(read: Callable[[str], T]) -> Callable[[str], T]:
    """What argparse reads a word with, so that the reason of a ValueError is what the user is told."""

    def told(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return told


def number_up_to(most: int) -> Callable[[str], int]:
    """What argparse reads a whole number from 1 to `most` with."""

    def read(text: str) -> int:
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise ValueError(f"expected a number from 1 to {most}, got {text!r}")
        return int(text)

    return argument(read)


def write_answer(text: bytes) -> None:
    """Write what was asked for to standard output, with a line's end. Raises `WrongSettings`, `BrokenPipeError`."""
    out = sys.stdout.buffer
    try:
        out.write(text + b"\n")
        out.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise WrongSettings(f"standard output cannot be written: {error.strerror}") from error


def refuse_to_overwrite(option: str, path: Path | None, source: str | None) -> None:
    """Raises `WrongSettings` when what is to be written is what is to be read."""
    if path is not None and source is not None and path.exists() and Path(source).exists() and path.samefile(source):
        raise WrongSettings(f"{option}: {path} is what is read: choose another file")
