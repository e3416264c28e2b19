"""Reads what the recorder wrote, as the arrivals that it was written from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from producers.arrivals import Arrival, ConnectionLost, Instant
from producers.recordings.errors import WrongRecording
from producers.recordings.recorded_lines import RecordedLines
from producers.recordings.recording_format import (
    VERSION,
    ConnectedLine,
    EndLine,
    EventLine,
    FrameLine,
    Header,
    LostLine,
    RefusedLine,
    WrongLine,
    arrival_of,
    decode_line,
)
from producers.recordings.recording_writer import part_path


def read_header(path: Path, first_line: bytes) -> Header:
    """What the recording says of itself. Raises WrongRecording."""
    try:
        header = decode_line(first_line)
    except WrongLine as error:
        raise WrongRecording(path, f"not the head of a recording: {error}", 1) from None
    if not isinstance(header, Header):
        raise WrongRecording(path, "not the head of a recording", 1)
    if header.version != VERSION:
        raise WrongRecording(
            path, f"a recording of version {header.version}; this program reads version {VERSION}: take a newer one", 1
        )
    return header


class RecorderArrivals:
    """The arrivals of a recording and of the parts that follow it. Raises WrongRecording.

    The monotonic clock goes on from one part to the next one. A connection whose frames do not follow one another (a
    part is missing, or was cut off) is told as lost.
    """

    def __init__(self, path: Path, *, begins_anywhere: bool = False) -> None:
        """`begins_anywhere`: the first frames of a connection that stood before the recording need not be there."""
        self._path = path
        self._begins_anywhere = begins_anywhere
        self.notes: list[str] = []
        self.bytes_read = 0
        self.size = sum(path.stat().st_size for path in _parts(path))
        self._link_of: dict[str, str] = {}
        self._next_number: dict[str, int] = {}
        self._current: dict[str, str] = {}
        self._at = Instant(0, 0.0)
        self._head: Header | None = None

    def __iter__(self) -> Iterator[Arrival]:
        read_before = 0
        for path in _parts(self._path):
            lines = RecordedLines(path)
            end: EndLine | None = None
            for line in self._decoded(lines):
                self.bytes_read = read_before + lines.bytes_read
                if isinstance(line, EndLine):
                    end = line
                else:
                    yield from self._in_order(line)
            read_before += lines.size
            self._note_end(lines, end)
        if end is not None and end.reason == "next_part":
            self.notes.append("the recording goes on in a further part, which is not there")

    def _decoded(self, lines: RecordedLines) -> Iterator[EventLine | EndLine]:
        """All lines of a part but its head; the clock stands at their time."""
        offset: float | None = None
        for number, line in lines:
            try:
                decoded = decode_line(line)
                if isinstance(decoded, Header):
                    self._check_head(decoded, lines.path)
                    continue
                if isinstance(decoded, FrameLine | RefusedLine) and decoded.connection not in self._link_of:
                    raise WrongLine(f"a frame of {decoded.connection}, which was never connected")
            except WrongLine as error:
                raise WrongRecording(lines.path, f"not a line of a recording: {error}", number) from None
            if offset is None:
                offset = self._offset(decoded.at, decoded.monotonic)
            self._at = Instant(decoded.at, max(self._at.monotonic_ms, decoded.monotonic + offset))
            if isinstance(decoded, ConnectedLine | LostLine):
                self._link_of[decoded.connection] = decoded.link
            yield decoded

    def _check_head(self, head: Header, path: Path) -> None:
        """A part must be of the same recording; which one it is may differ, where one before it is missing."""
        before, self._head = self._head, head
        if before is None:
            return
        if msgspec.structs.replace(before, part=head.part) != head:
            raise WrongRecording(
                path, "a part of another recording: move it away, or give it by itself to replay that one", 1
            )

    def cut(self, connection: str) -> None:
        """The feed gave this connection up: what the exchange sent on the next one was recorded too."""

    def _offset(self, wall_ms: int, monotonic: float) -> float:
        """What to add to this part's monotonic times: it is as much later than the last as its wall clock is."""
        if not self._at.wall_ms:
            return 0.0
        return self._at.monotonic_ms + max(0, wall_ms - self._at.wall_ms) - monotonic

    def _in_order(self, line: EventLine) -> Iterator[Arrival]:
        connection = line.connection
        link = self._link_of[connection]
        if isinstance(line, ConnectedLine):
            if line.standing and self._current.get(link) == connection:
                return
            self._current[link] = connection
            if not (line.standing and self._begins_anywhere):
                self._next_number[connection] = 0
        elif isinstance(line, FrameLine) and line.number >= 0:
            expected = self._next_number.get(connection, line.number)
            self._next_number[connection] = line.number + 1
            if line.number != expected:
                self.notes.append(f"frames {expected} to {line.number - 1} of {connection} are not in the recording")
                yield ConnectionLost(link, connection, "recording_gap", "frames are missing in the recording", self._at)
        yield arrival_of(line, link, self._at)

    def _note_end(self, lines: RecordedLines, end: EndLine | None) -> None:
        if lines.cut_off is not None:
            self.notes.append(
                f"{lines.path}: {lines.cut_off}: its recorder was killed, or still writes; all before that is used"
            )
        elif end is None:
            self.notes.append(
                f"{lines.path} has no end: its recorder was killed, or still writes; all that is there is used"
            )


def _parts(path: Path) -> Iterator[Path]:
    """The file, and the parts that follow it if it is a first one."""
    yield path
    part = 2
    while (following := part_path(path, part)).exists():
        yield following
        part += 1
