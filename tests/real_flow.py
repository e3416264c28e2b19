"""Carries a recording of a real exchange through the real parts and holds every minute to the recount.

    python -m tests.real_flow CAPTURE.gz [--speed 4]

The capture (see `tests.real_capture`) is played by the simulator as Gemini v1 frames; producer, Kafka and Spark are the
real ones. Exits 1 when any minute differs from the recount of the feed, or the feed differs from the frames.
"""

import argparse
import json
import sys
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from local.artifacts import from_environment
from pipeline.topics import GEMINI_FEED
from tests.real_capture import convert
from tests.system.pipeline_run import MINUTE_MS, Json, pipeline_run

DEADLINE = 1200.0


def frame_changes(frames: Path) -> list[tuple[str, Decimal, Decimal]]:
    """Every level change of the recording after its first book: side, price, remaining."""
    lines = [json.loads(line.split(" ", 1)[1]) for line in frames.read_text(encoding="utf-8").splitlines()]
    return [
        (event["side"], Decimal(event["price"]), Decimal(event["remaining"]))
        for line in lines[1:]
        for event in line.get("events", ())
        if event["type"] == "change"
    ]


def feed_changes(feed: list[Json]) -> list[tuple[str, Decimal, Decimal]]:
    """Every level change that the feed's records hold, first books left out."""
    return [
        (change["side"], Decimal(change["price"]), Decimal(change["remaining"]))
        for record in feed
        if record["type"] == "l2"
        for change in record["changes"]
        if change.get("reason") != "initial"
    ]


def main(argv: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.real_flow", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("capture", type=Path, help="a recording as tests.real_capture reads it")
    parser.add_argument("--speed", type=float, default=4.0, help="how fast the clock of all parts goes (4)")
    arguments = parser.parse_args(argv)
    with TemporaryDirectory(prefix="real-flow-") as folder:
        frames = Path(folder) / "frames.txt"
        convert(arguments.capture, frames)
        return _carry(frames, Path(folder), arguments.speed)


def _carry(frames: Path, folder: Path, speed: float) -> int:
    wanted = frame_changes(frames)
    sys.stdout.write(f"{len(wanted)} level changes to carry at speed {speed:g}\n")
    env = {"simulator": {"SIMULATOR_PLAY": str(frames)}, "producer-gemini": {"FEED_PROTOCOL": "v1"}}
    with pipeline_run(folder, from_environment(), env, speed) as run:

        def newest_change() -> tuple[int, int]:
            feed = run.values(GEMINI_FEED)
            return len(feed_changes(feed)), max((r["event_time"] for r in feed if r["type"] == "l2"), default=0)

        run.await_true(lambda: newest_change()[0] >= len(wanted), DEADLINE, "all changes in the feed")
        last = newest_change()[1] // MINUTE_MS * MINUTE_MS
        minutes = run.await_minutes(last, DEADLINE)

    for minute in sorted(minutes.out, key=lambda record: int(record["window_start"])):
        sys.stdout.write(
            f"{minute['window_start']}  changes {minute['changes']:>6}  bid {minute['bid']}  ask {minute['ask']}  "
            f"ratio {minute['value']}  {'complete' if minute['complete'] else 'incomplete'}\n"
        )
    verdict = minutes.compared()
    same = feed_changes(minutes.feed) == wanted
    for problem in verdict.problems:
        sys.stdout.write(f"{problem}\n")
    sys.stdout.write(
        f"{verdict.compared} minutes compared, {len(verdict.problems)} problems, {verdict.incomplete} incomplete; the "
        f"feed's changes {'are those of the frames, in their order' if same else 'DIFFER from the frames'}\n"
    )
    return 0 if same and verdict.agrees else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
