"""Puts the simulated exchange together and runs it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from market.symbols import steps_of
from pipeline.clock import Clock
from pipeline.log import get_log
from pipeline.process import StopSignal
from simulator.account_journal import AccountJournal
from simulator.control_api import ControlApi
from simulator.errors import PortTaken
from simulator.market_feed import MarketFeed
from simulator.market_model import Market
from simulator.market_sockets import MarketSockets
from simulator.playback import PlayedSource
from simulator.price_process import PriceProcess
from simulator.real_events import REFERENCE_PRICE
from simulator.recording import read_recording
from simulator.scenes import Schedule
from simulator.settings import SimulatorSettings
from simulator.signatures import NONCE_WINDOW_MS, Gatekeeper
from simulator.sources import GeneratedSource, Source
from simulator.trading_api import TradingApi, clock_date
from simulator.trading_desk import TradingDesk
from simulator.units import Units

STEP_SECONDS = 0.02  # real: how often the market is brought up to date
# The market does not make up for a longer pause of this process.
CATCH_UP_SECONDS = 2.0
# The first book is scaled to this; any symbol that is not listed starts where BTCUSD does.
REFERENCE_PRICES = {"BTCUSD": float(REFERENCE_PRICE), "ETHUSD": 245.0}


def run_simulator(settings: SimulatorSettings, stop: StopSignal) -> None:
    """Serves until stopped. Raises PortTaken, WrongRecording and WrongAccount."""
    with AccountJournal(settings.exchange_dir / "account.jsonl") as journal:
        asyncio.run(_serve(settings, journal, stop))


def price_process(settings: SimulatorSettings, symbol: str) -> PriceProcess:
    """The made-up price of a symbol."""
    return PriceProcess(
        symbol=symbol,
        seed=settings.simulator_seed,
        reference=REFERENCE_PRICES[symbol],
        cycle_seconds=settings.simulator_cycle_seconds,
        cycle_amplitude=settings.simulator_cycle_amplitude,
        noise_scale=settings.simulator_noise,
    )


def market_feed(settings: SimulatorSettings, clock: Clock, start_ms: int) -> MarketFeed:
    """All markets as they begin, or the recording that is played instead. Raises WrongRecording."""
    schedule = Schedule(settings.scenes(start_ms))
    sources: dict[str, Source] = {}
    if settings.simulator_play:
        symbol = settings.symbols[0]
        frames = read_recording(Path(settings.simulator_play))
        sources[symbol] = PlayedSource(frames, symbol, settings.simulator_play_end)
    else:
        for symbol in settings.symbols:
            market = Market(
                Units.of(steps_of(symbol)), price_process(settings, symbol), start_ms, settings.simulator_rate
            )
            catch_up_ms = round(CATCH_UP_SECONDS * 1000 * clock.speed)
            sources[symbol] = GeneratedSource(market, schedule.sides_at, catch_up_ms, symbol)
    return MarketFeed(sources, schedule, settings.simulator_client_queue)


def trading_api(settings: SimulatorSettings, clock: Clock, feed: MarketFeed, journal: AccountJournal) -> TradingApi:
    """REST for the account in the journal. Raises WrongAccount."""
    desk = TradingDesk(feed, journal, settings.symbols, clock, settings.simulator_fee_bps)
    # A request is under way in real time, however fast the clock goes.
    window_ms = NONCE_WINDOW_MS * max(1.0, clock.speed)
    gatekeeper = Gatekeeper(settings.api_key(), window_ms, desk.account.last_nonce())
    simulated = () if settings.simulator_play else settings.symbols
    prices = {symbol: price_process(settings, symbol) for symbol in simulated}
    return TradingApi(desk, gatekeeper, feed.schedule, clock, prices)


async def _serve(settings: SimulatorSettings, journal: AccountJournal, stop: StopSignal) -> None:
    clock = settings.clock()
    start_ms = clock.wall_ms()
    feed = market_feed(settings, clock, start_ms)
    sockets = MarketSockets(feed, clock)
    app = web.Application()
    app.on_response_prepare.append(clock_date(clock))
    app.add_routes([*sockets.routes(), *ControlApi(feed, clock, start_ms).routes()])
    app.add_routes(trading_api(settings, clock, feed, journal).routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await _listen(runner, settings.simulator_host, settings.simulator_port)
        get_log("simulator").info(
            "listening",
            url=f"ws://{settings.simulator_host}:{settings.simulator_port}",
            symbols=settings.symbols,
            source=settings.simulator_play or "SIMULATED market",
            account=str(settings.exchange_dir),
        )
        alive = settings.sign_of_life()
        while not stop.is_set():
            feed.advance(clock.wall_ms())
            alive.give()
            await asyncio.sleep(STEP_SECONDS)
        await sockets.close()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise PortTaken(f"port {port} of {host} cannot be listened on: {error.strerror or error}") from error
