"""Plays a file of frames: one a line, `<milliseconds> <frame>`, the milliseconds counted from any epoch.

Times inside the frames (`timestampms`, `timestamp`) are moved by one constant, so that the first line happens when the
connection is made; all else, the sequence numbers included, is played as it is recorded.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from simulator.errors import WrongRecording


@dataclass(frozen=True)
class PlayedFrame:
    """A frame and when it came, in milliseconds of the recording."""

    time_ms: int
    text: str


def read_recording(path: Path) -> Iterator[PlayedFrame]:
    """The frames of a file, line by line; raises `WrongRecording` naming the line."""
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                time_text, _, frame = line.strip().partition(" ")
                if not time_text.isdecimal() or not frame.startswith("{"):
                    raise WrongRecording(f"{path}, line {number}: expected '<milliseconds> <frame as JSON>'")
                yield PlayedFrame(int(time_text), frame)
    except OSError as error:
        raise WrongRecording(f"{path} cannot be read: {error}") from error


def moved(frame: PlayedFrame, by_ms: int) -> str:
    """The frame's text with its times moved; a frame without times, or that is not JSON, stays as it is."""
    try:
        content = msgspec.json.decode(frame.text)
    except msgspec.DecodeError:
        return frame.text
    if not isinstance(content, dict) or not isinstance(content.get("timestampms"), int):
        return frame.text
    content["timestampms"] += by_ms
    if "timestamp" in content:
        content["timestamp"] = content["timestampms"] // 1000
    return msgspec.json.encode(content).decode()


def last_sequence(text: str) -> int | None:
    """The `socket_sequence` of a frame, if it has one."""
    try:
        content = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None
    sequence = content.get("socket_sequence") if isinstance(content, dict) else None
    return sequence if isinstance(sequence, int) else None
