"""One maker a protocol, by exchange and name as in `producers.protocols`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal

import msgspec

from market.records import Level, Side
from producers.binance_depth import snapshot_frame
from producers.upbit_units import SIMPLE_NAMES
from tests.producers.makers.market import Market

Numbers = Literal["connection", "updates", "none"]
# Exchanges show fifty or a hundred; fewer tell the same in a fuzz test.
PAST_TRADES = 20
LAST_MS = 253_402_300_799_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(epoch_ms: int) -> str:
    """As Coinbase writes its times; beyond the year 9999 that year's last second."""
    epoch_ms = min(epoch_ms, LAST_MS)
    return f"{(EPOCH + timedelta(milliseconds=epoch_ms)).isoformat(timespec='microseconds').removesuffix('+00:00')}Z"


def as_json(value: Any) -> bytes:
    """Compact, as exchanges send it."""
    return msgspec.json.encode(value)


class Maker(ABC):
    """What an exchange says of one symbol. A new connection begins with `first_book`.

    `numbers` says what tells of a lost frame: the connection's numbers of all frames, those of the book's updates, or
    nothing. `history` says whether a first book comes with trades from before.
    """

    exchange: ClassVar[str]
    protocol: ClassVar[str]
    symbol: ClassVar[str]
    numbers: Numbers = "none"
    history: ClassVar[bool] = False

    def __init__(self, market: Market) -> None:
        self.market = market
        self.sequence = -1

    def next_sequence(self) -> int:
        """The connection's next number."""
        self.sequence += 1
        return self.sequence

    def connect(self, time: int) -> Sequence[bytes]:
        """The first frames of a new connection."""
        self.sequence = -1
        return self.first_book(time)

    @abstractmethod
    def first_book(self, time: int) -> Sequence[bytes]:
        """The whole book, on the socket; empty where it comes by REST."""

    @abstractmethod
    def change(self, side: Side, price: str, size: str, time: int) -> bytes:
        """A change that the market has seen already."""

    @abstractmethod
    def trade(self, number: int, time: int) -> bytes:
        """One trade."""

    @abstractmethod
    def quiet(self, time: int) -> bytes:
        """A heartbeat, or what is answered to a ping."""

    def answer(self) -> bytes:
        """The whole book as it is had by REST, where it is."""
        raise NotImplementedError


