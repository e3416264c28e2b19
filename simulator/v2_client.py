"""A reader of v2 market data: the `l2` channel of any symbols, asked for by messages.

{"type":"subscribe","subscriptions":[{"name":"l2","symbols":["BTCUSD"]}]}
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal

import msgspec

from simulator.faulty_frames import spoiled
from simulator.feed_client import FeedClient, Heartbeats
from simulator.market_model import Market, MarketEvent
from simulator.v2_frames import book_frame, crossing_frame, error_frame, heartbeat_frame, trade_frame, update_frame


class Channel(msgspec.Struct):
    """A channel of some symbols."""

    name: str
    symbols: list[str]


class Request(msgspec.Struct):
    """What a reader may send."""

    type: Literal["subscribe", "unsubscribe"]
    subscriptions: list[Channel]


class V2Client(FeedClient):
    """Heartbeats begin with the connection, whatever is subscribed to."""

    protocol = "v2"

    def __init__(
        self, number: int, markets: Mapping[str, Market], now_ms: int, most_queued: int, cut: Callable[[], None]
    ) -> None:
        super().__init__(number, most_queued, cut)
        self._markets = markets
        self._followed: dict[str, Market] = {}
        self._heartbeats = Heartbeats(now_ms)

    @property
    def symbols(self) -> Collection[str]:
        """Those of its subscriptions."""
        return self._followed.keys()

    def tell(self, market: Market, events: Sequence[MarketEvent]) -> None:
        """One frame a change, and before it one for its trade."""
        for symbol, followed in self._followed.items():
            if followed is market:
                for event in events:
                    self._tell_one(symbol, market, event)

    def pass_time(self, now_ms: int) -> None:
        """The heartbeat, when it is due."""
        if self._heartbeats.is_due(now_ms):
            self.put(heartbeat_frame(now_ms))

    def cross(self) -> None:
        """For each symbol."""
        for symbol, market in self._followed.items():
            self.put(crossing_frame(market, symbol))

    def hear(self, text: str, now_ms: int) -> None:  # noqa: ARG002 - the market knows its time
        """A request. A symbol that is subscribed to begins with its book."""
        try:
            request = msgspec.json.decode(text, type=Request)
        except (msgspec.MsgspecError, RecursionError) as error:
            self.put(error_frame("InvalidJson", str(error)))
            return
        for channel in request.subscriptions:
            for symbol in channel.symbols:
                self._follow(symbol.upper(), channel.name, is_wanted=request.type == "subscribe")

    def _follow(self, symbol: str, channel: str, *, is_wanted: bool) -> None:
        if channel != "l2":
            self.put(error_frame("InvalidSubscription", f"channel {channel[:20]!r} is not simulated, l2 is"))
        elif symbol not in self._markets:
            self.put(error_frame("InvalidSymbol", f"there is no market {symbol[:20]!r}"))
        elif is_wanted:
            self._followed[symbol] = self._markets[symbol]
            self.put(book_frame(self._markets[symbol], symbol))
        else:
            self._followed.pop(symbol, None)

    def _tell_one(self, symbol: str, market: Market, event: MarketEvent) -> None:
        trade = trade_frame(market.units, symbol, event)
        if trade is not None:
            self.put(trade)
        fault = self.next_fault()
        if fault != "gap":
            self.put(spoiled(update_frame(market.units, symbol, event), fault))
