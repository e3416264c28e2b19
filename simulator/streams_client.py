"""A reader of the current market data: any streams of any symbols, asked for by messages.

    {"id":"1","method":"subscribe","params":["btcusd@depth@100ms","btcusd@trade"]}

Methods: subscribe, unsubscribe, list_subscriptions, ping. There are no heartbeats.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from simulator.faulty_frames import spoiled
from simulator.feed_client import FeedClient
from simulator.market_model import Market, MarketEvent
from simulator.streams import DepthStream, Stream, WrongStream, stream_of, symbol_of
from simulator.streams_frames import answer_text, refusal_text, whole_book

WRONG_REQUEST, UNKNOWN_METHOD, UNAUTHENTICATED = -1013, -1020, -1002
MOST_STREAMS = 1_000
PRIVATE = ("orders@", "balances@")


class Request(msgspec.Struct):
    """What a reader may send."""

    method: str
    id: int | str | None = None
    params: list[str] = []


class StreamsClient(FeedClient):
    """`snapshot`: how many levels a depth stream begins with; None for the whole book, 0 for none."""

    protocol = "streams"

    def __init__(
        self,
        number: int,
        markets: Mapping[str, Market],
        snapshot: int | None,
        most_queued: int,
        cut: Callable[[], None],
    ) -> None:
        super().__init__(number, most_queued, cut)
        self._markets = markets
        self._snapshot = snapshot
        self._streams: dict[str, Stream] = {}

    @property
    def symbols(self) -> Collection[str]:
        """Those of its streams."""
        return {stream.symbol for stream in self._streams.values()}

    def tell(self, market: Market, events: Sequence[MarketEvent]) -> None:
        """Each stream of the market makes its own of it."""
        for stream in self._streams.values():
            if self._markets[stream.symbol] is market:
                for text in stream.tell(events):
                    self.put(text)

    def pass_time(self, now_ms: int) -> None:
        """What was collected and is due."""
        for stream in self._streams.values():
            text = stream.take_due(now_ms)
            if text is not None:
                self._send_update(text)

    def cross(self) -> None:
        """In each depth stream."""
        for stream in self._streams.values():
            if isinstance(stream, DepthStream):
                self.put(stream.crossing())

    def hear(self, text: str, now_ms: int) -> None:
        """A request; it is answered first, and what it asks for follows."""
        try:
            request = msgspec.json.decode(text, type=Request)
        except (msgspec.MsgspecError, RecursionError) as error:
            self.put(refusal_text(None, 400, WRONG_REQUEST, f"not a request: {error}"))
            return
        method = request.method.lower()
        if method == "subscribe":
            self._subscribe(request, now_ms)
        elif method == "unsubscribe":
            for name in request.params:
                self._streams.pop(name, None)
            self.put(answer_text(request.id))
        elif method == "list_subscriptions":
            self.put(answer_text(request.id, list(self._streams)))
        elif method == "ping":
            self.put(answer_text(request.id))
        else:
            self.put(refusal_text(request.id, 400, UNKNOWN_METHOD, f"no method {request.method[:60]!r}"))

    def _subscribe(self, request: Request, now_ms: int) -> None:
        if any(name.startswith(PRIVATE) for name in request.params):
            self.put(refusal_text(request.id, 401, UNAUTHENTICATED, "Authentication required"))
            return
        try:
            new = {name: stream_of(name, self._markets.get(symbol_of(name)), now_ms) for name in request.params}
        except WrongStream as error:
            self.put(refusal_text(request.id, 400, WRONG_REQUEST, str(error)))
            return
        if not new or len(self._streams | new) > MOST_STREAMS:
            self.put(refusal_text(request.id, 400, WRONG_REQUEST, f"expected 1 to {MOST_STREAMS} streams"))
            return
        self._streams |= new
        self.put(answer_text(request.id))
        for stream in new.values():
            if isinstance(stream, DepthStream) and self._snapshot != 0:
                self.put(stream.book(whole_book(self._markets[stream.symbol], self._snapshot), now_ms))

    def _send_update(self, text: str) -> None:
        """What is to go wrong with the next update goes wrong with this one."""
        fault = self.next_fault()
        if fault != "gap":
            self.put(spoiled(text, fault))
