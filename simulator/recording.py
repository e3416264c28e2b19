"""A file of frames to be played. Pure but for reading the file.

A line is a frame as JSON text, or `<ms> <frame>` (a blank or a tab between them): when it came, in milliseconds of any
epoch; the first line is sent at once, the others as long after it as these numbers say. Without them each frame's own
`timestampms`, counted from the first in the file, says so; a frame without either is sent with the one before it. A
name ending in `.gz` is unpacked.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from simulator.errors import WrongRecording

_LINE = re.compile(r"(?:(\d+(?:\.\d+)?)[ \t]+)?(.*)", re.DOTALL)
_TIMESTAMP_MS = re.compile(r'("timestampms"\s*:\s*)(\d{1,18})')
_TIMESTAMP = re.compile(r'("timestamp"\s*:\s*)(\d{1,18})')
_SEQUENCE = re.compile(r'("socket_sequence"\s*:\s*)(\d{1,18})')


@dataclass(frozen=True)
class PlayedFrame:
    """A frame as it was recorded; `at_ms` counts from the start of the recording."""

    at_ms: float
    text: str

    @property
    def time_ms(self) -> int | None:
        """Its own time, None when it has none."""
        found = _TIMESTAMP_MS.search(self.text)
        return int(found[2]) if found else None

    @property
    def sequence(self) -> int | None:
        """Its `socket_sequence`, None when it has none."""
        found = _SEQUENCE.search(self.text)
        return int(found[2]) if found else None


def shifted(text: str, by_ms: int) -> str:
    """The frame with its times moved; everything else stays as it is, digit for digit."""
    own = _TIMESTAMP_MS.search(text)
    moved_ms = int(own[2]) + by_ms if own else None

    def seconds(found: re.Match[str]) -> str:
        moved = int(found[2]) * 1000 + by_ms if moved_ms is None else moved_ms
        return f"{found[1]}{moved // 1000}"

    text = _TIMESTAMP.sub(seconds, text, count=1)
    return _TIMESTAMP_MS.sub(rf"\g<1>{moved_ms}", text, count=1)


def renumbered(text: str, sequence: int) -> str:
    """The frame with this `socket_sequence`."""
    return _SEQUENCE.sub(rf"\g<1>{sequence}", text, count=1)


def frames_of(lines: Iterable[str]) -> Iterator[PlayedFrame]:
    """The frames of a recording, one after the other; empty lines are passed over."""
    first_time: int | None = None
    first_arrival: float | None = None
    at_ms = 0.0
    for line in lines:
        found = _LINE.fullmatch(line.strip())
        if found is None or not found[2]:
            continue
        frame = PlayedFrame(at_ms, found[2])
        time_ms = frame.time_ms
        if first_time is None:
            first_time = time_ms
        if found[1] is not None:
            first_arrival = float(found[1]) if first_arrival is None else first_arrival
            at_ms = max(at_ms, float(found[1]) - first_arrival)
        elif time_ms is not None and first_time is not None:
            at_ms = max(at_ms, float(time_ms - first_time))
        yield PlayedFrame(at_ms, found[2])


def read_recording(path: Path) -> Iterator[PlayedFrame]:
    """The frames of a file, read as they are needed; raises WrongRecording when it cannot be read or holds none."""
    is_empty = True
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            for frame in frames_of(lines):
                is_empty = False
                yield frame
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise WrongRecording(f"{path} cannot be played: {error}") from error
    if is_empty:
        raise WrongRecording(f"{path} cannot be played: it holds no frame")