class GeminiV1(Maker):
    exchange, protocol, symbol = "gemini", "v1", "BTCUSD"
    numbers: Numbers = "connection"

    def first_book(self, time: int) -> Sequence[bytes]:
        events = [
            {"type": "change", "side": side, "price": price, "remaining": size, "delta": size, "reason": "initial"}
            for side, levels in self.market.levels.items()
            for price, size in levels.items()
        ]
        return [self._update(None, events)]

    def change(self, side: Side, price: str, size: str, time: int) -> bytes:
        event = {"type": "change", "side": side, "price": price, "remaining": size, "delta": "0.1", "reason": "place"}
        return self._update(time, [event])

    def trade(self, number: int, time: int) -> bytes:
        return self._update(time, [{"type": "trade", "tid": number, "price": "100", "amount": "1", "makerSide": "ask"}])

    def quiet(self, time: int) -> bytes:
        return as_json({"type": "heartbeat", "socket_sequence": self.next_sequence()})

    def _update(self, time: int | None, events: list[dict[str, Any]]) -> bytes:
        stamps = {} if time is None else {"timestamp": time // 1000, "timestampms": time}
        sequence = self.next_sequence()
        return as_json({"type": "update", "eventId": 7, **stamps, "socket_sequence": sequence, "events": events})


class GeminiStreams(Maker):
    exchange, protocol, symbol = "gemini", "streams", "BTCUSD"
    numbers: Numbers = "updates"

    def first_book(self, time: int) -> Sequence[bytes]:
        return [self._depth(time, self.market.bids, self.market.asks)]

    def change(self, side: Side, price: str, size: str, time: int) -> bytes:
        level = [(price, size)]
        return self._depth(time, level if side == "bid" else [], level if side == "ask" else [])

    def trade(self, number: int, time: int) -> bytes:
        return as_json({"E": time * 1_000_000, "s": "btcusd", "t": number, "p": "100.0", "q": "1", "m": True})

    def quiet(self, time: int) -> bytes:
        return b'{"id":2,"status":200}'

    def _depth(self, time: int, bids: list[Level], asks: list[Level]) -> bytes:
        last = self.market.updates
        frame = {"e": "depthUpdate", "E": time * 1_000_000, "s": "btcusd", "U": last, "u": last}
        return as_json({**frame, "b": bids, "a": asks})


class GeminiV2(Maker):
    exchange, protocol, symbol = "gemini", "v2", "BTCUSD"
    history = True

    def first_book(self, time: int) -> Sequence[bytes]:
        names: dict[Side, str] = {"bid": "buy", "ask": "sell"}
        book = [
            (names[side], price, size) for side, levels in self.market.levels.items() for price, size in levels.items()
        ]
        return [
            self._updates(
                book, trades=[self._trade(n, time) for n in self.market.trades[-PAST_TRADES:]], auction_events=[]
            )
        ]

    def change(self, side: Side, price: str, size: str, time: int) -> bytes:
        return self._updates([("buy" if side == "bid" else "sell", price, size)])

    def trade(self, number: int, time: int) -> bytes:
        return as_json(self._trade(number, time))

    def quiet(self, time: int) -> bytes:
        return as_json({"type": "heartbeat", "timestamp": time})

    def _updates(self, changes: list[tuple[str, str, str]], **more: Any) -> bytes:
        return as_json({"type": "l2_updates", "symbol": self.symbol, "changes": changes, **more})

    def _trade(self, number: int, time: int) -> dict[str, Any]:
        ids = {"event_id": number, "tid": number, "timestamp": time}
        return {"type": "trade", "symbol": self.symbol, **ids, "price": "100.0", "quantity": "1", "side": "sell"}


class CoinbaseAdvanced(Maker):
    exchange, protocol, symbol = "coinbase", "advanced", "BTC-USD"
    numbers: Numbers = "connection"
    history = True

    def first_book(self, time: int) -> Sequence[bytes]:
        levels = [
            self._level(side, price, size, time)
            for side, levels in self.market.levels.items()
            for price, size in levels.items()
        ]
        return [
            self._frame("subscriptions", time, {"subscriptions": {"level2": [self.symbol]}}),
            self._frame("market_trades", time, self._trades("snapshot", self.market.trades[-PAST_TRADES:], time)),
            self._frame("l2_data", time, {"type": "snapshot", "product_id": self.symbol, "updates": levels}),
        ]

    def change(self, side: Side, price: str, size: str, time: int) -> bytes:
        updates = [self._level(side, price, size, time)]
        return self._frame("l2_data", time, {"type": "update", "product_id": self.symbol, "updates": updates})

    def trade(self, number: int, time: int) -> bytes:
        return self._frame("market_trades", time, self._trades("update", [number], time))

    def quiet(self, time: int) -> bytes:
        return self._frame("heartbeats", time, {"current_time": "x", "heartbeat_counter": 7})

    def _frame(self, channel: str, time: int, event: dict[str, Any]) -> bytes:
        sequence = self.next_sequence()
        return as_json({"channel": channel, "timestamp": iso(time), "sequence_num": sequence, "events": [event]})

    def _level(self, side: Side, price: str, size: str, time: int) -> dict[str, str]:
        name = "bid" if side == "bid" else "offer"
        return {"side": name, "event_time": iso(time), "price_level": price, "new_quantity": size}

    def _trades(self, kind: str, numbers: list[int], time: int) -> dict[str, Any]:
        trades = [
            {
                "product_id": self.symbol,
                "trade_id": str(n),
                "price": "100",
                "size": "1",
                "time": iso(time),
                "side": "BUY",
            }
            for n in numbers
        ]
        return {"type": kind, "trades": trades}


class CoinbaseExchange(Maker):
    exchange, protocol, symbol = "coinbase", "exchange", "BTC-USD"

    def first_book(self, time: int) -> Sequence[bytes]:
        book = {"asks": self.market.asks, "bids": self.market.bids}
        return [as_json({"type": "snapshot", "product_id": self.symbol, **book})]

    def change(self, side: Side, price: str, size: str, time: int) -> bytes:
        changes = [("buy" if side == "bid" else "sell", price, size)]
        return as_json({"type": "l2update", "product_id": self.symbol, "changes": changes, "time": iso(time)})

    def trade(self, number: int, time: int) -> bytes:
        ids = {"trade_id": number, "product_id": self.symbol, "sequence": number, "time": iso(time)}
        return as_json({"type": "match", **ids, "side": "sell", "size": "1", "price": "100"})

    def quiet(self, time: int) -> bytes:
        return as_json({"type": "heartbeat", "sequence": 7, "product_id": self.symbol, "time": iso(time)})


class BinanceDiff(Maker):
    exchange, protocol, symbol = "binance", "diff", "BTCUSDT"
    numbers: Numbers = "updates"

    def first_book(self, time: int) -> Sequence[bytes]:
        return []

    def answer(self) -> bytes:
        book = {"lastUpdateId": self.market.updates, "bids": self.market.bids, "asks": self.market.asks}
        return snapshot_frame(self.symbol, as_json(book))

    def change(self, side: Side, price: str, size: str, time: int) -> bytes:
        last, level = self.market.updates, [(price, size)]
        levels = {"b": level if side == "bid" else [], "a": level if side == "ask" else []}
        event = {"e": "depthUpdate", "E": time, "s": self.symbol, "U": last, "u": last, **levels}
        return self.in_stream("depth@100ms", event)

    def trade(self, number: int, time: int) -> bytes:
        ids = {"e": "trade", "E": time, "s": self.symbol, "t": number, "T": time}
        return self.in_stream("trade", {**ids, "p": "100.0", "q": "1.0", "m": True, "M": True})

    def quiet(self, time: int) -> bytes:
        return b'{"result":["btcusdt@depth@100ms","btcusdt@trade"],"id":3}'

    def in_stream(self, kind: str, data: dict[str, Any]) -> bytes:
        """As a combined stream wraps it."""
        return as_json({"stream": f"{self.symbol.lower()}@{kind}", "data": data})


class BinanceDepth5(BinanceDiff):
    protocol = "depth5"
    numbers: Numbers = "none"

    def first_book(self, time: int) -> Sequence[bytes]:
        return [self._book()]

    def change(self, side: Side, price: str, size: str, time: int) -> bytes:
        return self._book()

    def _book(self) -> bytes:
        book = {"lastUpdateId": self.market.updates, "bids": self.market.bids[:5], "asks": self.market.asks[:5]}
        return self.in_stream("depth5@100ms", book)


class Upbit(Maker):
    exchange, protocol, symbol = "upbit", "default", "KRW-BTC"
    names: ClassVar[dict[str, str]] = {}
    level: ClassVar[dict[str, int]] = {"level": 0}

    def first_book(self, time: int) -> Sequence[bytes]:
        return [self._book(time, "SNAPSHOT")]

    def change(self, side: Side, price: str, size: str, time: int) -> bytes:
        return self._book(time, "REALTIME")

    def trade(self, number: int, time: int) -> bytes:
        deal = {"trade_price": 100.0, "trade_volume": 1.0, "ask_bid": "ASK", "sequential_id": number}
        return self._frame("trade", time, **deal, stream_type="REALTIME")

    def quiet(self, time: int) -> bytes:
        return b'{"status":"UP"}'

    def _book(self, time: int, stream: str) -> bytes:
        bids, asks = self.market.bids, self.market.asks
        depth = max(len(bids), len(asks))
        none = [("0", "0")] * depth
        units = [
            self._named(
                {
                    "ask_price": float(ask[0]),
                    "bid_price": float(bid[0]),
                    "ask_size": float(ask[1]),
                    "bid_size": float(bid[1]),
                }
            )
            for ask, bid in zip((asks + none)[:depth], (bids + none)[:depth], strict=True)
        ]
        totals = {
            f"total_{side}_size": sum(float(size) for _, size in levels)
            for side, levels in (("ask", asks), ("bid", bids))
        }
        return self._frame("orderbook", time, **totals, orderbook_units=units, **self.level, stream_type=stream)

    def _frame(self, kind: str, time: int, **fields: Any) -> bytes:
        return as_json(self._named({"type": kind, "code": self.symbol, "timestamp": time, **fields}))

    def _named(self, fields: dict[str, Any]) -> dict[str, Any]:
        return {self.names.get(name, name): value for name, value in fields.items()}


class UpbitSimple(Upbit):
    protocol = "simple"
    names = SIMPLE_NAMES
    level: ClassVar[dict[str, int]] = {}


MAKERS: dict[tuple[str, str], type[Maker]] = {
    (maker.exchange, maker.protocol): maker
    for maker in (
        GeminiV1,
        GeminiStreams,
        GeminiV2,
        CoinbaseAdvanced,
        CoinbaseExchange,
        BinanceDiff,
        BinanceDepth5,
        Upbit,
        UpbitSimple,
    )
}
