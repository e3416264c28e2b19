"""Captures of frames by other programs: one frame a line, with or without the time of its receipt. Pure.

    {"ts": 1624493666.63848, "data": "<frame>"}     a JSON object; further fields are passed over
    1723161253937085768 <frame>                     the time, a blank or a tab, the frame
    <frame>                                         no time of receipt: the exchange's own stands for it

A time is epoch seconds, ms, µs or ns, told by how large it is.
"""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

EARLIEST_MS = 1_230_768_000_000  # 2009: before it there was nothing to trade
LATEST_MS = 4_102_444_800_000  # 2100


class Layout(StrEnum):
    """How a line is laid out."""

    OBJECT = '{"ts": …, "data": "<frame>"}'
    TIME_AND_FRAME = "<time> <frame>"
    BARE = "<frame>"


class WrongCaptureLine(ValueError):
    """The line is not laid out as the first one of its file is; the text says how it is not."""


class _Object(msgspec.Struct):
    ts: int | float
    data: str


_objects = msgspec.json.Decoder(_Object)
_TIMED = re.compile(rb"(\d{9,20})[ \t]+(\S.*)", re.DOTALL)


def layout_of(first_line: bytes) -> Layout:
    """What the first line of a file shows."""
    if _TIMED.fullmatch(first_line.strip()):
        return Layout.TIME_AND_FRAME
    try:
        _objects.decode(first_line)
    except (ValueError, RecursionError):
        return Layout.BARE
    return Layout.OBJECT


def read_line(line: bytes, layout: Layout) -> tuple[float | None, bytes]:
    """When the frame was received, in epoch ms (None: the line does not say), and the frame.

    Raises WrongCaptureLine.
    """
    if layout is Layout.BARE:
        return None, line.strip()
    if layout is Layout.OBJECT:
        try:
            decoded = _objects.decode(line)
        except (ValueError, RecursionError) as error:
            raise WrongCaptureLine(f"expected {layout}, got {_shown(line)}: {error}") from None
        return _ms(decoded.ts), decoded.data.encode()
    timed = _TIMED.fullmatch(line.strip())
    if timed is None:
        raise WrongCaptureLine(f"expected {layout}, got {_shown(line)}")
    return _ms(int(timed[1])), timed[2]


def is_plausible(ms: int) -> bool:
    """Whether a frame may have been sent then."""
    return EARLIEST_MS <= ms < LATEST_MS


def _ms(time: int | float) -> float:
    ms: float = 0
    if time < 1e11:
        ms = round(time * 1000, 3)
    elif time < 1e14:
        ms = time
    else:
        # Whole numbers of ns have more digits than a float keeps.
        per_ms = 1_000 if time < 1e17 else 1_000_000
        ms = time // per_ms + time % per_ms / per_ms
    if is_plausible(int(ms)):
        return ms
    raise WrongCaptureLine(f"the time {time} is none between 2009 and 2100")


def _shown(line: bytes) -> str:
    text = line[:60].decode(errors="replace").rstrip()
    return repr(text + ("…" if len(line) > 60 else ""))
