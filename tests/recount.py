"""A recount of a feed's minutes by hand, and a comparison with what was written: the judge of the liquidity job.

It uses the standard library alone and imports nothing of the project, so that a mistake there cannot repeat itself
here. A minute is [start, start + 60 s) of event time; every level that is not of a first book counts; `ask` and `bid`
are sums of price x remaining, rounded half up to 8 places; `value` is their quotient to 12 places; `complete` means 60
ticks and no gap. A record that cannot be read contributes nothing.

    python -m tests.recount --feed feed.jsonl --out spark-out.jsonl
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal
from pathlib import Path
from typing import Any

Record = Mapping[str, Any]
Key = tuple[str, str, int]
"""exchange, symbol, start of the minute in ms"""

MINUTE_MS = 60_000
EXACT = Context(prec=100, rounding=ROUND_HALF_UP)
EIGHT_PLACES = Decimal("0.00000001")
TWELVE_PLACES = Decimal("0.000000000001")
SUM_LIMIT = Decimal(10) ** 18
"""decimal(26,8) holds 18 digits before the point; a sum that reaches this is written as null."""

PRICE_TEXT = re.compile(r"0*[0-9]{1,10}(\.[0-9]{1,8}0*)?")
SIZE_TEXT = re.compile(r"0*[0-9]{1,9}(\.[0-9]{1,10}0*)?")


@dataclass(frozen=True)
class Minute:
    """What one minute of a symbol should say. `ask` and `bid` are None when the sum does not fit."""

    changes: int
    ask: Decimal | None
    bid: Decimal | None
    value: Decimal | None
    complete: bool


@dataclass
class _Tally:
    ask: Decimal = Decimal(0)
    bid: Decimal = Decimal(0)
    changes: int = 0
    ticks: int = 0
    gaps: int = 0


@dataclass(frozen=True)
class Comparison:
    """The verdict over one feed and one output; `problems` is empty when all agree."""

    compared: int
    incomplete: int
    repeated_alike: int
    refused: int
    problems: tuple[str, ...] = field(default=())

    @property
    def agrees(self) -> bool:
        return not self.problems


def recount(records: Iterable[object], exchange: str | None = None) -> dict[Key, Minute]:
    """Every minute that the readable ones of `records` touch; `exchange` as for `readable`."""
    tallies: dict[Key, _Tally] = {}
    for record in readable(records, exchange):
        start = record["event_time"] // MINUTE_MS * MINUTE_MS
        _count(record, tallies.setdefault((record["exchange"], record["symbol"], start), _Tally()))
    return {key: _minute(tally) for key, tally in tallies.items()}


def compare(
    feed: Iterable[object], out: Iterable[object], closing_ms: int = 5_000, exchange: str | None = None
) -> Comparison:
    """Whether `out` holds each minute of `feed` once by identity and to the digit.

    A minute is due when its exchange's event time has passed its end by `closing_ms`. Other records in `out`, and those
    of other exchanges, are left aside. `exchange` as for `readable`.
    """
    everything = list(feed)
    good = list(readable(everything, exchange))
    expected = recount(good)
    newest: dict[str, int] = {}
    problems: list[str] = []
    for record in good:
        seen = newest.get(record["exchange"], 0)
        if record["event_time"] < seen:
            problems.append(f"event time went back: {record['exchange']} from {seen} to {record['event_time']}")
        newest[record["exchange"]] = max(seen, record["event_time"])

    written, repeated_alike, conflicts = _by_identity(out, set(newest))
    problems += conflicts
    due = {key for key in expected if newest[key[0]] >= key[2] + MINUTE_MS + closing_ms}
    problems += [f"missing: {_name(key)}" for key in sorted(due - written.keys())]
    problems += [f"too many: {_name(key)}" for key in sorted(written.keys() - expected.keys())]
    both = sorted(expected.keys() & written.keys())
    for key in both:
        problems += [
            f"wrong: {_name(key)} {difference}" for difference in differences(key, expected[key], written[key])
        ]
    return Comparison(
        compared=len(both),
        incomplete=sum(not expected[key].complete for key in both),
        repeated_alike=repeated_alike,
        refused=len(everything) - len(good),
        problems=tuple(problems),
    )


def differences(key: Key, minute: Minute, record: Record) -> list[str]:
    """Where a `price_volume` record differs from the minute that was counted, digit for digit."""
    wanted = {
        "window_start": key[2],
        "window_end": key[2] + MINUTE_MS,
        "event_time": key[2] + MINUTE_MS,
        "timestamp": key[2] // 1000,
        "changes": minute.changes,
        "ask": _digits(minute.ask),
        "bid": _digits(minute.bid),
        "value": _digits(minute.value),
        "complete": minute.complete,
    }
    # The kind counts too: 1 is not True, and "1" is not 1.
    return [
        f"{name}: {record.get(name)!r}, should be {value!r}"
        for name, value in wanted.items()
        if name not in record or record[name] != value or type(record[name]) is not type(value)
    ]


def readable(records: Iterable[object], exchange: str | None = None) -> Iterator[dict[str, Any]]:
    """The records that every reader of the feed must take: with `exchange`, only those that name it."""
    return (
        record
        for record in records
        if isinstance(record, dict) and _is_readable(record) and exchange in (None, record["exchange"])
    )


def read_lines(path: Path) -> list[object]:
    """The JSON values of a file, one a line; None for a line that is none."""
    return [_loads(line) for line in path.read_bytes().split(b"\n") if line.strip()]


def _loads(line: bytes) -> object:
    try:
        value: object = json.loads(line)
    except ValueError:
        return None
    return value


def _is_readable(record: Record) -> bool:
    common = (
        all(_is_text(record.get(name)) for name in ("type", "exchange", "symbol", "connection"))
        and 0 < len(record["symbol"]) <= 64
        and all(_is_time(record.get(name)) for name in ("event_time", "received_time"))
        and abs(record["event_time"] - record["received_time"]) <= 120_000
        and all(record.get(name) is None or _is_whole(record[name]) for name in ("sequence", "exchange_time"))
        and (record.get("late") is None or isinstance(record["late"], bool))
    )
    if not common:
        return False
    match record["type"]:
        case "tick":
            return True
        case "gap":
            return _is_time(record.get("from")) and _is_time(record.get("to")) and _is_text(record.get("reason"))
        case "l2":
            changes = record.get("changes")
            numbers = all(record.get(name) is None or _is_whole(record[name]) for name in ("piece", "pieces"))
            return numbers and isinstance(changes, list) and all(map(_is_change, changes))
        case "trade":
            return (
                _is_text(record.get("trade_id"))
                and _is_price(record.get("price"))
                and _is_size(record.get("size"))
                and record.get("maker_side") in (None, "bid", "ask")
            )
        case "book":
            sides = (record.get("bids"), record.get("asks"))
            return all(isinstance(side, list) and all(map(_is_level, side)) for side in sides)
    return False


def _is_change(change: object) -> bool:
    return (
        isinstance(change, dict)
        and change.get("side") in ("bid", "ask")
        and _is_price(change.get("price"))
        and _is_size(change.get("remaining"))
        and (change.get("delta") is None or _is_text(change["delta"]))
        and change.get("reason") in (None, "initial", "place", "trade", "cancel")
        and (change.get("time") is None or _is_whole(change["time"]))
    )


def _is_level(level: object) -> bool:
    return isinstance(level, list) and len(level) == 2 and _is_price(level[0]) and _is_size(level[1])


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_time(value: object) -> bool:
    return isinstance(value, int) and _is_whole(value) and 0 <= value <= 253_402_300_799_999


def _is_price(value: object) -> bool:
    return (
        isinstance(value, str) and len(value) <= 64 and PRICE_TEXT.fullmatch(value) is not None and Decimal(value) > 0
    )


def _is_size(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 64 and SIZE_TEXT.fullmatch(value) is not None


def _count(record: Record, tally: _Tally) -> None:
    tally.ticks += record["type"] == "tick"
    tally.gaps += record["type"] == "gap"
    if record["type"] != "l2":
        return
    for change in record["changes"]:
        if change.get("reason") == "initial":
            continue
        worth = EXACT.multiply(Decimal(change["price"]), Decimal(change["remaining"]))
        tally.changes += 1
        if change["side"] == "ask":
            tally.ask = EXACT.add(tally.ask, worth)
        else:
            tally.bid = EXACT.add(tally.bid, worth)


def _minute(tally: _Tally) -> Minute:
    ask, bid = _fitting(tally.ask), _fitting(tally.bid)
    value = EXACT.divide(ask, bid).quantize(TWELVE_PLACES, context=EXACT) if ask and bid else None
    return Minute(tally.changes, ask, bid, value, complete=tally.ticks == 60 and tally.gaps == 0)


def _fitting(total: Decimal) -> Decimal | None:
    rounded = total.quantize(EIGHT_PLACES, context=EXACT)
    return rounded if rounded < SUM_LIMIT else None


def _digits(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"


def _by_identity(out: Iterable[object], exchanges: set[str]) -> tuple[dict[Key, Record], int, list[str]]:
    """The minutes written, how often one was repeated with the same content, and those repeated with another."""
    written: dict[Key, Record] = {}
    repeated_alike = 0
    conflicts: list[str] = []
    for record in out:
        if not isinstance(record, dict):
            conflicts.append("unreadable: a record of the output is not a JSON object")
            continue
        if record.get("type") != "price_volume" or record.get("exchange") not in exchanges:
            continue
        key = (record["exchange"], record["symbol"], record["window_start"])
        if key not in written:
            written[key] = record
        elif written[key] == record:
            repeated_alike += 1
        else:
            conflicts.append(f"repeated with another content: {_name(key)}")
    return written, repeated_alike, conflicts


def _name(key: Key) -> str:
    return f"{key[0]} {key[1]} minute {key[2]}"


def main(arguments: list[str] | None = None) -> int:
    """Compare two files of JSON lines; 0 when they agree, 1 when not, or when there was nothing to compare."""
    parser = argparse.ArgumentParser(prog="python -m tests.recount", description=str(__doc__).split("\n", 1)[0])
    parser.add_argument(
        "--feed", type=Path, required=True, help="records of the feed topic, in order, one JSON value a line"
    )
    parser.add_argument("--out", type=Path, required=True, help="records of spark.out, one JSON value a line")
    parser.add_argument(
        "--closing-ms", type=int, default=5_000, help="a minute is due this long after its end (default 5000)"
    )
    given = parser.parse_args(arguments)
    result = compare(read_lines(given.feed), read_lines(given.out), given.closing_ms)
    lines = [*result.problems]
    lines.append(
        f"{result.compared} minutes compared, {len(result.problems)} problems, {result.incomplete} incomplete, "
        f"{result.repeated_alike} repeated alike, {result.refused} records refused"
    )
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if result.agrees and result.compared else 1


if __name__ == "__main__":
    sys.exit(main())
