"""Writes a recording, so that what was written is readable even when its writer is killed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import BinaryIO

import msgspec
import zstandard

from pipeline.errors import GaveUp, WrongSettings
from producers.arrivals import Arrival, Connected, ConnectionLost, FrameRefused, Instant
from producers.recordings.recording_format import VERSION, EndLine, EndReason, Header, encode_line, line_of

# What was written is in the file after so long, or so many bytes.
FLUSH_SECONDS = 1.0
FLUSH_BYTES = 1 << 20
# A block is packed by itself, so that a spoilt one spoils no other. Longer ones pack better.
BLOCK_SECONDS = 60.0
BLOCK_BYTES = 16 << 20
PACKING_LEVEL = 3


@dataclass(frozen=True, slots=True)
class Rotation:
    """A new file is begun after so many bytes (packed) or seconds; None: never for that."""

    most_bytes: int | None = None
    most_seconds: float | None = None


def part_path(path: Path, part: int) -> Path:
    """The file of the n-th part: `btc.zst`, `btc.0002.zst`, `btc.0003.zst` …"""
    return path if part == 1 else path.with_name(f"{path.stem}.{part:04d}{path.suffix}")


class RecordingWriter:
    """One recording, in one file or in several; use it as a context manager.

    Raises WrongSettings when there is a file already, or none can be made, and GaveUp when the disk takes no more.
    """

    def __init__(
        self,
        path: Path,
        exchange: str,
        protocol: str,
        links: Mapping[str, tuple[str, ...]],
        rotation: Rotation,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._header = Header(version=VERSION, exchange=exchange, protocol=protocol, links=dict(links))
        self._rotation = rotation
        self._seconds = seconds
        self._standing: dict[str, Connected] = {}
        self._last = Instant(0, 0.0)
        self.part = 0
        self.bytes_written = 0
        self._refuse_to_overwrite()
        self._begin_part()

    def __enter__(self) -> RecordingWriter:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, GaveUp):
            self._file.close()
        else:
            self._end_part("stopped")

    @property
    def path(self) -> Path:
        """The file that is written now."""
        return part_path(self._path, self.part)

    def write(self, arrival: Arrival) -> None:
        """Add an arrival; it is in the file with the next flush."""
        self._last = arrival.at
        self._add(encode_line(line_of(arrival)))
        if isinstance(arrival, Connected):
            self._standing[arrival.link] = arrival
        elif isinstance(arrival, ConnectionLost | FrameRefused):
            self._standing.pop(arrival.link, None)

    def flush_if_due(self) -> None:
        """To be called several times a second."""
        now = self._seconds()
        if self._unflushed and (now - self._flushed_at >= FLUSH_SECONDS or self._unflushed >= FLUSH_BYTES):
            self._flush(now)
            if self._is_full(now):
                self._end_part("next_part")
                self._begin_part()
                for connected in self._standing.values():
                    again = msgspec.structs.replace(connected, at=self._last)
                    self._add(encode_line(line_of(again, standing=True)))

    def _refuse_to_overwrite(self) -> None:
        later = f"{escape(self._path.stem)}.[0-9][0-9][0-9][0-9]{escape(self._path.suffix)}"
        there = [self._path] if self._path.exists() else sorted(self._path.parent.glob(later))
        if there:
            raise WrongSettings(f"{there[0]} is there already and is not overwritten: give another --out, or move it")

    def _begin_part(self) -> None:
        self.part += 1
        try:
            self._file: BinaryIO = self.path.open("xb", buffering=0)
        except OSError as error:
            why = f"{self.path} cannot be made: {error.strerror or error}"
            if self.part == 1:
                raise WrongSettings(f"--out: {why}") from error
            raise GaveUp(f"{why}; what was written before can be replayed") from error
        self._began_at = self._flushed_at = self._seconds()
        self._part_bytes = self._unflushed = 0
        self._begin_block()
        self._add(encode_line(msgspec.structs.replace(self._header, part=self.part)))
        self._flush(self._began_at)

    def _begin_block(self) -> None:
        self._packer = zstandard.ZstdCompressor(level=PACKING_LEVEL, write_checksum=True).compressobj()
        self._block_began_at = self._seconds()
        self._block_bytes = 0

    def _add(self, line: bytes) -> None:
        self._unflushed += len(line)
        self._block_bytes += len(line)
        self._put(self._packer.compress(line))

    def _flush(self, now: float) -> None:
        if now - self._block_began_at >= BLOCK_SECONDS or self._block_bytes >= BLOCK_BYTES:
            self._put(self._packer.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH))
            self._begin_block()
        else:
            self._put(self._packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
        self._unflushed = 0
        self._flushed_at = now

    def _end_part(self, reason: EndReason) -> None:
        self._add(encode_line(EndLine(at=self._last.wall_ms, monotonic=self._last.monotonic_ms, reason=reason)))
        self._put(self._packer.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH))
        self._file.close()

    def _is_full(self, now: float) -> bool:
        most_bytes, most_seconds = self._rotation.most_bytes, self._rotation.most_seconds
        return (most_bytes is not None and self._part_bytes >= most_bytes) or (
            most_seconds is not None and now - self._began_at >= most_seconds
        )

    def _put(self, packed: bytes) -> None:
        view = memoryview(packed)
        try:
            while view:
                written = self._file.write(view)
                view = view[written:]
        except OSError as error:
            raise GaveUp(
                f"{self.path} takes no more: {error.strerror or error}; what was written before can be replayed"
            ) from error
        self._part_bytes += len(packed)
        self.bytes_written += len(packed)
