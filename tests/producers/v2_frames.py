"""Hand-written frames of Gemini's v2 market data."""

from __future__ import annotations

import json
from typing import Any


def l2_updates(*changes: tuple[str, str, str], symbol: str = "BTCUSD", **more: Any) -> bytes:
    return json.dumps({"type": "l2_updates", "symbol": symbol, "changes": list(changes), **more}).encode()


def past_trade(number: int, time_ms: int = 1767225600070) -> dict[str, Any]:
    """A trade, on its own or among those of a first book; a taker sold."""
    return {
        "type": "trade",
        "symbol": "BTCUSD",
        "event_id": number,
        "timestamp": time_ms,
        "price": "100.00",
        "quantity": "0.5",
        "side": "sell",
    }


def first_l2(*trades: dict[str, Any], symbol: str = "BTCUSD") -> bytes:
    """The whole book as a connection begins: a bid at 100.00 and an ask at 101.00."""
    book = (("buy", "100.00", "1"), ("sell", "101.00", "2"))
    return l2_updates(*book, symbol=symbol, trades=list(trades), auction_events=[])


def trade(number: int, time_ms: int, **more: Any) -> bytes:
    return json.dumps({**past_trade(number, time_ms), **more}).encode()


def heartbeat(time_ms: int) -> bytes:
    return json.dumps({"type": "heartbeat", "timestamp": time_ms}).encode()
