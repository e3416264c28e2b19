"""Frames to measure with: from the captures of real exchanges where they are at hand, generated elsewhere.

A workload is one exchange's frames in the order in which they came: a head that brings the books (not timed) and the
frames that follow (timed).
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_MS = 1_767_225_600_000
LEVELS = 1_000  # of each side, in a generated first book
Change = tuple[str, str, str]  # side, price, remaining


@dataclass(frozen=True)
class Workload:
    """`times` are the receipt times of all frames, in epoch ms; `symbols` as both programs are to follow them."""

    name: str
    exchange: str
    protocol: str
    symbols: tuple[str, ...]
    head: tuple[bytes, ...]
    frames: tuple[bytes, ...]
    times: tuple[int, ...]
    is_real: bool


def workloads(captures: Path | None, count: int, seed: int) -> Iterator[Workload]:
    """Every workload. `captures` is the folder of real ones; without it `count` frames of each kind are generated."""
    if captures is None:
        draw = random.Random(seed)
        yield _generated("Gemini v2, one level", "gemini", "v2", "BTCUSD", _gemini_v2, 1, count, draw)
        yield _generated("Coinbase level2, 6 levels", "coinbase", "advanced", "BTC-USD", _coinbase, 6, count, draw)
        yield _generated("Binance depth, 36 levels", "binance", "diff", "BTCUSDT", _binance, 36, count, draw)
        yield _generated("Upbit order book, 15 units", "upbit", "simple", "KRW-BTC", _upbit, 4, count, draw)
    else:
        yield _gemini_capture(captures / "gemini" / "gemini_v2_20210624.jsonl.gz")
        yield _coinbase_capture(captures / "coinbase" / "coinbase_pro_level2_20210417.jsonl.gz")
        yield _binance_capture(captures / "binance" / "btcusdt_20240808.gz")
        yield _upbit_capture(captures / "upbit" / "upbit_simple_20210417.jsonl.gz")


# Real frames.


def _gemini_capture(path: Path) -> Workload:
    lines = [line for line in _lines(path) if b'"l2_updates"' in line[1]]
    head = [line for line in lines if b'"trades"' in line[1]]
    return _real("Gemini v2, real 2021", "gemini", "v2", head, [line for line in lines if line not in head], "symbol")


def _coinbase_capture(path: Path) -> Workload:
    """Real level2 flow in the shape of today's Advanced Trade, which the peer speaks."""
    books: list[tuple[int, str, str, str, list[Change]]] = []
    updates: list[tuple[int, str, str, str, list[Change]]] = []
    for at, payload in _lines(path):
        frame = json.loads(payload)
        if frame["type"] == "snapshot":
            levels = [("bid", *level) for level in frame["bids"]] + [("offer", *level) for level in frame["asks"]]
            books.append((at, "snapshot", frame["product_id"], "2021-04-17T16:43:37.000000Z", levels))
        elif frame["type"] == "l2update":
            levels = [("bid" if side == "buy" else "offer", *level) for side, *level in frame["changes"]]
            updates.append((at, "update", frame["product_id"], frame["time"], levels))
    numbered = [
        (at, _advanced(kind, symbol, time, levels, number))
        for number, (at, kind, symbol, time, levels) in enumerate((*books, *updates))
    ]
    head, rest = numbered[: len(books)], numbered[len(books) :]
    return _real("Coinbase Advanced, real flow of 2021", "coinbase", "advanced", head, rest, "product_id")


