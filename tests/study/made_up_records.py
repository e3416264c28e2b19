"""Records of a made-up feed, each at a time in ms after noon."""

from __future__ import annotations

from typing import Any

from market.records import L2, Change, Gap, Reason, Side, Tick

NOON = 1_767_268_800_000
SYMBOL = "ETC-USD"


def _from(time: int) -> dict[str, Any]:
    at = NOON + time
    return {"exchange": "coinbase", "symbol": SYMBOL, "event_time": at, "received_time": at, "connection": "c"}


def level(side: Side, price: str, remaining: str, reason: Reason | None = None, time: int | None = None) -> Change:
    at = None if time is None else NOON + time
    return Change(side=side, price=price, remaining=remaining, reason=reason, time=at)


def changed(time: int, *changes: Change, **more: Any) -> L2:
    return L2(**_from(time), changes=changes, **more)


def first_book(time: int, bids: dict[str, str], asks: dict[str, str]) -> L2:
    sides: tuple[tuple[Side, dict[str, str]], ...] = (("bid", bids), ("ask", asks))
    return changed(time, *(level(side, *entry, "initial") for side, levels in sides for entry in levels.items()))


def lost(time: int, since: int = 0) -> Gap:
    return Gap(**_from(time), from_=NOON + since, to=NOON + time, reason="start")


def ticked(time: int) -> Tick:
    return Tick(**_from(time))
