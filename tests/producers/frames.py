"""Hand-written frames of Gemini's v1 market data."""

from __future__ import annotations

import json
from typing import Any


def change(side: str, price: str, remaining: str, reason: str = "place", delta: str = "0.1") -> dict[str, Any]:
    return {"type": "change", "side": side, "price": price, "remaining": remaining, "delta": delta, "reason": reason}


def trade(tid: int, price: str, amount: str, maker_side: str = "ask") -> dict[str, Any]:
    return {"type": "trade", "tid": tid, "price": price, "amount": amount, "makerSide": maker_side}


def first_book(*events: dict[str, Any]) -> bytes:
    """The first frame of a connection: by default a bid at 100.00 and an ask at 101.00."""
    levels = events or (change("bid", "100.00", "1", "initial", "1"), change("ask", "101.00", "2", "initial", "2"))
    return json.dumps({"type": "update", "eventId": 1, "socket_sequence": 0, "events": list(levels)}).encode()


def update(sequence: int, time: int | None, *events: dict[str, Any]) -> bytes:
    """An update; by default it places a bid at 100.00."""
    frame: dict[str, Any] = {"type": "update", "eventId": sequence + 1, "socket_sequence": sequence}
    if time is not None:
        frame |= {"timestamp": time // 1000, "timestampms": time}
    return json.dumps({**frame, "events": list(events or (change("bid", "100.00", "1.5"),))}).encode()


def heartbeat(sequence: int) -> bytes:
    return json.dumps({"type": "heartbeat", "socket_sequence": sequence}).encode()