def _binance_capture(path: Path) -> Workload:
    lines = []
    with gzip.open(path, "rb") as file:
        for line in file:
            stamp, _, payload = line.rstrip(b"\n").partition(b" ")
            lines.append((int(stamp) // 1_000_000, payload))
    book = next(line for line in lines if line[1].startswith(b'{"lastUpdateId"'))
    known = json.loads(book[1])["lastUpdateId"]
    wrapped = b'{"stream":"btcusdt@depthSnapshot","data":' + book[1] + b"}"
    depth = [line for line in lines if b'"depthUpdate"' in line[1]]
    after = [line for line in depth if json.loads(line[1])["data"]["u"] > known]
    return _workload("Binance depth@100ms, real 2024", "binance", "diff", ("BTCUSDT",), [(book[0], wrapped)], after)


def _upbit_capture(path: Path) -> Workload:
    lines = [line for line in _lines(path) if b'"orderbook"' in line[1]]
    seen: set[str] = set()
    head: list[tuple[int, bytes]] = []
    rest: list[tuple[int, bytes]] = []
    for line in lines:
        code = json.loads(line[1])["cd"]
        (rest if code in seen else head).append(line)
        seen.add(code)
    return _workload("Upbit order book, real 2021", "upbit", "simple", tuple(sorted(seen)), head, rest)


def _lines(path: Path) -> list[tuple[int, bytes]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    return [(int(record["ts"] * 1000), record["data"].encode()) for record in records]


def _real(
    name: str, exchange: str, protocol: str, head: list[tuple[int, bytes]], rest: list[tuple[int, bytes]], key: str
) -> Workload:
    symbols = tuple(sorted({_find(json.loads(payload), key) for _, payload in head}))
    return _workload(name, exchange, protocol, symbols, head, rest)


def _find(frame: dict[str, Any], key: str) -> str:
    return str(frame[key] if key in frame else frame["events"][0][key])


def _workload(
    name: str,
    exchange: str,
    protocol: str,
    symbols: tuple[str, ...],
    head: list[tuple[int, bytes]],
    rest: list[tuple[int, bytes]],
    *,
    is_real: bool = True,
) -> Workload:
    return Workload(
        name,
        exchange,
        protocol,
        symbols,
        tuple(payload for _, payload in head),
        tuple(payload for _, payload in rest),
        tuple(at for at, _ in (*head, *rest)),
        is_real,
    )


# Generated frames.

Maker = Callable[[str, int, int, list[Change], bool], bytes]


def _generated(
    name: str, exchange: str, protocol: str, symbol: str, make: Maker, levels: int, count: int, draw: random.Random
) -> Workload:
    first: list[Change] = [
        (side, f"{65_000 + sign * distance * 0.5:.2f}", f"{draw.uniform(0.01, 5):.8f}")
        for side, sign in (("bid", -1), ("ask", 1))
        for distance in range(1, LEVELS + 1)
    ]
    head = [(START_MS, make(symbol, 0, START_MS, first, True))]
    rest = []
    for number in range(1, count + 1):
        at = START_MS + 1_000 + number * 10
        changes = [_change(draw) for _ in range(levels)]
        rest.append((at, make(symbol, number, at - 20, changes, False)))
    return _workload(name, exchange, protocol, (symbol,), head, rest, is_real=False)


def _change(draw: random.Random) -> Change:
    side, sign = draw.choice((("bid", -1), ("ask", 1)))
    price = 65_000 + sign * (1 + min(int(draw.expovariate(0.05)), LEVELS - 1)) * 0.5
    remaining = 0.0 if draw.random() < 0.3 else draw.uniform(0.01, 5)
    return side, f"{price:.2f}", f"{remaining:.8f}"


def _gemini_v2(symbol: str, number: int, at: int, changes: list[Change], is_first: bool) -> bytes:  # noqa: ARG001
    frame: dict[str, Any] = {
        "type": "l2_updates",
        "symbol": symbol,
        "changes": [("buy" if side == "bid" else "sell", price, remaining) for side, price, remaining in changes],
    }
    return _json(frame | {"trades": [], "auction_events": []} if is_first else frame)


def _coinbase(symbol: str, number: int, at: int, changes: list[Change], is_first: bool) -> bytes:
    time = (
        f"2026-01-01T{(at - START_MS) // 3_600_000:02}:{at // 60_000 % 60:02}:{at // 1000 % 60:02}.{at % 1000:03}000Z"
    )
    levels = [("bid" if side == "bid" else "offer", price, remaining) for side, price, remaining in changes]
    return _advanced("snapshot" if is_first else "update", symbol, time, levels, number)


def _advanced(kind: str, symbol: str, time: str, levels: list[tuple[str, str, str]], number: int) -> bytes:
    updates = [
        {"side": side, "event_time": time, "price_level": price, "new_quantity": remaining}
        for side, price, remaining in levels
    ]
    event = {"type": kind, "product_id": symbol, "updates": updates}
    return _json({"channel": "l2_data", "timestamp": time, "sequence_num": number, "events": [event]})


def _binance(symbol: str, number: int, at: int, changes: list[Change], is_first: bool) -> bytes:
    bids = [(price, remaining) for side, price, remaining in changes if side == "bid"]
    asks = [(price, remaining) for side, price, remaining in changes if side == "ask"]
    stream = symbol.lower()
    if is_first:
        return _json({"stream": f"{stream}@depthSnapshot", "data": {"lastUpdateId": 0, "bids": bids, "asks": asks}})
    data = {"e": "depthUpdate", "E": at, "s": symbol, "U": number, "u": number, "b": bids, "a": asks}
    return _json({"stream": f"{stream}@depth@100ms", "data": data})


def _upbit(symbol: str, number: int, at: int, changes: list[Change], is_first: bool) -> bytes:  # noqa: ARG001
    """Fifteen units of which those that `changes` touch have another size than the frame before."""
    draw = random.Random(changes[0][2])
    units = []
    for level in range(15):
        own = random.Random(level) if level >= len(changes) else draw
        size = round(own.uniform(0.01, 5), 8)
        units.append({"ap": 65_000_000.0 + level * 1000, "bp": 64_999_000.0 - level * 1000, "as": size, "bs": size})
    return _json({"ty": "orderbook", "cd": symbol, "tms": at, "tas": 1.5, "tbs": 2.5, "obu": units, "st": "REALTIME"})


def _json(frame: dict[str, Any]) -> bytes:
    return json.dumps(frame, separators=(",", ":")).encode()
