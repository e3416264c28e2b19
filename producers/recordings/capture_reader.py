"""Reads a capture of another program as the arrivals of one link, though it tells nothing of connections."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from producers.arrivals import Arrival, Connected, ConnectionLost, FrameArrived, Instant
from producers.errors import MalformedFrame
from producers.protocol import Frame, Protocol
from producers.recordings.capture_layouts import Layout, WrongCaptureLine, is_plausible, read_line
from producers.recordings.errors import WrongRecording
from producers.recordings.moment import Moment, Told
from producers.recordings.recorded_lines import RecordedLines

# Nothing for longer means that the capture was interrupted: no exchange is so quiet, and no client would wait.
LONGEST_SILENCE_MS = 60_000
# So many frames are looked at for the first time when the lines themselves have none.
MOST_WITHOUT_TIME = 10_000


class CaptureArrivals:
    """The frames of a capture, all on the link `link`. Raises WrongRecording.

    A frame with the number that a connection's first frame has begins a new connection. Where the book of a connection
    tells itself apart from changes, one begins too after an interruption, and after one that the feed gave up.
    """

    def __init__(
        self, path: Path, layout: Layout, protocol: Protocol, link: str, *, begins_anywhere: bool = False
    ) -> None:
        """`begins_anywhere`: a connection may begin in the middle, whatever the protocol says of its first frame."""
        self._lines = RecordedLines(path)
        self._layout = layout
        self._protocol = protocol
        self._link = link
        self._begins_anywhere = begins_anywhere or (
            protocol.first_sequence is None and not protocol.first_changes_are_snapshot
        )
        self._connections = 0
        self._connection: str | None = None
        self._frames = 0
        self._at: Instant | None = None
        self.notes: list[str] = []

    @property
    def bytes_read(self) -> int:
        """How far the file is read."""
        return self._lines.bytes_read

    @property
    def size(self) -> int:
        """The file's size in bytes."""
        return self._lines.size

    def __iter__(self) -> Iterator[Told]:
        for received, payload in self._timed():
            before, at = self._at, self._instant(received)
            self._at = at
            if before is not None and at.monotonic_ms - before.monotonic_ms > LONGEST_SILENCE_MS:
                seconds = round((at.monotonic_ms - before.monotonic_ms) / 1000)
                self.notes.append(f"nothing for {seconds} s: taken for an interruption of the capture")
                yield from self._lose("recording_gap", before)
            yield Moment(at)
            if before is None or self._begins_connection(payload):
                yield from self._lose("disconnected", at)
                yield from self._connect(at)
            elif self._connection is None and self._begins_anywhere:
                yield from self._connect(at)
            yield FrameArrived(self._link, self._connection or "", self._frames, payload, at)
            self._frames += 1
        if self._at is None:
            raise WrongRecording(self._lines.path, "holds no frame")
        if self._lines.cut_off is not None:
            self.notes.append(f"{self._lines.path}: {self._lines.cut_off}; all before that is used")

    def cut(self, connection: str) -> None:
        """The feed gave this connection up."""
        if connection == self._connection:
            self._connection = None

    def _connect(self, at: Instant) -> Iterator[Arrival]:
        self._connections += 1
        self._frames = 0
        self._connection = f"{self._protocol.exchange}-recording-{self._connections}"
        yield Connected(self._link, self._connection, at)

    def _lose(self, reason: str, at: Instant) -> Iterator[Arrival]:
        if self._connection is not None:
            yield ConnectionLost(self._link, self._connection, reason, "", at)
            self._connection = None

    def _begins_connection(self, payload: bytes) -> bool:
        if self._protocol.first_sequence is None:
            return False
        frame = self._parsed(payload)
        return frame is not None and frame.sequence == self._protocol.first_sequence

    def _instant(self, received: float) -> Instant:
        """Neither clock goes back."""
        ms = received if self._at is None else max(received, self._at.monotonic_ms)
        return Instant(int(ms), ms)

    def _timed(self) -> Iterator[tuple[float, bytes]]:
        """Each frame with its time of receipt, or what stands for it."""
        without_time: list[bytes] = []
        last: float | None = None
        for number, line in self._lines:
            try:
                received, payload = read_line(line, self._layout)
            except WrongCaptureLine as error:
                if number == self._lines.unended:
                    self.notes.append(f"{self._lines.path}, line {number} is incomplete and left out")
                    break
                raise WrongRecording(self._lines.path, str(error), number) from None
            if self._layout is Layout.BARE:
                received = self._own_time(payload)
            last = last if received is None else received
            if last is not None:
                for waiting in without_time:
                    yield last, waiting
                without_time.clear()
                yield last, payload
                continue
            without_time.append(payload)
            if len(without_time) > MOST_WITHOUT_TIME:
                break
        if without_time:
            raise WrongRecording(
                self._lines.path,
                f"none of its first {len(without_time)} frames has a time that {self._protocol.exchange} "
                f"{self._protocol.name} knows, nor a time of receipt",
            )

    def _own_time(self, payload: bytes) -> int | None:
        frame = self._parsed(payload)
        if frame is None:
            return None
        times = (frame.exchange_time, *(news.exchange_time for news in frame.news))
        return next((time for time in times if time is not None and is_plausible(time)), None)

    def _parsed(self, payload: bytes) -> Frame | None:
        try:
            return self._protocol.parse(payload)
        except MalformedFrame:
            return None
