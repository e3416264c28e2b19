"""The websocket edge of market data: `/v1/marketdata/{symbol}`, `/v2/marketdata`, and `/` for the current streams."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

from aiohttp import WSMsgType, web

from pipeline.clock import Clock
from pipeline.log import get_log
from simulator.feed_client import FeedClient
from simulator.market_feed import MarketFeed
from simulator.v1_frames import FeedFlags, WrongFlags

# The kernel's share of what may wait for a slow reader.
SEND_BUFFER_BYTES = 256 * 1024
CLOSE_SECONDS = 1.0
MOST_LEVELS = 10_000

# Makes the reader of a connection; it is given the time and how to cut the connection off.
Join = Callable[[int, Callable[[], None]], FeedClient]


class MarketSockets:
    """Lets readers in, and carries what the feed queues for them."""

    def __init__(self, feed: MarketFeed, clock: Clock) -> None:
        self._feed = feed
        self._clock = clock
        self._open: set[web.WebSocketResponse] = set()
        self._log = get_log("simulator")

    def routes(self) -> list[web.RouteDef]:
        """Where it is found."""
        return [
            web.get("/v1/marketdata/{symbol}", self._follow_v1),
            web.get("/v2/marketdata", self._follow_v2),
            web.get("/", self._follow_streams),
        ]

    async def close(self) -> None:
        """Ends all connections."""
        await asyncio.gather(*(response.close(code=1001) for response in list(self._open)))

    async def _follow_v1(self, request: web.Request) -> web.StreamResponse:
        symbol = request.match_info["symbol"].upper()
        if symbol not in self._feed.sources:
            return _refusal(404, "InvalidSymbol", f"there is no market {symbol[:20]!r}")
        try:
            flags = FeedFlags.of(request.query)
        except WrongFlags as error:
            return _refusal(400, "InvalidQuery", str(error))
        return await self._follow(request, lambda now_ms, cut: self._feed.join_v1(symbol, flags, now_ms, cut))

    async def _follow_v2(self, request: web.Request) -> web.StreamResponse:
        return self._without_market() or await self._follow(request, self._feed.join_v2)

    async def _follow_streams(self, request: web.Request) -> web.StreamResponse:
        snapshot = _levels(request.query.get("snapshot", "0"))
        if snapshot is None:
            return _refusal(400, "InvalidQuery", f"snapshot must be -1, 0 or a number of levels up to {MOST_LEVELS}")
        levels = None if snapshot < 0 else snapshot
        return self._without_market() or await self._follow(
            request, lambda now_ms, cut: self._feed.join_streams(levels, now_ms, cut)
        )

    def _without_market(self) -> web.Response | None:
        """A recording is played as it is, and it is one of v1."""
        if self._feed.markets:
            return None
        return _refusal(404, "Recording", "a recording of v1 market data is played: follow it at /v1/marketdata")

    async def _follow(self, request: web.Request, join: Join) -> web.StreamResponse:
        if not self._feed.accepts(self._clock.wall_ms()):
            return _refusal(503, "Maintenance", "connections are refused for now")
        response = web.WebSocketResponse(compress=False, timeout=CLOSE_SECONDS, max_msg_size=64 * 1024)
        if not response.can_prepare(request):
            return _refusal(426, "UpgradeRequired", "this is a websocket")
        await response.prepare(request)
        await self._serve(request, response, join)
        return response

    async def _serve(self, request: web.Request, response: web.WebSocketResponse, join: Join) -> None:
        transport = request.transport
        if transport is None:
            return
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        client = join(self._clock.wall_ms(), transport.abort)
        self._open.add(response)
        self._log.info("reader connected", number=client.number, protocol=client.protocol)
        sender = asyncio.create_task(_send(response, transport, client))
        try:
            async for message in response:
                if message.type is WSMsgType.TEXT:
                    self._feed.hear(client, message.data, self._clock.wall_ms())
        finally:
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sender
            self._open.discard(response)
            self._feed.leave(client)
            self._log.info("reader gone", number=client.number, too_slow=client.was_too_slow)


async def _send(response: web.WebSocketResponse, transport: asyncio.Transport, client: FeedClient) -> None:
    # A connection that is gone ends the loop that reads from it, which ends this task.
    with contextlib.suppress(ConnectionError):
        while (item := await client.queue.get()) is not None:
            if isinstance(item, bytes):
                transport.write(item)
            else:
                await response.send_str(item)
        await response.close()


def _levels(text: str) -> int | None:
    """A number from -1 on; None if it is not one."""
    if text == "-1":
        return -1
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 and int(text) <= MOST_LEVELS else None


def _refusal(status: int, reason: str, message: str) -> web.Response:
    return web.json_response({"result": "error", "reason": reason, "message": message}, status=status)
