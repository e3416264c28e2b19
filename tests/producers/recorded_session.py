"""A session of Gemini's v1 market data of the project's own making, as arrivals and as files of every layout."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from market.records import FeedRecord, decode_feed
from pipeline.metrics import Metrics
from producers.arrivals import Arrival, Connected, ConnectionLost, FrameArrived, Instant
from producers.exchange_feed import ExchangeFeed
from producers.feed_rules import FeedRules, FeedStart
from producers.gemini_v1 import GEMINI_V1
from producers.recordings.recording_writer import RecordingWriter, Rotation
from tests.producers.frames import change, first_book, heartbeat, trade, update

NOON = 1_767_225_600_000  # a whole minute
LAG = 20  # ms from the exchange to here
MINUTES = 3
STEP = 250  # ms between two frames
LINKS = {"BTCUSD": ("BTCUSD",)}


def frames(minutes: float = MINUTES) -> list[tuple[int, bytes]]:
    """(time of receipt, frame): a first book, then an update, a trade or a heartbeat every 250 ms."""
    found = [(NOON + LAG, first_book())]
    for number in range(1, int(minutes * 60_000 / STEP)):
        time = NOON + number * STEP
        if number % 20 == 0:
            payload = heartbeat(number)
        elif number % 7 == 0:
            payload = update(
                number, time, trade(number, "101.00", "0.5"), change("ask", "101.00", f"{number}.5", "trade", "-0.5")
            )
        else:
            price = 90 + number % 10
            payload = update(number, time, change("bid", f"{price}.25", str(number % 5), "place", "1"))
        found.append((time + LAG, payload))
    return found


def arrivals(minutes: float = MINUTES) -> list[Arrival]:
    """The session on one connection, which is lost at its end."""
    all_frames = frames(minutes)
    first, last = all_frames[0][0], all_frames[-1][0]
    return [
        Connected("BTCUSD", "c-1", instant(first)),
        *(
            FrameArrived("BTCUSD", "c-1", number, payload, instant(time))
            for number, (time, payload) in enumerate(all_frames)
        ),
        ConnectionLost("BTCUSD", "c-1", "stopped", "", instant(last)),
    ]


def instant(wall_ms: int) -> Instant:
    """Both clocks at that time."""
    return Instant(wall_ms, wall_ms - NOON + 5_000.0)


def live_records(told: Sequence[Arrival]) -> list[FeedRecord]:
    """What a live feed makes of arrivals, its clock looked at every 50 ms."""
    feed = ExchangeFeed(GEMINI_V1, LINKS, FeedStart(), FeedRules(), Metrics())
    records: list[FeedRecord] = []
    now = told[0].at.wall_ms // 50 * 50
    for arrival in told:
        while now + 50 <= arrival.at.wall_ms:
            now += 50
            records += feed.on_time(instant(now), idle=True).records
        records += feed.on_arrival(arrival).records
    return records


def write_recording(path: Path, told: Sequence[Arrival]) -> Path:
    """As the recorder writes it."""
    with RecordingWriter(path, "gemini", "v1", LINKS, Rotation()) as writer:
        for arrival in told:
            writer.write(arrival)
    return path


def write_objects(path: Path, told: Sequence[tuple[int, bytes]]) -> Path:
    """`{"ts", "data"}`."""
    return _write(path, [json.dumps({"ts": time / 1000, "data": payload.decode()}) for time, payload in told])


def write_timed(path: Path, told: Sequence[tuple[int, bytes]]) -> Path:
    """`<ns> <frame>`."""
    return _write(path, [f"{time * 1_000_000} {payload.decode()}" for time, payload in told])


def write_bare(path: Path, told: Sequence[tuple[int, bytes]]) -> Path:
    """Frames alone."""
    return _write(path, [payload.decode() for _, payload in told])


CAPTURES: dict[str, Callable[[Path, Sequence[tuple[int, bytes]]], Path]] = {
    "objects": write_objects,
    "timed": write_timed,
    "bare": write_bare,
}


def decoded(lines: bytes) -> list[FeedRecord]:
    """The records of JSON lines."""
    return [decode_feed(line) for line in lines.splitlines()]


def _write(path: Path, lines: Sequence[str]) -> Path:
    text = ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path
