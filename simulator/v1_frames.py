"""Gemini's market data v1 as the exchange writes it: one JSON frame a message, numbered for each connection."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from market.records import Change
from simulator.market_model import MadeTrade, MarketEvent

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Wanted:
    """What a connection asked for in its address: v1 leaves a kind out only when its flag says so."""

    bids: bool = True
    offers: bool = True
    trades: bool = True
    heartbeat: bool = False

    @classmethod
    def of(cls, query: Any) -> "Wanted":
        """Read from the address' query; any kind named true alone switches the unnamed ones off, as v1 did."""
        kinds = ("bids", "offers", "trades")
        default = "false" if any(query.get(kind) == "true" for kind in kinds) else "true"
        chosen = {kind: query.get(kind, default) == "true" for kind in kinds}
        return cls(**chosen, heartbeat=query.get("heartbeat") == "true")


def first_frame(sequence: int, event_id: int, book: Iterable[Change], wanted: Wanted) -> str:
    """The whole book: all events initial, and no time."""
    events = [event for change in book if (event := _change(change, wanted))]
    return _text({"type": "update", "eventId": event_id, "socket_sequence": sequence, "events": events})


def update_frame(sequence: int, event: MarketEvent, wanted: Wanted) -> str | None:
    """What happened, or None when the connection asked for none of it."""
    events = [_trade(trade) for trade in event.trades] if wanted.trades else []
    events += [told for change in event.changes if (told := _change(change, wanted))]
    if not events:
        return None
    return _text(
        {
            "type": "update",
            "eventId": event.event_id,
            "timestamp": event.time_ms // 1000,
            "timestampms": event.time_ms,
            "socket_sequence": sequence,
            "events": events,
        }
    )


def heartbeat_frame(sequence: int) -> str:
    """The exchange is there, and nothing was lost."""
    return _text({"type": "heartbeat", "socket_sequence": sequence})


def _trade(trade: MadeTrade) -> dict[str, Any]:
    return {
        "type": "trade",
        "tid": trade.trade_id,
        "price": trade.price,
        "amount": trade.amount,
        "makerSide": trade.maker_side,
    }


def _change(change: Change, wanted: Wanted) -> dict[str, Any] | None:
    if not (wanted.bids if change.side == "bid" else wanted.offers):
        return None
    return {
        "type": "change",
        "side": change.side,
        "price": change.price,
        "remaining": change.remaining,
        "delta": change.delta,
        "reason": change.reason,
    }


def _text(frame: dict[str, Any]) -> str:
    return _encode(frame).decode()
