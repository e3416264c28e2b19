"""Frames through the producer's own path, in a process of its own: `python -m benchmarks.our_feed WORKLOAD.json`.

From the raw frame to the bytes that would go to Kafka, with everything switched on: checks, sequence, book, event time,
ticks with the top of the book, repeated trades, crossed books. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from market.decimals import PRICE_TICKS, SIZE_TICKS
from market.records import encode
from pipeline.metrics import Metrics
from producers.arrivals import Connected, FrameArrived, Instant
from producers.exchange_feed import ExchangeFeed
from producers.feed_outcome import Outcome
from producers.feed_rules import FeedRules, FeedStart
from producers.protocols import PROTOCOLS

AT_ONCE = 100  # frames that the producer takes from its inbox together


def one_pass(work: dict[str, Any], counts: Counter[str]) -> tuple[int, float]:
    """All frames once, from an empty book and with nothing remembered. Returns frames and seconds without the head."""
    PRICE_TICKS.clear()
    SIZE_TICKS.clear()
    protocol = PROTOCOLS[work["exchange"]][work["protocol"]]
    rules = FeedRules(pause_ms=1e12, crossed_book_is_doubt=False)
    feed = ExchangeFeed(protocol, {"all": tuple(work["symbols"])}, FeedStart(), rules, Metrics())
    head = [payload.encode() for payload in work["head"]]
    frames = [payload.encode() for payload in work["frames"]]
    times = work["times"]
    feed.on_arrival(Connected("all", "bench", Instant(times[0], float(times[0]))))
    for number, payload in enumerate(head):
        at = Instant(times[number], float(times[number]))
        feed.on_arrival(FrameArrived("all", "bench", number, payload, at))
    counts.clear()
    began = time.process_time()
    for start in range(0, len(frames), AT_ONCE):
        out = Outcome()
        for number in range(start, min(start + AT_ONCE, len(frames))):
            wall = times[len(head) + number]
            feed.take(FrameArrived("all", "bench", number, frames[number], Instant(wall, float(wall))), out)
        feed.on_time(Instant(wall, float(wall)), idle=False)
        for record in out.records:
            encode(record)
        if out.dead_letters or out.cuts:
            raise SystemExit(f"not a fair run: {out.cuts[:1]} {[letter.reason for letter in out.dead_letters[:3]]}")
        counts["records"] += len(out.records)
    return len(frames), time.process_time() - began


def main() -> int:
    """Runs passes for some seconds."""
    work = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    os.sched_setaffinity(0, {work["core"]})
    counts: Counter[str] = Counter()
    one_pass(work, counts)
    passes: list[float] = []
    spent = 0.0
    while spent < work["seconds"] or len(passes) < 3:
        count, seconds = one_pass(work, counts)
        passes.append(count / seconds)
        spent += seconds
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"frames_a_second": passes, "peak_mib": peak, "records": counts["records"]}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
