"""All sources and all readers of market data, driven by one call that says what time it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from simulator.faulty_frames import oversized_header
from simulator.feed_client import FeedClient
from simulator.market_model import Market, MarketEvent
from simulator.scenes import ONCE, Schedule
from simulator.sources import GeneratedSource, Source
from simulator.streams_client import StreamsClient
from simulator.v1_client import V1Client
from simulator.v1_frames import FeedFlags
from simulator.v2_client import V2Client


class MarketFeed:
    """Everybody who follows a symbol sees the same market."""

    def __init__(self, sources: Mapping[str, Source], schedule: Schedule, most_queued: int) -> None:
        self.sources = sources
        self.schedule = schedule
        self.counts: Counter[str] = Counter()
        self._most_queued = most_queued
        self._clients: list[FeedClient] = []

    @property
    def markets(self) -> dict[str, Market]:
        """The markets that are generated, by symbol; a recording that is played is none."""
        return {name: source.market for name, source in self.sources.items() if isinstance(source, GeneratedSource)}

    def clients_of(self, symbol: str) -> Sequence[FeedClient]:
        """Who follows this symbol."""
        return [client for client in self._clients if symbol in client.symbols]

    def accepts(self, now_ms: int) -> bool:
        """Whether new connections are let in."""
        return not self.schedule.is_on("reject", now_ms)

    def join_v1(self, symbol: str, flags: FeedFlags, now_ms: int, cut: Callable[[], None]) -> FeedClient:
        """A new reader of v1; its first frame is queued already. Raises KeyError for a symbol that is not there."""
        source = self.sources[symbol]
        client = V1Client(self._next_number(now_ms), symbol, flags, now_ms, self._most_queued, cut)
        self._let_in(client, now_ms)
        source.greet(client, now_ms)
        return client

    def join_v2(self, now_ms: int, cut: Callable[[], None]) -> FeedClient:
        """A new reader of v2, who has to say what it wants."""
        client = V2Client(self._next_number(now_ms), self.markets, now_ms, self._most_queued, cut)
        self._let_in(client, now_ms)
        return client

    def join_streams(self, snapshot: int | None, now_ms: int, cut: Callable[[], None]) -> FeedClient:
        """A new reader of streams, who has to say which. `snapshot`: levels of a first book (None: all, 0: none)."""
        client = StreamsClient(self._next_number(now_ms), self.markets, snapshot, self._most_queued, cut)
        self._let_in(client, now_ms)
        return client

    def hear(self, client: FeedClient, text: str, now_ms: int) -> None:
        """What a reader said."""
        self.advance(now_ms)
        client.hear(text, now_ms)

    def leave(self, client: FeedClient) -> None:
        """The reader is gone."""
        self._clients.remove(client)
        if client.was_too_slow:
            self.counts["cut_as_too_slow"] += 1

    def advance(self, now_ms: int) -> None:
        """Everything that has happened up to now: faults, the market's events, heartbeats."""
        for fault in self.schedule.take_due(now_ms, ONCE):
            self._cause(fault)
        is_silent = self.schedule.is_on("silent", now_ms)
        for client in self._clients:
            # What is sent to a muted connection is lost, and the sequence shows it afterwards.
            client.is_muted = is_silent or client.is_out_of_step
        for source in self.sources.values():
            source.advance(now_ms, self.clients_of(source.symbol))
        for client in self._clients:
            client.pass_time(now_ms)

    def market(self, symbol: str, now_ms: int) -> Market | None:
        """The market of a symbol, brought up to now; None where there is none to trade in."""
        source = self.sources.get(symbol)
        if not isinstance(source, GeneratedSource):
            return None
        self.advance(now_ms)
        return source.market

    def publish(self, symbol: str, events: Sequence[MarketEvent]) -> None:
        """Tells everybody what an order has done in the market; call it before anything else happens there."""
        source = self.sources[symbol]
        assert isinstance(source, GeneratedSource)
        source.publish(events, self.clients_of(symbol))

    def _next_number(self, now_ms: int) -> int:
        """The number of a connection that begins now."""
        self.advance(now_ms)
        self.counts["connections"] += 1
        return self.counts["connections"]

    def _let_in(self, client: FeedClient, now_ms: int) -> None:
        client.is_muted = self.schedule.is_on("silent", now_ms)
        self._clients.append(client)

    def _cause(self, fault: str) -> None:
        self.counts[fault] += 1
        for client in list(self._clients):
            if fault == "disconnect":
                client.cut()
            elif fault == "oversized":
                client.send_raw(oversized_header())
            elif fault == "crossed":
                client.cross()
            else:
                client.spoil_next(fault)

    def status(self) -> dict[str, object]:
        """What a person wants to know of it."""
        return {
            "markets": {symbol: source.status() for symbol, source in self.sources.items()},
            "readers": [
                {
                    "number": client.number,
                    "protocol": client.protocol,
                    "symbols": sorted(client.symbols),
                    "queued": client.queue.qsize(),
                }
                for client in self._clients
            ],
            "counts": dict(self.counts),
            "scenes": [
                {"fault": scene.name, "from_ms": scene.from_ms, "to_ms": scene.to_ms} for scene in self.schedule.scenes
            ],
        }
