"""The lines of a recording: plain text, or packed by gzip or zstandard, told by its first bytes, not by its name.

What was packed is unpacked as it is needed. Whoever writes a recording may be killed: a file that ends in the middle of
a line or of a packed block is read up to there, and `cut_off` says so.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import zstandard

from producers.recordings.errors import WrongRecording

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
GZIP_MAGIC = b"\x1f\x8b"
# Small enough that a progress in per cent means something; what is packed becomes a multiple of it.
CHUNK_BYTES = 1 << 16
PACKED_CHUNK_BYTES = 1 << 14
LONGEST_LINE_BYTES = 256 << 20


class RecordedLines:
    """Iterate over it, once, to get (line number from 1, line) of all lines that are not empty.

    Raises WrongRecording when the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cut_off: str | None = None
        # The last line where it lacks its end, so that it may be incomplete.
        self.unended: int | None = None
        self.bytes_read = 0
        try:
            self.size = path.stat().st_size
        except OSError as error:
            raise _unreadable(path, error) from error

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        number = 0
        rest = b""
        for chunk in self._unpacked():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                number += 1
                if line and not line.isspace():
                    yield number, line
            if len(rest) > LONGEST_LINE_BYTES:
                raise WrongRecording(self.path, f"longer than {LONGEST_LINE_BYTES >> 20} MiB", number + 1)
        if rest and not rest.isspace():
            if self.cut_off is None:
                self.unended = number + 1
                yield number + 1, rest
            else:
                self.cut_off += f"; line {number + 1} is incomplete and left out"

    def _unpacked(self) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as file:
                head = file.read(len(ZSTD_MAGIC))
                file.seek(0)
                if head == ZSTD_MAGIC:
                    yield from self._blocks(file, _zstd_block, "zstandard")
                elif head.startswith(GZIP_MAGIC):
                    yield from self._blocks(file, _gzip_block, "gzip")
                else:
                    yield from self._chunks(file, CHUNK_BYTES)
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def _chunks(self, file: BinaryIO, size: int) -> Iterator[bytes]:
        while chunk := file.read(size):
            self.bytes_read += len(chunk)
            yield chunk

    def _blocks(self, file: BinaryIO, unpacker: Callable[[], _Unpacker], packing: str) -> Iterator[bytes]:
        """A packed file is one block after the other, each packed by itself."""
        block: _Unpacker | None = None
        try:
            for chunk in self._chunks(file, PACKED_CHUNK_BYTES):
                data = chunk
                while data:
                    block = block or unpacker()
                    yield block.decompress(data)
                    data = b""
                    if block.eof:
                        data, block = block.unused_data, None
        except (zstandard.ZstdError, zlib.error) as error:
            raise WrongRecording(
                self.path, f"not whole {packing} data before byte {self.bytes_read} of {self.size}: {error}"
            ) from error
        if block is not None:
            self.cut_off = f"the file ends in the middle of a {packing} block"


class _Unpacker(Protocol):
    """What zlib and zstandard have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def _zstd_block() -> _Unpacker:
    return zstandard.ZstdDecompressor().decompressobj()


def _gzip_block() -> _Unpacker:
    return zlib.decompressobj(wbits=31)


def _unreadable(path: Path, error: OSError) -> WrongRecording:
    return WrongRecording(path, f"cannot be read: {error.strerror or error}")
