"""Hand-written frames of Coinbase's two protocols."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

Levels = Sequence[tuple[str, str]]


def iso(epoch_ms: int) -> str:
    """With nine digits, as Advanced Trade stamps its frames."""
    return f"{datetime.fromtimestamp(epoch_ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{epoch_ms % 1000:03d}587501Z"


# Advanced Trade.


def level(side: str, price: str, quantity: str, time: str | None = "2026-01-01T00:00:00.17Z") -> dict[str, str]:
    update = {"side": side, "price_level": price, "new_quantity": quantity}
    return update if time is None else {**update, "event_time": time}


def advanced(channel: str, sequence: int, *events: dict[str, Any], time: int | None = None) -> bytes:
    frame: dict[str, Any] = {"channel": channel, "client_id": "", "sequence_num": sequence, "events": list(events)}
    if time is not None:
        frame["timestamp"] = iso(time)
    return json.dumps(frame).encode()


def advanced_book(sequence: int, time: int, *levels: dict[str, str], symbol: str = "BTC-USD") -> bytes:
    """A first book; by default a bid at 100.00 and an ask at 101.00."""
    updates = list(levels) or [level("bid", "100.00", "1"), level("offer", "101.00", "2")]
    event = {"type": "snapshot", "product_id": symbol, "updates": updates}
    return advanced("l2_data", sequence, event, time=time)


def advanced_update(sequence: int, time: int, *levels: dict[str, str], symbol: str = "BTC-USD") -> bytes:
    """By default it places a bid at 100.00."""
    event = {"type": "update", "product_id": symbol, "updates": list(levels) or [level("bid", "100.00", "1.5")]}
    return advanced("l2_data", sequence, event, time=time)


def deal(trade_id: str, price: str, size: str, side: str = "SELL", symbol: str = "BTC-USD") -> dict[str, str]:
    return {
        "product_id": symbol,
        "trade_id": trade_id,
        "price": price,
        "size": size,
        "time": "2026-01-01T00:00:00.567634Z",
        "side": side,
    }


def advanced_trades(sequence: int, time: int, *deals: dict[str, str], kind: str = "update") -> bytes:
    return advanced("market_trades", sequence, {"type": kind, "trades": list(deals)}, time=time)


def advanced_heartbeat(sequence: int, time: int, counter: int | str = 41691) -> bytes:
    event = {"current_time": "2026-01-01 00:00:00.854840045 +0000 UTC m=+41691.2", "heartbeat_counter": counter}
    return advanced("heartbeats", sequence, event, time=time)


def advanced_subscriptions(sequence: int, time: int) -> bytes:
    return advanced("subscriptions", sequence, {"subscriptions": {"level2": ["BTC-USD"]}}, time=time)


# Exchange.


def exchange_book(
    bids: Levels = (("100.00", "1"),), asks: Levels = (("101.00", "2"),), symbol: str = "BTC-USD"
) -> bytes:
    return json.dumps({"type": "snapshot", "product_id": symbol, "asks": asks, "bids": bids}).encode()


def exchange_update(time: str, *changes: tuple[str, str, str], symbol: str = "BTC-USD") -> bytes:
    """By default it places a bid at 100.00."""
    frame = {"type": "l2update", "product_id": symbol, "changes": changes or [("buy", "100.00", "1.5")], "time": time}
    return json.dumps(frame).encode()


def match(trade_id: int, price: str, size: str, time: str, *, side: str = "sell", kind: str = "match") -> bytes:
    frame = {
        "type": kind,
        "trade_id": trade_id,
        "maker_order_id": "00000000-0000-4000-8000-000000000001",
        "side": side,
        "size": size,
        "price": price,
        "product_id": "BTC-USD",
        "sequence": 177,
        "time": time,
    }
    return json.dumps(frame).encode()


HEARTBEAT = (
    b'{"type":"heartbeat","sequence":177000002,"last_trade_id":280001,"product_id":"BTC-USD",'
    b'"time":"2026-01-01T00:00:01.464459Z"}'
)
SUBSCRIPTIONS = b'{"type":"subscriptions","channels":[{"name":"level2_batch","product_ids":["BTC-USD"]}]}'
