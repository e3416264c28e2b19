"""Frames of Gemini's market data v2, as text. Pure.

They have no sequence: a reader cannot notice that one is lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from simulator.ladder import Side
from simulator.market_model import Market, MarketEvent
from simulator.units import Units

# A change's side is the book's; a trade's is the taker's.
SIDES: dict[Side, str] = {"bid": "buy", "ask": "sell"}
TAKERS: dict[Side, str] = {"bid": "sell", "ask": "buy"}


def book_frame(market: Market, symbol: str) -> str:
    """A symbol's first frame: its whole book and the trades before it, the newest first."""
    changes = [
        _change(market.units, ladder.side, price, size)
        for ladder in (market.bids, market.asks)
        for price, size in ladder.levels()
    ]
    trades = [_trade(market.units, symbol, event) for event in reversed(market.past_trades)]
    return (
        f'{{"type":"l2_updates","symbol":"{symbol}","changes":{_list(changes)},"trades":{_list(trades)},'
        f'"auction_events":[]}}'
    )


def update_frame(units: Units, symbol: str, event: MarketEvent) -> str:
    """The change of an event."""
    change = event.change
    changes = [_change(units, change.side, change.price, change.remaining)]
    return f'{{"type":"l2_updates","symbol":"{symbol}","changes":{_list(changes)}}}'


def trade_frame(units: Units, symbol: str, event: MarketEvent) -> str | None:
    """The trade of an event, if there was one; it is sent before the change."""
    return None if event.trade is None else _trade(units, symbol, event)


def crossing_frame(market: Market, symbol: str) -> str:
    """A lie for a test: a bid above the best ask."""
    lie = _change(market.units, "bid", market.asks.best + 1, market.units.least_size)
    return f'{{"type":"l2_updates","symbol":"{symbol}","changes":[{lie}]}}'


def heartbeat_frame(time_ms: int) -> str:
    """The time, and that the connection lives."""
    return f'{{"type":"heartbeat","timestamp":{time_ms}}}'


def error_frame(reason: str, message: str) -> str:
    """What was asked for is refused. (How the exchange words it is not documented; this is how its REST does.)"""
    return json.dumps({"result": "error", "reason": reason, "message": message}, separators=(",", ":"))


def _change(units: Units, side: Side, price: int, size: int) -> str:
    return f'["{SIDES[side]}","{units.price_text(price)}","{units.size_text(size)}"]'


def _trade(units: Units, symbol: str, event: MarketEvent) -> str:
    trade = event.trade
    assert trade is not None
    return (
        f'{{"type":"trade","symbol":"{symbol}","event_id":{trade.trade_id},"timestamp":{event.time_ms},'
        f'"price":"{units.price_text(trade.price)}","quantity":"{units.size_text(trade.size)}",'
        f'"side":"{TAKERS[trade.maker_side]}","tid":{trade.trade_id}}}'
    )


def _list(texts: Iterable[str]) -> str:
    return f"[{','.join(texts)}]"
