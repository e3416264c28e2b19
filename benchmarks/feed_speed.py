"""`python -m benchmarks.feed_speed`: frames a second from raw frame to encoded records, in one process.

Times what a producer does between its socket and its Kafka client: parse, check, book, event time, encode. The stream
is generated: places, cancels and trades around a price, like Gemini's v1 market data, no network.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable
from statistics import median

from rich.console import Console
from rich.table import Table

from market.order_book import OrderBook
from market.records import encode
from pipeline.metrics import Metrics
from producers.arrivals import Connected, FrameArrived, Instant
from producers.exchange_feed import ExchangeFeed
from producers.feed_outcome import Outcome
from producers.feed_rules import FeedRules, FeedStart
from producers.gemini_v1 import GEMINI_V1, parse

START_MS = 1_767_225_600_000
FRAMES_A_SECOND = 100  # of the stream's own time: a tick and a book come with every so many frames
LEVELS = 2_000


def frames(count: int, seed: int) -> list[bytes]:
    """A first book of `LEVELS` levels, then `count` updates, one in ten of them a trade."""
    draw = random.Random(seed)
    book: list[dict[str, str]] = []
    for distance in range(1, LEVELS // 2 + 1):
        for side, sign in (("bid", -1), ("ask", 1)):
            book.append(_change(side, 65_000 + sign * distance * 0.5, draw.uniform(0.01, 5), "initial"))
    made = [json.dumps({"type": "update", "eventId": 1, "socket_sequence": 0, "events": book}).encode()]
    for number in range(1, count + 1):
        side, sign = draw.choice((("bid", -1), ("ask", 1)))
        price = 65_000 + sign * (1 + min(int(draw.expovariate(0.05)), 900)) * 0.5
        reason = draw.choices(("place", "cancel", "trade"), (45, 45, 10))[0]
        remaining = 0.0 if reason == "cancel" and draw.random() < 0.3 else draw.uniform(0.01, 5)
        events: list[dict[str, object]] = [dict(_change(side, price, remaining, reason))]
        if reason == "trade":
            trade = {"type": "trade", "tid": number, "price": f"{price:.2f}", "amount": "0.1", "makerSide": side}
            events.insert(0, trade)
        made.append(
            json.dumps(
                {
                    "type": "update",
                    "eventId": number,
                    "timestamp": START_MS // 1000,
                    "timestampms": START_MS + number * 1000 // FRAMES_A_SECOND,
                    "socket_sequence": number,
                    "events": events,
                }
            ).encode()
        )
    return made


def _change(side: str, price: float, remaining: float, reason: str) -> dict[str, str]:
    return {
        "type": "change",
        "side": side,
        "price": f"{price:.2f}",
        "remaining": f"{remaining:.8f}".rstrip("0").rstrip("."),
        "delta": "0.1",
        "reason": reason,
    }


def parse_only(stream: list[bytes]) -> int:
    """Raw frames to checked updates. Returns how many came out."""
    return sum(len(parse(payload).news) for payload in stream)


def parse_and_book(stream: list[bytes]) -> int:
    """The same, and the order book kept up to date."""
    book = OrderBook()
    for payload in stream:
        for news in parse(payload).news:
            book.apply(news.changes)
    return len(stream)


def frame_to_records(stream: list[bytes]) -> int:
    """All that the producer does, ticks and books included. Returns how many records came out."""
    feed = ExchangeFeed(
        GEMINI_V1, {"BTCUSD": ("BTCUSD",)}, FeedStart(), FeedRules(crossed_book_is_doubt=False), Metrics()
    )
    feed.on_arrival(Connected("BTCUSD", "bench", Instant(START_MS, 0.0)))
    records = 0
    out = Outcome()
    for number, payload in enumerate(stream):
        passed = number * 1000 / FRAMES_A_SECOND
        at = Instant(START_MS + int(passed), passed)
        feed.take(FrameArrived("BTCUSD", "bench", number, payload, at), out)
        if number % 100 == 0 or number == len(stream) - 1:
            for record in out.records:
                encode(record)
            records += len(out.records)
            out = Outcome()
    return records


STAGES: tuple[tuple[str, Callable[[list[bytes]], int]], ...] = (
    ("parse and check", parse_only),
    ("+ order book", parse_and_book),
    ("frame to encoded records", frame_to_records),
)


def main(arguments: list[str] | None = None) -> int:
    """Run and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.feed_speed", description=__doc__)
    parser.add_argument("--frames", type=int, default=50_000, help="frames in the stream (50,000)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each stage; the median is shown (3)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    stream = frames(options.frames, options.seed)
    megabytes = sum(map(len, stream)) / 1e6
    table = Table(title=f"{len(stream):,} frames, {megabytes:.1f} MB, one process, median of {options.runs} runs")
    for heading in ("stage", "frames/s", "MB/s", "µs a frame", "out"):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    for name, stage in STAGES:
        seconds = []
        out = 0
        for _ in range(options.runs):
            began = time.perf_counter()
            out = stage(stream)
            seconds.append(time.perf_counter() - began)
        took = median(seconds)
        table.add_row(
            name,
            f"{len(stream) / took:,.0f}",
            f"{megabytes / took:.1f}",
            f"{took / len(stream) * 1e6:.1f}",
            f"{out:,}",
        )
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
