"""A protocol whose frames say in JSON exactly what they tell: for tests of what all protocols have in common."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import msgspec

from market.records import Change
from producers.errors import MalformedFrame
from producers.protocol import Frame, News, ParsedTrade, Protocol, RestSnapshot, Subscription

_decoder = msgspec.json.Decoder(dict[str, Any])


def parse(payload: bytes) -> Frame:
    try:
        said = _decoder.decode(payload)
    except ValueError as error:
        raise MalformedFrame(str(error)) from None
    if "malformed" in said:
        raise MalformedFrame("as said", **said["malformed"])
    told = tuple(_news(news) for news in said.pop("news", ()))
    return Frame(news=told, **said)


def _news(said: dict[str, Any]) -> News:
    changes = [Change(side=side, price=price, remaining=left) for side, price, left in said.pop("changes", ())]
    trades = tuple(ParsedTrade(id, "100", "1", "ask") for id in said.pop("trades", ()))
    bids, asks = ([(price, size) for price, size in said.pop(side, ())] for side in ("bids", "asks"))
    return News(changes=changes, trades=trades, bids=bids, asks=asks, **said)


def frame(*news: dict[str, Any], **said: Any) -> bytes:
    """A frame with this news."""
    return msgspec.json.encode({"news": list(news), **said})


def changes(first: int, last: int, *levels: tuple[str, str, str], **said: Any) -> dict[str, Any]:
    """News of changes with these update numbers; a bid at 100 by default."""
    return {
        "book": "changes",
        "first_id": first,
        "last_id": last,
        "changes": levels or [("bid", "100", str(last))],
        **said,
    }


def snapshot(last: int, *levels: tuple[str, str, str], **said: Any) -> dict[str, Any]:
    """News of a whole book as new as update `last`."""
    book = levels or (("bid", "99", "1"), ("ask", "101", "2"))
    return {"book": "snapshot", "last_id": last, "changes": book, **said}


def whole(bids: list[tuple[str, str]], asks: list[tuple[str, str]], **said: Any) -> dict[str, Any]:
    """News of all that the exchange shows."""
    return {"book": "whole", "bids": bids, "asks": asks, **said}


def _address(base: str, subscription: Subscription) -> str:
    return f"{base}/{'+'.join(subscription.symbols)}"


PLAIN = Protocol(
    exchange="gemini",
    name="plain",
    base_url="ws://127.0.0.1:9",
    address=_address,
    greeting=lambda subscription: (),
    parse=parse,
    symbol_example="A",
    symbol_pattern=re.compile("[A-Z]+"),
    symbols_each=10,
)
# Books by REST on the standing connection, updates with numbers: as Binance's diff depth.
BY_REST = replace(
    PLAIN,
    resync="snapshot",
    snapshot=RestSnapshot(
        base_url="http://127.0.0.1:9",
        path=lambda symbol: f"/book/{symbol}",
        frame=lambda symbol, body: body,
    ),
)
# The whole book each time.
WHOLE_BOOKS = replace(PLAIN, resync="next_book")
# Connections with numbers that begin with 0.
NUMBERED = replace(PLAIN, first_sequence=0)
