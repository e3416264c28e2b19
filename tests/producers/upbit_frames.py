"""Hand-written frames of Upbit, in both formats."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from producers.upbit_units import SIMPLE_NAMES

# An ask and a bid at the same depth, each as the number's own text: ask price, bid price, ask size, bid size.
Unit = tuple[str, str, str, str]
FIELDS = ("ask_price", "bid_price", "ask_size", "bid_size")
BOOK: tuple[Unit, ...] = (("101.0", "100.0", "2.0", "1.0"), ("102.0", "99.0", "0.5", "3.0"))
TIME = 1_767_225_600_000


def written(units: Sequence[Unit], *, simple: bool = False) -> str:
    """Units as Upbit writes them."""
    names = [SIMPLE_NAMES[field] if simple else field for field in FIELDS]
    return "[" + ",".join("{" + ",".join(f'"{n}":{v}' for n, v in zip(names, unit)) + "}" for unit in units) + "]"  # noqa: B905


def orderbook(
    units: Sequence[Unit] = BOOK, *, code: str = "KRW-BTC", time: int = TIME, simple: bool = False, first: bool = False
) -> bytes:
    """A frame with a whole book."""
    kind, stream = ("ty", "cd", "tms", "tas", "tbs", "obu"), "SNAPSHOT" if first else "REALTIME"
    if not simple:
        kind = ("type", "code", "timestamp", "total_ask_size", "total_bid_size", "orderbook_units")
    stream_name = "st" if simple else "stream_type"
    return (
        f'{{"{kind[0]}":"orderbook","{kind[1]}":"{code}","{kind[2]}":{time},"{kind[3]}":14.1,"{kind[4]}":8.4,'
        f'"{kind[5]}":{written(units, simple=simple)},"{stream_name}":"{stream}"}}'
    ).encode()


def trade(number: int = 7, price: str = "101.0", size: str = "0.5", *, simple: bool = False, **fields: Any) -> bytes:
    """A frame with a trade; `fields` by their long names."""
    told = {
        "type": "trade",
        "code": "KRW-BTC",
        "timestamp": TIME,
        "trade_price": Decimal(price),
        "trade_volume": Decimal(size),
        "ask_bid": "BID",
        "sequential_id": number,
        "stream_type": "REALTIME",
        **fields,
    }
    return dumped({SIMPLE_NAMES[name] if simple else name: value for name, value in told.items()})


def dumped(value: dict[str, Any]) -> bytes:
    """JSON in which decimals are numbers, digit for digit."""
    return (
        "{"
        + ",".join(f"{json.dumps(n)}:{v if isinstance(v, Decimal) else json.dumps(v)}" for n, v in value.items())
        + "}"
    ).encode()
