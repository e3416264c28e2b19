"""The same frames through cryptofeed 3: `python cryptofeed_peer.py WORKLOAD.json`, in an environment that has it.

Runs under that environment's Python with nothing of ours. Frames are handed to the feed's message handler as its
connection would; books and trades go through its Kafka backend's own steps (`to_dict(float)`, JSON bytes) up to the
broker, and are dropped there. Prints one JSON object.
"""

import asyncio
import json
import logging
import os
import resource
import sys
import time
from pathlib import Path
from types import SimpleNamespace

from cryptofeed import _json as feed_json
from cryptofeed.backends.backend import BackendBookCallback, BackendCallback
from cryptofeed.defines import L2_BOOK, TRADES
from cryptofeed.exchanges import Binance, Coinbase, Gemini, Upbit
from cryptofeed.symbols import Symbol, Symbols

FEEDS = {"gemini": Gemini, "coinbase": Coinbase, "binance": Binance, "upbit": Upbit}


class Sink:
    """Where the backend would hand its dictionaries to Kafka: encodes them as it does."""

    numeric_type = float
    none_to = None
    snapshots_only = False
    snapshot_interval = 1000

    def __init__(self):
        self.snapshot_count = dict.fromkeys(NAMES, 0)
        self.bytes = 0
        self.records = 0

    async def write(self, data):
        self.bytes += len(feed_json.dumpb(data))
        self.records += 1


class BookSink(Sink, BackendBookCallback):
    pass


class TradeSink(Sink, BackendCallback):
    pass


NAMES = []


def standard(exchange, symbol):
    """The library's own name of an exchange's symbol."""
    if exchange == "gemini":
        return Symbol(symbol[:-3], symbol[-3:])
    if exchange == "binance":
        return Symbol(symbol[:-4], symbol[-4:])
    first, second = symbol.split("-")
    return Symbol(second, first) if exchange == "upbit" else Symbol(first, second)


def make(work):
    exchange = FEEDS[work["exchange"]]
    names = {standard(work["exchange"], symbol).normalized: symbol for symbol in work["symbols"]}
    NAMES[:] = list(names)
    info = {"tick_size": dict.fromkeys(names, "0.01"), "instrument_type": dict.fromkeys(names, "spot")}
    Symbols.set(exchange.id, names, info)
    book, trades = BookSink(), TradeSink()
    feed = exchange(subscription={L2_BOOK: list(names), TRADES: list(names)}, callbacks={L2_BOOK: book, TRADES: trades})
    return feed, book


def prepare(feed, work):
    """Whatever the library fetches by REST is answered from the head."""
    if work["exchange"] == "binance":
        answer = json.dumps(json.loads(work["head"][0])["data"])

        async def read(*_, **__):
            return answer

        feed.http_conn.read = read
        return work["frames"][:1], work["frames"][1:]
    if work["exchange"] == "gemini":
        feed._Gemini__reset(work["symbols"])
    return work["head"], work["frames"]


async def one_pass(work):
    feed, book = make(work)
    conn = SimpleNamespace(subscription=feed.subscription, uuid="bench")
    head, frames = prepare(feed, work)
    for frame in head:
        await feed.message_handler(frame, conn, time.time())
    began = time.process_time()
    for frame in frames:
        await feed.message_handler(frame, conn, 1.0)
    return len(frames), time.process_time() - began, book


async def main(work):
    logging.disable(logging.CRITICAL)
    os.sched_setaffinity(0, {work["core"]})
    await one_pass(work)
    passes, spent = [], 0.0
    while spent < work["seconds"] or len(passes) < 3:
        count, seconds, book = await one_pass(work)
        passes.append(count / seconds)
        spent += seconds
    assert book.records, "cryptofeed wrote nothing"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"frames_a_second": passes, "peak_mib": peak, "records": book.records}) + "\n")


asyncio.run(main(json.loads(Path(sys.argv[1]).read_text())))
