"""The websocket edge of market data: `/v1/marketdata/{symbol}`."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from aiohttp import web

from pipeline.clock import Clock
from pipeline.log import get_log
from simulator.feed_client import FeedClient
from simulator.market_feed import MarketFeed
from simulator.v1_frames import FeedFlags, WrongFlags

# The kernel's share of what may wait for a slow reader.
SEND_BUFFER_BYTES = 256 * 1024
CLOSE_SECONDS = 1.0


class MarketSockets:
    """Lets readers in, and carries what the feed queues for them."""

    def __init__(self, feed: MarketFeed, clock: Clock) -> None:
        self._feed = feed
        self._clock = clock
        self._open: set[web.WebSocketResponse] = set()
        self._log = get_log("simulator")

    def routes(self) -> list[web.RouteDef]:
        """Where it is found."""
        return [web.get("/v1/marketdata/{symbol}", self._follow)]

    async def close(self) -> None:
        """Ends all connections."""
        await asyncio.gather(*(response.close(code=1001) for response in list(self._open)))

    async def _follow(self, request: web.Request) -> web.StreamResponse:
        symbol = request.match_info["symbol"].upper()
        if symbol not in self._feed.sources:
            return _refusal(404, "InvalidSymbol", f"there is no market {symbol[:20]!r}")
        if not self._feed.accepts(self._clock.wall_ms()):
            return _refusal(503, "Maintenance", "connections are refused for now")
        try:
            flags = FeedFlags.of(request.query)
        except WrongFlags as error:
            return _refusal(400, "InvalidQuery", str(error))
        response = web.WebSocketResponse(compress=False, timeout=CLOSE_SECONDS, max_msg_size=64 * 1024)
        if not response.can_prepare(request):
            return _refusal(426, "UpgradeRequired", "this is a websocket")
        await response.prepare(request)
        await self._serve(request, response, symbol, flags)
        return response

    async def _serve(
        self, request: web.Request, response: web.WebSocketResponse, symbol: str, flags: FeedFlags
    ) -> None:
        transport = request.transport
        if transport is None:
            return
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        client = self._feed.join(symbol, flags, self._clock.wall_ms(), transport.abort)
        self._open.add(response)
        self._log.info("reader connected", number=client.number, symbol=symbol)
        sender = asyncio.create_task(_send(response, transport, client))
        try:
            async for _ in response:
                pass  # readers have nothing to say
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


def _refusal(status: int, reason: str, message: str) -> web.Response:
    return web.json_response({"result": "error", "reason": reason, "message": message}, status=status)
