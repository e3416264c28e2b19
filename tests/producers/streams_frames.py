"""Hand-written frames of Gemini's depth and trade streams."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

Levels = Sequence[tuple[str, str]]


def depth(
    first: int, last: int, time_ms: int, bids: Levels = (), asks: Levels = (), symbol: str = "btcusd", **more: Any
) -> bytes:
    """A depth frame that holds the updates `first` to `last`."""
    frame = {"e": "depthUpdate", "E": time_ms * 1_000_000 + 514_400, "s": symbol, "U": first, "u": last}
    return json.dumps({**frame, "b": list(bids), "a": list(asks), **more}).encode()


def first_depth(time_ms: int, last: int = 100, symbol: str = "btcusd") -> bytes:
    """The whole book as a connection begins: a bid at 100.00 and an ask at 101.00."""
    return depth(last, last, time_ms, [("100.00", "1")], [("101.00", "2")], symbol)


def trade(number: int, time_ms: int, price: str = "101.00", *, buyer_is_maker: bool = False, **more: Any) -> bytes:
    frame = {"E": time_ms * 1_000_000, "s": "btcusd", "t": number, "p": price, "q": "0.5", "m": buyer_is_maker}
    return json.dumps({**frame, **more}).encode()


def answer(number: int | str, status: int = 200, **more: Any) -> bytes:
    return json.dumps({"id": number, "status": status, **more}).encode()


def refusal(status: int, code: int = -1002, number: int | str = "1") -> bytes:
    """An answer that says no, by default to the subscription."""
    return answer(number, status, error={"code": code, "msg": "Authentication required"})
