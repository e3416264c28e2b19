"""Frames of Gemini's current market data, as text. Pure.

Numbers of updates are the market's event ids, which grow by one with each change. Times are nanoseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import islice

from simulator.ladder import Ladder, Side
from simulator.market_model import Market, TradeDone
from simulator.units import Units

NS_PER_MS = 1_000_000
# Digits after the point of each kind of size, as the exchange writes them.
SIZE_PLACES, TRADED_PLACES = 8, 10

# New totals, in ticks and quantity steps, by side.
Totals = Mapping[Side, Mapping[int, int]]


def depth_frame(units: Units, symbol: str, time_ms: int, first: int, last: int, totals: Totals) -> str:
    """What the updates `first` to `last` have changed, or a whole book as it was after `last`."""
    bids, asks = (_levels(units, totals[side].items()) for side in ("bid", "ask"))
    return (
        f'{{"e":"depthUpdate","E":{time_ms * NS_PER_MS},"s":"{symbol.lower()}","U":{first},"u":{last},'
        f'"b":{bids},"a":{asks}}}'
    )


def trade_frame(units: Units, symbol: str, time_ms: int, trade: TradeDone) -> str:
    """A trade; `m` says whether the buyer was the maker."""
    size = padded(units, trade.size, TRADED_PLACES)
    return (
        f'{{"E":{time_ms * NS_PER_MS},"s":"{symbol.lower()}","t":{trade.trade_id},'
        f'"p":"{units.price_text(trade.price)}","q":"{size}","m":{_truth(trade.maker_side == "bid")}}}'
    )


def ticker_frame(market: Market, symbol: str, time_ms: int) -> str:
    """The best bid and ask, with their sizes."""
    units, bids, asks = market.units, market.bids, market.asks
    return (
        f'{{"u":{market.last_event_id},"E":{time_ms * NS_PER_MS},"s":"{symbol.lower()}",'
        f'"b":"{units.price_text(bids.best)}","B":"{padded(units, bids.size(bids.best), SIZE_PLACES)}",'
        f'"a":"{units.price_text(asks.best)}","A":"{padded(units, asks.size(asks.best), SIZE_PLACES)}"}}'
    )


def partial_frame(market: Market, levels: int) -> str:
    """The best so many levels of each side."""
    bids, asks = (_levels(market.units, best(ladder, levels).items()) for ladder in (market.bids, market.asks))
    return f'{{"lastUpdateId":{market.last_event_id},"bids":{bids},"asks":{asks}}}'


def whole_book(market: Market, levels: int | None) -> Totals:
    """All levels, or the best so many of each side."""
    return {"bid": best(market.bids, levels), "ask": best(market.asks, levels)}


def best(ladder: Ladder, levels: int | None) -> dict[int, int]:
    """The best so many levels of a side; None: all."""
    return dict(islice(ladder.levels(), levels))


def answer_text(request_id: object, result: object = None) -> str:
    """Yes. An id made of digits comes back as a number, whatever was sent."""
    answer = {"id": _returned(request_id), "status": 200}
    return _json(answer if result is None else answer | {"result": result})


def refusal_text(request_id: object, status: int, code: int, message: str) -> str:
    """No, and why."""
    return _json({"id": _returned(request_id), "status": status, "error": {"code": code, "msg": message}})


def padded(units: Units, steps: int, places: int) -> str:
    """A size with so many digits after the point."""
    return f"{units.size(steps):.{places}f}"


def _returned(request_id: object) -> object:
    is_digits = isinstance(request_id, str) and len(request_id) < 16 and request_id.isascii() and request_id.isdecimal()
    return int(str(request_id)) if is_digits else request_id


def _levels(units: Units, levels: Iterable[tuple[int, int]]) -> str:
    texts = [f'["{units.price_text(price)}","{padded(units, size, SIZE_PLACES)}"]' for price, size in levels]
    return f"[{','.join(texts)}]"


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
