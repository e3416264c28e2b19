"""`python -m benchmarks.feeds`: frames a second from raw frame to Kafka bytes, for each exchange, on one core.

With --captures, real frames; else generated ones. With --peer PYTHON, an interpreter whose environment has cryptofeed 3
(it needs Python 3.13: `python3.13 -m venv cf && cf/bin/pip install cryptofeed==3.0.1`), the same frames go through that
too, the two in turns, and the ratio is shown. Seconds are those of the processor, so that others on the machine
disturb little.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.feed_frames import Workload, workloads
from market.levels import ARE_COMPILED
from producers.protocols import PROTOCOLS

PEER = Path(__file__).with_name("cryptofeed_peer.py")


@dataclass(frozen=True)
class Measured:
    """Frames a second of each round, and the peak memory."""

    rounds: tuple[float, ...]
    peak_mib: float

    @property
    def rate(self) -> float:
        """The median."""
        return median(self.rounds)


def main(arguments: list[str] | None = None) -> int:
    """Run and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.feeds", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--captures", type=Path, help="folder with binance/, coinbase/, gemini/, upbit/")
    parser.add_argument("--peer", metavar="PYTHON", help="interpreter of an environment that has cryptofeed 3")
    parser.add_argument("--only", metavar="EXCHANGE", help="only this exchange")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each program, in turns (3)")
    parser.add_argument("--seconds", type=float, default=2.0, help="least length of a round (2)")
    parser.add_argument("--frames", type=int, default=5_000, help="generated frames of each kind (5,000)")
    parser.add_argument("--core", type=int, default=0, help="the core that everything is pinned to (0)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    levels = "compiled" if ARE_COMPILED else "in plain Python"
    table = Table(
        title=f"raw frame → Kafka bytes on one core, levels {levels}, median of {options.rounds} rounds, peak memory"
    )
    for heading in ("frames", "levels each", "frames/s", "level changes/s", "MiB", "cryptofeed, frames/s", "ratio"):
        table.add_column(heading, justify="left" if heading == "frames" else "right")
    for workload in workloads(options.captures, options.frames, options.seed):
        if options.only in (None, workload.exchange):
            table.add_row(*_row(workload, options))
    Console().print(table)
    return 0


def _row(workload: Workload, options: argparse.Namespace) -> tuple[str, ...]:
    levels = _levels_each(workload)
    ours, peers = [], []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "workload.json"
        file.write_text(_as_json(workload, options.core, options.seconds), encoding="utf-8")
        for _ in range(options.rounds):
            ours.append(_measure([sys.executable, "-m", "benchmarks.our_feed", str(file)]))
            if options.peer:
                peers.append(_measure([options.peer, str(PEER), str(file)]))
    mine = Measured(tuple(median(each["frames_a_second"]) for each in ours), max(each["peak_mib"] for each in ours))
    row = (workload.name, f"{levels:.1f}", f"{mine.rate:,.0f}", f"{mine.rate * levels:,.0f}", f"{mine.peak_mib:.0f}")
    if not peers:
        return (*row, "–", "–")
    theirs = median(median(each["frames_a_second"]) for each in peers)
    return (*row, f"{theirs:,.0f}", f"{mine.rate / theirs:.1f}")


def _levels_each(workload: Workload) -> float:
    parse = PROTOCOLS[workload.exchange][workload.protocol].parse
    read = [parse(payload) for payload in workload.frames]
    levels = sum(len(news.changes) + len(news.bids) + len(news.asks) for frame in read for news in frame.news)
    return levels / len(read)


def _as_json(workload: Workload, core: int, seconds: float) -> str:
    return json.dumps(
        {
            "exchange": workload.exchange,
            "protocol": workload.protocol,
            "symbols": workload.symbols,
            "head": [payload.decode() for payload in workload.head],
            "frames": [payload.decode() for payload in workload.frames],
            "times": workload.times,
            "core": core,
            "seconds": seconds,
        }
    )


def _measure(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr.strip()}")
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


if __name__ == "__main__":
    sys.exit(main())
