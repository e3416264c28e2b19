"""Opens a recording of any kind: whose it is, which protocol it speaks and which symbols it holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol as Shape

from producers.errors import MalformedFrame
from producers.protocol import Protocol
from producers.protocols import PROTOCOLS, chosen_protocol, chosen_symbols
from producers.recordings.capture_layouts import Layout, WrongCaptureLine, layout_of, read_line
from producers.recordings.capture_reader import CaptureArrivals
from producers.recordings.errors import WrongRecording
from producers.recordings.moment import Told
from producers.recordings.recorded_lines import RecordedLines
from producers.recordings.recording_format import is_header
from producers.recordings.recording_reader import RecorderArrivals, read_header

# So many frames tell which of an exchange's protocols a capture speaks.
TELLING_FRAMES = 300
LINK = "recording"


class Arrivals(Shape):
    """What a recording is read as. `cut` tells it that the feed gave a connection up; `notes` are for the summary."""

    notes: list[str]

    @property
    def bytes_read(self) -> int: ...

    @property
    def size(self) -> int: ...

    def __iter__(self) -> Iterator[Told]: ...

    def cut(self, connection: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Recording:
    """An opened recording; `links` are the symbols that shared a connection. `layout` None: our recorder's own."""

    path: Path
    protocol: Protocol
    links: Mapping[str, tuple[str, ...]]
    layout: Layout | None

    @property
    def symbols(self) -> tuple[str, ...]:
        """All symbols that are followed."""
        return tuple(symbol for symbols in self.links.values() for symbol in symbols)

    def arrivals(self, *, begins_anywhere: bool = False) -> Arrivals:
        """Read it from its start. `begins_anywhere`: connections may lack their first frames."""
        if self.layout is None:
            return RecorderArrivals(self.path, begins_anywhere=begins_anywhere)
        return CaptureArrivals(self.path, self.layout, self.protocol, LINK, begins_anywhere=begins_anywhere)


def open_recording(
    path: Path,
    exchange: str,
    protocol_name: str = "",
    symbols: Sequence[str] = (),
    unnamed: Sequence[str] = (),
) -> Recording:
    """Look at the file, and read it once where it must be asked for its symbols.

    `unnamed` are the symbols for frames that do not name theirs.

    Raises WrongRecording, and WrongSettings for a protocol or symbols that the exchange does not have.
    """
    first = next((line for _, line in RecordedLines(path)), None)
    if first is None:
        raise WrongRecording(path, "holds nothing")
    if is_header(first):
        return _own(path, first, exchange, protocol_name, symbols)
    layout = layout_of(first)
    protocol = chosen_protocol(exchange, protocol_name or _spoken(path, layout, exchange))
    wanted = chosen_symbols(protocol, symbols) if symbols else _found_symbols(path, layout, protocol, unnamed)
    return Recording(path, protocol, {LINK: wanted}, layout)


def _own(path: Path, first: bytes, exchange: str, protocol_name: str, symbols: Sequence[str]) -> Recording:
    header = read_header(path, first)
    if header.exchange != exchange:
        raise WrongRecording(
            path, f"a recording of {header.exchange}, not of {exchange}: say --exchange {header.exchange}"
        )
    protocol = chosen_protocol(exchange, protocol_name or header.protocol)
    recorded = {symbol for each in header.links.values() for symbol in each}
    missing = [symbol for symbol in symbols if symbol not in recorded]
    if missing:
        raise WrongRecording(path, f"has no {', '.join(missing)}; it has {', '.join(sorted(recorded))}")
    links = {
        name: wanted
        for name, each in header.links.items()
        if (wanted := tuple(symbol for symbol in each if not symbols or symbol in symbols))
    }
    return Recording(path, protocol, links, None)


def _spoken(path: Path, layout: Layout, exchange: str) -> str:
    """The name of the protocol that reads most of the first frames; of equals the exchange's default."""
    read: Counter[str] = Counter()
    for payload in islice(_payloads(path, layout), TELLING_FRAMES):
        for name, protocol in PROTOCOLS[exchange].items():
            try:
                # News tell a protocol better than frames that it merely knows.
                read[name] += 1 + len(protocol.parse(payload).news)
            except MalformedFrame:
                continue
    names = list(PROTOCOLS[exchange])
    return max(names, key=lambda name: (read[name], -names.index(name)))


def _found_symbols(path: Path, layout: Layout, protocol: Protocol, unnamed_are: Sequence[str]) -> tuple[str, ...]:
    """The symbols that frames name, in the order in which they come. Raises WrongRecording when there are none."""
    found: dict[str, None] = {}
    frames = unnamed = 0
    for payload in _payloads(path, layout):
        frames += 1
        try:
            parsed = protocol.parse(payload)
        except MalformedFrame:
            continue
        for news in parsed.news:
            if news.symbol:
                found[news.symbol] = None
            else:
                unnamed += 1
    if found:
        return tuple(found)
    if unnamed and unnamed_are:
        return chosen_symbols(protocol, unnamed_are)
    if unnamed:
        raise WrongRecording(
            path,
            f"its frames do not name their symbol, as is usual in {protocol.exchange} {protocol.name}: say which it is "
            f"by --symbols {protocol.symbol_example}",
        )
    raise WrongRecording(
        path,
        f"none of its {frames} frames holds news that {protocol.exchange} {protocol.name} knows: give another "
        f"--exchange or --protocol ({', '.join(PROTOCOLS[protocol.exchange])}), or the symbols by --symbols",
    )


def _payloads(path: Path, layout: Layout) -> Iterator[bytes]:
    lines = RecordedLines(path)
    for number, line in lines:
        try:
            yield read_line(line, layout)[1]
        except WrongCaptureLine as error:
            if number == lines.unended:
                return
            raise WrongRecording(path, str(error), number) from None
