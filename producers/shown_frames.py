"""What arrived, as lines for a terminal. Pure."""

from __future__ import annotations

import msgspec


class _Events(msgspec.Struct):
    events: list[msgspec.Raw]


_events = msgspec.json.Decoder(_Events)


def event_lines(payload: bytes) -> list[str]:
    """Each event of a frame that has several, as it stands in it; else the frame."""
    try:
        events = _events.decode(payload).events
    except (ValueError, RecursionError):
        return [frame_line(payload)]
    return [frame_line(bytes(event)) for event in events]


def frame_line(payload: bytes) -> str:
    """The frame as one line. What a terminal would obey instead of showing it is escaped."""
    text = payload.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else "".join(map(_printable, text))


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character in "\r\n\t" else character.encode("unicode_escape").decode()
