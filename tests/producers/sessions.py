"""One short session in the words of each protocol: a book, three updates, a trade.

Whatever the protocol, the book stands at the end at 100 x 1.5 and 99 x 3 bid, 101 x 2 and 102 x 4 asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from producers.binance_depth import BINANCE_DEPTH
from producers.binance_partial import BINANCE_PARTIAL
from producers.coinbase_advanced import COINBASE_ADVANCED
from producers.coinbase_exchange import COINBASE_EXCHANGE
from producers.gemini_streams import GEMINI_STREAMS
from producers.gemini_v1 import GEMINI_V1
from producers.gemini_v2 import GEMINI_V2
from producers.protocol import Protocol
from tests.producers import binance_made_up as binance
from tests.producers import coinbase_made_up as coinbase
from tests.producers import frames as v1
from tests.producers import streams_frames as streams
from tests.producers import v2_frames as v2
from tests.producers.coinbase_made_up import level
from tests.producers.replay_server import Frame, Script, answers
from tests.producers.rest_server import Answer
from tests.producers.scripted_exchange import Client

BID_100, BID_99 = ("bid", "100.00"), ("bid", "99.00")
ASK_101, ASK_102 = ("ask", "101.00"), ("ask", "102.00")
TRADE_ID = "7"


@dataclass(frozen=True)
class Session:
    """`frames` are made from the time at which they are sent; those from `first_update` on are the three updates.

    `greetings` messages are sent by the client first. `rest` answers the requests for books, the last one all later
    ones. `stay` is what the exchange does when all is sent. `on_loss`: what a lost update leads to: a new connection, a
    book by REST, or nothing, since nobody can tell or since the next whole book mends it.
    """

    protocol: Protocol
    symbol: str
    frames: tuple[Frame, ...]
    first_update: int
    on_loss: Literal["reconnect", "rest", "unnoticed", "mended"]
    greetings: int = 0
    rest: tuple[Answer, ...] = ()
    stay: Script = Client.stay


def _iso(text: Callable[[str], bytes]) -> Frame:
    return lambda now: text(coinbase.iso(now))


def _rest_answer(last: int, **levels: binance.Levels) -> Answer:
    return Answer(json.dumps(binance.book(last, **levels)).encode())


def _depth5(last: int, bids: binance.Levels, asks: binance.Levels) -> Frame:
    return binance.depth5(last, bids=bids, asks=asks)


_A, _B = ("100.00", "1.5"), ("99.00", "3")

SESSIONS = {
    "gemini v1": Session(
        GEMINI_V1,
        "BTCUSD",
        (
            v1.first_book(),
            lambda now: v1.update(1, now, v1.change("bid", "100.00", "1.5")),
            lambda now: v1.update(2, now, v1.change("bid", "99.00", "3")),
            lambda now: v1.update(3, now, v1.change("ask", "102.00", "4")),
            lambda now: v1.update(4, now, v1.trade(7, "101.00", "0.5")),
            v1.heartbeat(5),
        ),
        first_update=1,
        on_loss="reconnect",
    ),
    "gemini v2": Session(
        GEMINI_V2,
        "BTCUSD",
        (
            v2.first_l2(),
            v2.l2_updates(("buy", "100.00", "1.5")),
            v2.l2_updates(("buy", "99.00", "3")),
            v2.l2_updates(("sell", "102.00", "4")),
            lambda now: v2.trade(7, now),
            v2.heartbeat,
        ),
        first_update=1,
        on_loss="unnoticed",
        greetings=1,
    ),
    "gemini streams": Session(
        GEMINI_STREAMS,
        "BTCUSD",
        (
            streams.answer(1),
            lambda now: streams.first_depth(now, 100),
            lambda now: streams.depth(101, 102, now, [("100.00", "1.5")]),
            lambda now: streams.depth(103, 104, now, [("99.00", "3")]),
            lambda now: streams.depth(105, 106, now, [], [("102.00", "4")]),
            lambda now: streams.trade(7, now),
        ),
        first_update=2,
        on_loss="reconnect",
        greetings=1,
        stay=answers(status=200),
    ),
    "binance diff": Session(
        BINANCE_DEPTH,
        "BTCUSDT",
        (
            lambda now: binance.depth(101, 102, time=now, bids=[_A]),
            lambda now: binance.depth(103, 104, time=now, bids=[_B]),
            lambda now: binance.depth(105, 106, time=now, bids=(), asks=[("102.00", "4")]),
            lambda now: binance.trade(7, "101.00", "0.5", time=now),
        ),
        first_update=0,
        on_loss="rest",
        rest=(
            _rest_answer(100, bids=[("100.00", "1")], asks=[("101.00", "2")]),
            _rest_answer(104, bids=[_A, _B], asks=[("101.00", "2")]),
        ),
        stay=answers(result=[]),
    ),
    "binance depth5": Session(
        BINANCE_PARTIAL,
        "BTCUSDT",
        (
            _depth5(100, [("100.00", "1")], [("101.00", "2")]),
            _depth5(102, [_A], [("101.00", "2")]),
            _depth5(104, [_A, _B], [("101.00", "2")]),
            _depth5(106, [_A, _B], [("101.00", "2"), ("102.00", "4")]),
            lambda now: binance.trade(7, "101.00", "0.5", time=now),
        ),
        first_update=1,
        on_loss="mended",
        stay=answers(result=[]),
    ),
    "coinbase advanced": Session(
        COINBASE_ADVANCED,
        "ETC-USD",
        (
            lambda now: coinbase.advanced_subscriptions(0, now),
            lambda now: coinbase.advanced_book(1, now, symbol="ETC-USD"),
            lambda now: coinbase.advanced_update(2, now, level("bid", "100.00", "1.5"), symbol="ETC-USD"),
            lambda now: coinbase.advanced_update(3, now, level("bid", "99.00", "3"), symbol="ETC-USD"),
            lambda now: coinbase.advanced_update(4, now, level("offer", "102.00", "4"), symbol="ETC-USD"),
            lambda now: coinbase.advanced_trades(5, now, coinbase.deal("7", "101.00", "0.5", symbol="ETC-USD")),
            lambda now: coinbase.advanced_heartbeat(6, now),
        ),
        first_update=2,
        on_loss="reconnect",
        greetings=3,
    ),
    "coinbase exchange": Session(
        COINBASE_EXCHANGE,
        "BTC-USD",
        (
            coinbase.SUBSCRIPTIONS,
            coinbase.exchange_book(),
            _iso(lambda time: coinbase.exchange_update(time, ("buy", "100.00", "1.5"))),
            _iso(lambda time: coinbase.exchange_update(time, ("buy", "99.00", "3"))),
            _iso(lambda time: coinbase.exchange_update(time, ("sell", "102.00", "4"))),
            _iso(lambda time: coinbase.match(7, "101.00", "0.5", time)),
            coinbase.HEARTBEAT,
        ),
        first_update=2,
        on_loss="unnoticed",
        greetings=1,
    ),
}
