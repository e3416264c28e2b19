"""Frames of Gemini's market data v1, as text. Pure.

A frame is made once for all its readers; only `socket_sequence` differs between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.ladder import Ladder, Side
from simulator.market_model import Market, MarketEvent
from simulator.units import Units


class WrongFlags(ValueError):
    """The query of a connection asks for something that is not there; the text says what."""


@dataclass(frozen=True)
class FeedFlags:
    """Which entries a connection wants. Naming one of the three switches off those that are not named."""

    heartbeat: bool = False
    bids: bool = True
    offers: bool = True
    trades: bool = True

    @classmethod
    def of(cls, query: Mapping[str, str]) -> FeedFlags:
        """The flags of a query string; raises WrongFlags."""
        if _flag(query, "top_of_book"):
            raise WrongFlags("top_of_book=true is not simulated")
        kinds = [name for name in ("bids", "offers", "trades") if name in query]
        wanted = {name: _flag(query, name) for name in ("bids", "offers", "trades")} if kinds else {}
        return cls(heartbeat=_flag(query, "heartbeat"), **wanted)

    def wants(self, side: Side) -> bool:
        """Whether changes of this side are wanted."""
        return self.bids if side == "bid" else self.offers


def _flag(query: Mapping[str, str], name: str) -> bool:
    text = query.get(name, "false")
    if text not in ("true", "false"):
        raise WrongFlags(f"{name} must be true or false")
    return text == "true"


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame without its sequence number."""

    before: str
    after: str

    def text(self, sequence: int) -> str:
        """The whole frame."""
        return f"{self.before}{sequence}{self.after}"


HEARTBEAT = Frame('{"type":"heartbeat","socket_sequence":', "}")


def book_frame(market: Market, flags: FeedFlags) -> Frame:
    """The first frame of a connection: the whole book, bids and then asks by price, and no time."""
    entries = []
    for ladder in (market.bids, market.asks):
        if flags.wants(ladder.side):
            entries += _initial(market.units, ladder)
    return Frame(
        f'{{"type":"update","eventId":{market.last_event_id},"socket_sequence":',
        f',"events":[{",".join(entries)}]}}',
    )


def _initial(units: Units, ladder: Ladder) -> list[str]:
    entries = []
    for price, size in sorted(ladder.levels()):
        total = units.size_text(size)
        entries.append(
            f'{{"type":"change","reason":"initial","price":"{units.price_text(price)}",'
            f'"delta":"{total}","remaining":"{total}","side":"{ladder.side}"}}'
        )
    return entries


def update_frame(units: Units, event: MarketEvent, flags: FeedFlags) -> Frame | None:
    """The frame that tells an event, None when its reader wants nothing of it."""
    entries = []
    change, trade = event.change, event.trade
    if trade is not None and flags.trades:
        entries.append(
            f'{{"type":"trade","tid":{trade.trade_id},"price":"{units.price_text(trade.price)}",'
            f'"amount":"{units.size_text(trade.size)}","makerSide":"{trade.maker_side}"}}'
        )
    if flags.wants(change.side):
        entries.append(
            f'{{"type":"change","side":"{change.side}","price":"{units.price_text(change.price)}",'
            f'"remaining":"{units.size_text(change.remaining)}","delta":"{units.size_text(change.delta)}",'
            f'"reason":"{change.reason}"}}'
        )
    return _update(event.event_id, event.time_ms, entries) if entries else None


def crossing_frame(market: Market) -> Frame:
    """A lie for a test: a bid above the best ask."""
    price = market.units.price_text(market.asks.best + 1)
    entry = f'{{"type":"change","side":"bid","price":"{price}","remaining":"1","delta":"1","reason":"place"}}'
    return _update(market.last_event_id, market.time_ms, [entry])


def _update(event_id: int, time_ms: int, entries: list[str]) -> Frame:
    return Frame(
        f'{{"type":"update","eventId":{event_id},"timestamp":{time_ms // 1000},"timestampms":{time_ms},'
        f'"socket_sequence":',
        f',"events":[{",".join(entries)}]}}',
    )
