"""What came of a replay, in a few lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from pipeline.metrics import Metrics
from producers.exchange_feed import ExchangeFeed, FeedStart
from producers.recordings.opened import Recording
from producers.recordings.playback import Playback
from producers.symbol_feed import SymbolFeed

KINDS = ("l2", "trade", "book", "tick", "gap")
MOST_SYMBOLS = 20
# These are told in words, or tell nothing of a replay.
TOLD = ("frames", "bytes", "lag_ms", "records_", "gaps_", "dead_letters", "malformed_frames")


def summary(
    playback: Playback,
    feed: ExchangeFeed,
    notes: Sequence[str],
    metrics: Metrics,
    took_seconds: float,
    moved_ms: int,
    recording: Recording,
    *,
    stopped: bool,
) -> str:
    """Frames, records by kind, gaps, dead letters, and the symbols without a book and why."""
    counted = metrics.snapshot()
    lines = [
        f"{'stopped after' if stopped else 'replayed'} {playback.frames:,} frames of {_span(playback, moved_ms)} in "
        f"{took_seconds:.1f} s ({recording.protocol.exchange} {recording.protocol.name}, "
        f"{len(recording.symbols)} symbol{'s' * (len(recording.symbols) != 1)})",
        "records: " + ", ".join(f"{_count(counted, f'records_{kind}'):,} {kind}" for kind in KINDS),
        "gaps: " + (_reasons(counted) or "none"),
        f"dead letters: {_count(counted, 'dead_letters'):,}",
    ]
    if playback.cuts:
        cuts = ", ".join(f"{number:,} {reason}" for reason, number in playback.cuts.most_common())
        lines.append(f"connections that a live feed would have given up: {cuts}")
    if other := [f"{value} {name.replace('_', ' ')}" for name, value in counted.items() if not name.startswith(TOLD)]:
        lines.append("also counted: " + ", ".join(other))
    lines += [f"note: {note}" for note in notes]
    lines += _without_book(feed)
    crossed = [name for name, symbol in feed.symbols.items() if symbol.is_trusted and symbol.book.is_crossed]
    if crossed:
        lines.append(f"crossed at the end: {', '.join(crossed)}")
    return "\n".join(lines)


def _span(playback: Playback, moved_ms: int) -> str:
    first, last = playback.first, playback.last
    if first is None or last is None:
        return "nothing"
    seconds = (last.monotonic_ms - first.monotonic_ms) / 1000
    return f"{seconds:,.1f} s from {_time(first.wall_ms - moved_ms)}"


def _time(epoch_ms: int) -> str:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _reasons(counted: Mapping[str, object]) -> str:
    return ", ".join(
        f"{value} {name.removeprefix('gaps_')}" for name, value in counted.items() if name.startswith("gaps_")
    )


def _without_book(feed: ExchangeFeed) -> Iterator[str]:
    lacking = [symbol for symbol in feed.symbols.values() if symbol.doubt is not None]
    for symbol in lacking[:MOST_SYMBOLS]:
        yield f"{symbol.symbol} has no book at the end: {_why(symbol)}"
    if len(lacking) > MOST_SYMBOLS:
        yield f"and {len(lacking) - MOST_SYMBOLS} more symbols have none"


def _why(symbol: SymbolFeed) -> str:
    if symbol.doubt is None or symbol.doubt.reason == FeedStart().reason:
        return "no whole book came (--without-snapshot replays what changes all the same)"
    return f"it was lost ({symbol.doubt.reason}), and no whole book came after that"


def _count(counted: Mapping[str, object], name: str) -> int:
    value = counted.get(name, 0)
    return value if isinstance(value, int) else 0
