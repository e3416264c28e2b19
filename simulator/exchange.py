"""The running exchange: its markets follow the clock, and everyone connected is told what happens."""

import asyncio
from dataclasses import dataclass, field

from market.records import Side
from pipeline.clock import Clock
from simulator.connection import Connection
from simulator.market_model import SIDES, MarketEvent, MarketModel
from simulator.price import PriceProcess
from simulator.scenes import Scene, Scenes

HEARTBEAT_MS = 5_000
_NO_SIDE: tuple[Side, ...] = ()
_BIDS: tuple[Side, ...] = ("bid",)


@dataclass
class Exchange:
    """All state of the simulated exchange: one market a symbol, the scenes, the connections."""

    clock: Clock
    scenes: Scenes
    markets: dict[str, MarketModel]
    connections: set[Connection] = field(default_factory=set)
    messages: int = 0

    @classmethod
    def open(
        cls, clock: Clock, scenes: Scenes, symbols: tuple[str, ...], price: PriceProcess, *, rate: float, seed: int
    ) -> "Exchange":
        """An exchange whose markets begin now."""
        now = clock.wall_ms()
        markets = {
            symbol: MarketModel(price, now, rate=rate, seed=seed + number) for number, symbol in enumerate(symbols)
        }
        return cls(clock, scenes, markets)

    def add_scene(self, scene: Scene) -> None:
        """One more scene, from now on."""
        self.scenes.add(scene)

    def connect(self, connection: Connection) -> None:
        """A client is there: it gets the whole book, then all that happens."""
        self.catch_up()
        connection.begin(self.markets[connection.symbol].whole_book(), self.clock.wall_ms() * 1000)
        self.connections.add(connection)

    def disconnect(self, connection: Connection) -> None:
        """The client is gone."""
        self.connections.discard(connection)

    def catch_up(self) -> None:
        """Lets everything happen that is due by now."""
        now = self.clock.wall_ms()
        for symbol, market in self.markets.items():
            while market.next_ms <= now:
                if (event := market.event_due(self._sides(market.next_ms))) is not None:
                    self._tell(symbol, event)
        for name in self.scenes.due(now):
            for connection in tuple(self.connections):
                connection.play_fault(name, self.markets[connection.symbol].book, now)

    def beat(self) -> None:
        """A heartbeat to everyone."""
        silent = self.scenes.is_on("silent", self.clock.wall_ms())
        for connection in self.connections:
            if silent:
                connection.skip()
            else:
                connection.beat()

    async def run(self) -> None:
        """Follows the clock until cancelled."""
        next_beat = self.clock.wall_ms() + HEARTBEAT_MS
        while True:
            self.catch_up()
            now = self.clock.wall_ms()
            if now >= next_beat:
                self.beat()
                next_beat = now + HEARTBEAT_MS
            due = min([next_beat, *(market.next_ms for market in self.markets.values())])
            # A time to wait for, not a condition: the next event is due then. Scenes are looked at four times a second.
            await asyncio.sleep(min(0.25, self.clock.real_seconds(due - now)))

    def _sides(self, now_ms: float) -> tuple[Side, ...]:
        if self.scenes.is_on("quiet", now_ms):
            return _NO_SIDE
        return _BIDS if self.scenes.is_on("one-side", now_ms) else SIDES

    def _tell(self, symbol: str, event: MarketEvent) -> None:
        self.messages += 1
        silent = self.scenes.is_on("silent", event.time_ms)
        for connection in self.connections:
            if connection.symbol != symbol:
                continue
            if silent:
                connection.skip()
            else:
                connection.tell(event)
