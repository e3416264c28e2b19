"""One client's connection: numbers its frames, lets it wait in a bounded queue, and plays faults on it."""

import asyncio
import struct
from collections.abc import Callable
from decimal import Decimal

from aiohttp import web

from market.decimals import plain
from market.order_book import OrderBook
from market.records import Change
from simulator.market_model import MarketEvent
from simulator.v1_frames import Wanted, first_frame, heartbeat_frame, update_frame

# A client this far behind is closed: it must not hold up the others, nor grow without bound.
WAITING_FRAMES = 20_000
OVERSIZED_BYTES = 50 << 20
_ABSURD = "9" * 40


class Connection:
    """What a client is sent, in order. `frames` yields texts, bytes to be written raw, or None to close."""

    def __init__(self, symbol: str, wanted: Wanted) -> None:
        self.symbol = symbol
        self.wanted = wanted
        self.frames: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self._sequence = 0
        self._faults: dict[str, Callable[[OrderBook, int], None]] = {
            "gap": lambda *_: self.skip(),
            "disconnect": lambda *_: self.close(),
            "malformed": lambda *_: self._send(f'{{"type":"update","socket_sequence":{self._number()},'),
            "missing-field": lambda *_: self._send(f'{{"type":"update","socket_sequence":{self._number()}}}'),
            "unknown-type": lambda *_: self._send(f'{{"type":"rumour","socket_sequence":{self._number()}}}'),
            "negative-price": lambda _, now_ms: self._send_change("bid", "-7800.00", now_ms),
            "absurd-price": lambda _, now_ms: self._send_change("ask", _ABSURD, now_ms),
            "crossed": self._cross,
            "oversized": lambda *_: self._send(struct.pack("!BBQ", 0x81, 127, OVERSIZED_BYTES)),
        }

    def begin(self, book: tuple[Change, ...], event_id: int) -> None:
        """The first frame: the whole book."""
        self._send(first_frame(self._number(), event_id, book, self.wanted))

    def tell(self, event: MarketEvent) -> None:
        """One event, unless the client asked for none of it."""
        if (text := update_frame(self._sequence, event, self.wanted)) is not None:
            self._number()
            self._send(text)

    def beat(self) -> None:
        """A heartbeat, if the client asked for them."""
        if self.wanted.heartbeat:
            self._send(heartbeat_frame(self._number()))

    def play_fault(self, name: str, book: OrderBook, now_ms: int) -> None:
        """One of `simulator.scenes.MOMENTS`."""
        self._faults[name](book, now_ms)

    def skip(self) -> None:
        """A frame that is never sent: its number is used up."""
        self._number()

    def close(self) -> None:
        """Close after what waits."""
        self.frames.put_nowait(None)

    def _number(self) -> int:
        number, self._sequence = self._sequence, self._sequence + 1
        return number

    def _send(self, frame: str | bytes) -> None:
        if self.frames.qsize() >= WAITING_FRAMES:
            self.close()
            return
        self.frames.put_nowait(frame)

    def _cross(self, book: OrderBook, now_ms: int) -> None:
        ask = book.best_ask or Decimal(1)
        self._send_change("bid", plain(ask + 1), now_ms)

    def _send_change(self, side: str, price: str, now_ms: int) -> None:
        text = (
            f'{{"type":"update","eventId":{now_ms}999,"timestamp":{now_ms // 1000},"timestampms":{now_ms},'
            f'"socket_sequence":{self._number()},"events":[{{"type":"change","side":"{side}","price":"{price}",'
            '"remaining":"1","delta":"1","reason":"place"}]}'
        )
        self._send(text)


async def write_frames(connection: Connection, socket: web.WebSocketResponse, request: web.Request) -> None:
    """Writes a connection's frames until it is to be closed."""
    while (frame := await connection.frames.get()) is not None:
        if isinstance(frame, str):
            await socket.send_str(frame)
        elif request.transport is not None:
            request.transport.write(frame)
    await socket.close()
