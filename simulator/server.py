"""The exchange's doors: market data sockets, and a few of its own for tests and the curious."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from pipeline.clock import Clock
from pipeline.log import get_log
from pipeline.process import StopSignal
from simulator.connection import Connection, write_frames
from simulator.errors import WrongScene
from simulator.exchange import HEARTBEAT_MS, Exchange
from simulator.play import PlayedFrame, last_sequence, moved, read_recording
from simulator.scenes import Scenes, parse_scene, scene_now
from simulator.settings import SimulatorSettings
from simulator.v1_frames import Wanted, heartbeat_frame

LOOPBACK = "127.0.0.1"
log = get_log("simulator")


def serve(settings: SimulatorSettings, stop: StopSignal) -> None:
    """Serves until `stop` is set. Raises `WrongScene` or `WrongRecording` before anything is served."""
    clock = settings.clock()
    planned = [parse_scene(text, clock.wall_ms()) for text in settings.simulator_scenes.split(",") if text.strip()]
    recording = tuple(read_recording(settings.simulator_play)) if settings.simulator_play else ()
    exchange = Exchange.open(
        clock,
        Scenes(planned),
        settings.symbols,
        settings.price(),
        rate=settings.simulator_rate,
        seed=settings.simulator_seed,
    )
    feed = _Playing(clock, recording, settings.simulator_play_end) if recording else _MadeUp(exchange)
    asyncio.run(_serve(application(exchange, feed.follow), settings.simulator_port, stop))


def application(
    exchange: Exchange, follow: Callable[[web.Request, web.WebSocketResponse, str], Awaitable[None]]
) -> web.Application:
    """The exchange as a web application; `follow` sends a market data connection its frames."""

    async def market_data(request: web.Request) -> web.StreamResponse:
        symbol = request.match_info["symbol"].upper()
        if symbol not in exchange.markets:
            raise web.HTTPNotFound(text=f"there is no symbol {symbol}; there are {', '.join(exchange.markets)}")
        if exchange.scenes.is_on("reject", exchange.clock.wall_ms()):
            raise web.HTTPServiceUnavailable(text="connections are refused for now")
        socket = web.WebSocketResponse(heartbeat=None)
        await socket.prepare(request)
        await follow(request, socket, symbol)
        return socket

    async def status(_: web.Request) -> web.Response:
        return web.json_response(
            {
                "simulated": True,
                "time_ms": exchange.clock.wall_ms(),
                "connections": len(exchange.connections),
                "messages": exchange.messages,
            }
        )

    async def faults(request: web.Request) -> web.Response:
        asked = await request.json()
        try:
            exchange.add_scene(
                scene_now(str(asked.get("fault")), float(asked.get("seconds", 0)), exchange.clock.wall_ms())
            )
        except (WrongScene, ValueError) as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        return web.json_response({"fault": asked["fault"]})

    async def run(_: web.Application) -> AsyncIterator[None]:
        running = asyncio.create_task(exchange.run())
        yield
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    app = web.Application()
    app.cleanup_ctx.append(run)
    app.router.add_get("/v1/marketdata/{symbol}", market_data)
    app.router.add_get("/simulator/status", status)
    app.router.add_post("/simulator/faults", faults)
    return app


class _MadeUp:
    """Sends what happens in the made-up market."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def follow(self, request: web.Request, socket: web.WebSocketResponse, symbol: str) -> None:
        connection = Connection(symbol, Wanted.of(request.query))
        self._exchange.connect(connection)
        try:
            await _send_until_gone(socket, write_frames(connection, socket, request))
        finally:
            self._exchange.disconnect(connection)


class _Playing:
    """Plays a recording to each connection from its beginning."""

    def __init__(self, clock: Clock, recording: tuple[PlayedFrame, ...], end: str) -> None:
        self._clock = clock
        self._recording = recording
        self._end = end

    async def follow(self, _: web.Request, socket: web.WebSocketResponse, __: str) -> None:
        await _send_until_gone(socket, self._play(socket))
        await socket.close()

    async def _play(self, socket: web.WebSocketResponse) -> None:
        by_ms = self._clock.wall_ms() - self._recording[0].time_ms
        sequence = 0
        for frame in self._recording:
            wait = self._clock.real_seconds(frame.time_ms + by_ms - self._clock.wall_ms())
            if wait:
                await asyncio.sleep(wait)
            text = moved(frame, by_ms)
            sequence = last_sequence(text) or sequence
            await socket.send_str(text)
        while self._end == "hold" and not socket.closed:
            await asyncio.sleep(self._clock.real_seconds(HEARTBEAT_MS))
            sequence += 1
            await socket.send_str(heartbeat_frame(sequence))


async def _send_until_gone(socket: web.WebSocketResponse, sending: Coroutine[Any, Any, None]) -> None:
    """Sends until that is done or the client is gone; what the client says is read and ignored."""
    tasks = (asyncio.create_task(sending), asyncio.create_task(_read(socket)))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        # A client may go at any time, also in the middle of a frame.
        if isinstance(end, Exception) and not isinstance(end, ConnectionError):
            raise end


async def _read(socket: web.WebSocketResponse) -> None:
    async for message in socket:
        if message.type is WSMsgType.ERROR:
            return


async def _serve(app: web.Application, port: int, stop: StopSignal) -> None:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, LOOPBACK, port)
        await site.start()
        log.info("the simulated exchange is open", address=f"ws://{LOOPBACK}:{port}/v1/marketdata/BTCUSD")
        await asyncio.get_running_loop().run_in_executor(None, stop.wait)
    finally:
        await runner.cleanup()
