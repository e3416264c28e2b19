"""Turns a recording of Binance's depth into frames of Gemini's v1 market data, for the simulator to play.

    python -m tests.real_capture CAPTURE.gz OUT

CAPTURE holds lines `<local time in ns> <frame>`: one depth snapshot as REST gives it, and depth updates; all else is
left out. OUT gets lines `<local time in ms> <frame>`: the snapshot as the first frame of a connection, then one update
for each depth update that follows it. Levels, their order and the times (`timestampms` = `E`) are the recording's own;
`delta` and `reason` are worked out against the book before, for Binance tells neither. What removes a level that is not
there stays in.
"""

import argparse
import gzip
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

Level = tuple[str, str]


class WrongCapture(ValueError):
    """The recording is not what it should be; the text names the line."""


@dataclass(frozen=True)
class Snapshot:
    """The whole book as of one update."""

    local_ms: int
    last_update: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


@dataclass(frozen=True)
class Diff:
    """One depth update: it covers the updates from `first` to `last`."""

    line: int
    local_ms: int
    time_ms: int
    first: int
    last: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


def converted(lines: Iterable[str]) -> Iterator[str]:
    """The lines to be played. Raises `WrongCapture` for a broken chain, or without just one snapshot."""
    book: _Book | None = None
    waiting: list[Diff] = []
    for message in _chained(_read(lines)):
        if isinstance(message, Diff):
            waiting.append(message)
        elif book is None:
            book = _Book(message)
            yield book.first_line()
        else:
            raise WrongCapture(f"a second snapshot, of update {message.last_update}")
        if book is not None:
            yield from book.lines_of(waiting)
            waiting.clear()
    if book is None:
        raise WrongCapture("there is no snapshot")


def convert(capture: Path, out: Path) -> int:
    """Converts a file, and says how many frames were written. Raises `WrongCapture`."""
    written = 0
    with gzip.open(capture, "rt", encoding="utf-8") as lines, out.open("w", encoding="utf-8") as target:
        for line in converted(lines):
            target.write(line + "\n")
            written += 1
    return written


class _Book:
    """The levels so far, and the number of the next frame."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._sizes = {
            (side, Decimal(price)): Decimal(size)
            for side, levels in (("bid", snapshot.bids), ("ask", snapshot.asks))
            for price, size in levels
        }
        self._sequence = 0
        self._last = snapshot.last_update

    def first_line(self) -> str:
        """The frame that opens a connection: everything is initial, and nothing has a time."""
        events = []
        for (side, price), size in self._sizes.items():
            total = _plain(size)
            events.append(_change(side, _plain(price), total, total, "initial"))
        content = {"type": "update", "eventId": self._last, "socket_sequence": 0, "events": events}
        return _line(self._snapshot.local_ms, content)

    def lines_of(self, diffs: Iterable[Diff]) -> Iterator[str]:
        """The updates that the snapshot does not hold yet."""
        for diff in diffs:
            if diff.last <= self._snapshot.last_update:
                continue
            if self._sequence == 0 and diff.first > self._snapshot.last_update + 1:
                raise WrongCapture(
                    f"line {diff.line}: begins with update {diff.first}, "
                    f"but the snapshot ends with {self._snapshot.last_update}"
                )
            yield self._line_of(diff)

    def _line_of(self, diff: Diff) -> str:
        self._sequence += 1
        self._last = diff.last
        events = [self._event("bid", level) for level in diff.bids] + [self._event("ask", level) for level in diff.asks]
        content = {
            "type": "update",
            "eventId": diff.last,
            "timestamp": diff.time_ms // 1000,
            "timestampms": diff.time_ms,
            "socket_sequence": self._sequence,
            "events": events,
        }
        # What came before the snapshot is played right after it.
        return _line(max(diff.local_ms, self._snapshot.local_ms), content)

    def _event(self, side: str, level: Level) -> dict[str, str]:
        price, remaining = Decimal(level[0]), Decimal(level[1])
        delta = remaining - self._sizes.pop((side, price), Decimal(0))
        if remaining:
            self._sizes[side, price] = remaining
        reason = "cancel" if delta < 0 or not remaining else "place"
        return _change(side, _plain(price), _plain(remaining), _plain(delta), reason)


def _read(lines: Iterable[str]) -> Iterator[Snapshot | Diff]:
    for number, line in enumerate(lines, start=1):
        local_ns, _, text = line.strip().partition(" ")
        try:
            local_ms, content = int(local_ns) // 1_000_000, json.loads(text)
            if "lastUpdateId" in content:
                yield Snapshot(local_ms, content["lastUpdateId"], _levels(content["bids"]), _levels(content["asks"]))
            elif content["data"].get("e") == "depthUpdate":
                yield _diff(number, local_ms, content["data"])
        except (ValueError, TypeError, KeyError) as error:
            raise WrongCapture(f"line {number}: expected '<local ns> <frame>': {error!r}") from error


def _diff(number: int, local_ms: int, data: dict[str, Any]) -> Diff:
    return Diff(number, local_ms, data["E"], data["U"], data["u"], _levels(data["b"]), _levels(data["a"]))


def _levels(levels: list[list[str]]) -> tuple[Level, ...]:
    return tuple((price, size) for price, size in levels)


def _chained(messages: Iterable[Snapshot | Diff]) -> Iterator[Snapshot | Diff]:
    last: int | None = None
    for message in messages:
        if isinstance(message, Diff):
            if last is not None and message.first != last + 1:
                raise WrongCapture(f"line {message.line}: expected update {last + 1}, it begins with {message.first}")
            last = message.last
        yield message


def _change(side: str, price: str, remaining: str, delta: str, reason: str) -> dict[str, str]:
    return {
        "type": "change",
        "side": side,
        "price": price,
        "remaining": remaining,
        "delta": delta,
        "reason": reason,
    }


def _line(local_ms: int, content: dict[str, Any]) -> str:
    return f"{local_ms} {json.dumps(content, separators=(',', ':'))}"


def _plain(number: Decimal) -> str:
    """Without zeros at the end, as Gemini writes sizes."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def main(argv: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.real_capture", description=__doc__.splitlines()[0])
    parser.add_argument("capture", type=Path, metavar="CAPTURE", help="the recording, gzipped")
    parser.add_argument(
        "out", type=Path, metavar="OUT", help="the file to write, for `python -m simulator serve --play`"
    )
    arguments = parser.parse_args(argv)
    try:
        written = convert(arguments.capture, arguments.out)
    except (WrongCapture, OSError, EOFError) as error:
        print(f"{arguments.capture}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    print(f"{written} frames written to {arguments.out}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
