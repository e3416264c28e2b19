"""Structured logs: one JSON object a line on standard error. Never give it a secret."""

import logging
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class Log:
    """Writes lines of one part; every keyword becomes a field."""

    # Of all logs: a process has one level.
    least = _LEVELS["info"]

    def __init__(self, part: str, stream: TextIO | None = None) -> None:
        """Writes to `stream`; by default to what is standard error at the time."""
        self.part = part
        self.stream = stream

    def debug(self, message: str, **fields: Any) -> None:
        """What only someone who looks for a fault wants to know."""
        self._write("debug", message, fields)

    def info(self, message: str, **fields: Any) -> None:
        """What happened."""
        self._write("info", message, fields)

    def warning(self, message: str, **fields: Any) -> None:
        """What went wrong and is being dealt with."""
        self._write("warning", message, fields)

    def error(self, message: str, **fields: Any) -> None:
        """What stops the part, or needs a person."""
        self._write("error", message, fields)

    def _write(self, level: str, message: str, fields: dict[str, Any]) -> None:
        stream = self.stream or sys.stderr
        if _LEVELS[level] < Log.least or stream is None:
            return
        line = {"time": datetime.now(UTC), "level": level, "part": self.part, "message": message, **fields}
        # A part whose log nobody reads any more goes on.
        with suppress(BrokenPipeError):
            stream.write(msgspec.json.encode(line, enc_hook=str).decode() + "\n")
            stream.flush()


_logs: dict[str, Log] = {}


def get_log(part: str) -> Log:
    """The log of a part; the same object for the same name."""
    return _logs.setdefault(part, Log(part))


def set_up_logs(level: str) -> None:
    """Sets the least level of every log of ours, and quiets the libraries: what they say, we say in our own words."""
    Log.least = _LEVELS[level]
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
