"""What came of a replay, in a few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from pipeline.metrics import SYMBOL, Metrics
from producers.exchange_feed import ExchangeFeed
from producers.feed_rules import FeedStart
from producers.recordings.opened import Recording
from producers.recordings.playback import Playback
from producers.symbol_feed import SymbolFeed

Counted = Counter[tuple[str, ...]]

KINDS = ("l2", "trade", "book", "tick", "gap")
MOST_SYMBOLS = 20
# These are told in words.
TOLD = ("frames", "bytes", "records", "gaps", "dead_letters", "malformed_frames", "pauses")


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
    counted = _counted(metrics)
    count = len(recording.symbols)
    lines = [
        f"{'stopped after' if stopped else 'replayed'} {playback.frames:,} frames of {_span(playback, moved_ms)} in "
        f"{took_seconds:.1f} s ({recording.protocol.exchange} {recording.protocol.name}, "
        f"{count} symbol{'' if count == 1 else 's'})",
        "records: " + ", ".join(f"{counted['records', kind]:,} {kind}" for kind in KINDS),
        "gaps: " + (_reasons(counted) or "none"),
        f"dead letters: {counted['dead_letters',]:,}",
    ]
    if playback.cuts:
        cuts = ", ".join(f"{number:,} {reason}" for reason, number in playback.cuts.most_common())
        lines.append(f"connections that a live feed would have given up: {cuts}")
    other = [f"{value:,} {' '.join(name).replace('_', ' ')}" for name, value in counted.items() if name[0] not in TOLD]
    if other:
        lines.append("also counted: " + ", ".join(other))
    lines += [f"the exchange refused what was asked: {text}" for text in playback.refusals]
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


def _reasons(counted: Counted) -> str:
    return ", ".join(f"{value:,} {name[-1]}" for name, value in counted.items() if name[0] == "gaps")


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


def _counted(metrics: Metrics) -> Counted:
    """The counters by name and labels, of all symbols together."""
    counted: Counted = Counter()
    for metric in metrics.measured():
        if metric.kind == "counter" and isinstance(metric.value, int):
            labels = (value for label, value in metric.labels if label != SYMBOL)
            counted[metric.name, *labels] += metric.value
    return counted
