"""A running bot: everything is checked, then the journal is taken over and read, then minutes are waited for."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from bot.errors import TryLater
from bot.exchange import Exchange
from bot.execution import Profile
from bot.feeds import BookFeed, Inbox, Unreadable
from bot.forecast_file import ForecastFile
from bot.gemini_rest import GeminiRest
from bot.journal import KafkaJournal
from bot.logbook import Logbook
from bot.paper import PaperAccount, PaperExchange
from bot.paper_symbols import steps_on_paper
from bot.settings import BotSettings
from bot.state import BotState
from bot.trader import Trader
from market.records import encode
from market.symbols import UnknownSymbol
from pipeline.alive import SignOfLife
from pipeline.back_off import BackOff
from pipeline.clock import Clock
from pipeline.dead_letters import dead_letter
from pipeline.errors import TemporarilyUnavailable, WrongSettings
from pipeline.kafka_clients import Publisher, await_topics
from pipeline.log import Log, get_log
from pipeline.metrics import HealthReporter, Metrics
from pipeline.metrics_endpoint import metrics_endpoint
from pipeline.process import StopSignal
from pipeline.seldom_warning import SeldomWarning
from pipeline.topics import BOT_COMMANDS, BOT_EVENTS, DEAD_LETTERS, HEALTH, SPARK_OUT, feed_topic

POLL_SECONDS = 0.25
FAREWELL_SECONDS = 5.0


def run(settings: BotSettings, stop: StopSignal) -> None:
    """Trades until `stop` is set. Raises `WrongSettings`, `WrongKeys`, `TakenOver`, `TemporarilyUnavailable`."""
    log, clock, metrics = get_log("bot"), settings.clock(), Metrics()
    feed = feed_topic(settings.bot_exchange)
    topics = [SPARK_OUT, BOT_EVENTS, BOT_COMMANDS, HEALTH, DEAD_LETTERS, *([feed] if _is_paper(settings) else [])]
    if not await_topics(settings.kafka_bootstrap, topics, stop, log):
        return
    with ExitStack() as stack:
        stack.enter_context(metrics_endpoint("bot", metrics, settings))
        publisher = stack.enter_context(_publisher(settings.kafka_bootstrap))
        exchange = _paper(settings, clock, stack) if _is_paper(settings) else _rest(settings, clock, stack, stop, log)
        if exchange is None:
            return
        logbook = _remembered(settings, stack, log)
        state = logbook.state
        inbox = stack.enter_context(
            Inbox(
                settings.kafka_bootstrap,
                state.last_minute_offset,
                state.last_command_offset,
                _rejecting(publisher, clock, metrics, log),
            )
        )
        trader = Trader(
            _profile(settings), exchange, logbook, ForecastFile(settings.forecast_path), clock, stop.wait, log, metrics
        )
        stack.enter_context(
            HealthReporter(
                "bot",
                metrics,
                lambda health: publisher.publish(HEALTH, "bot", encode(health)),
                clock,
                settings.health_interval_seconds,
                lambda: _gauge(metrics, state),
            )
        )
        log.info("the bot is ready", bot=settings.author.bot, position=str(state.ledger.position), state=state.operator)
        _trade(trader, inbox, exchange, stop, settings.sign_of_life())


def _trade(trader: Trader, inbox: Inbox, exchange: Exchange, stop: StopSignal, alive: SignOfLife) -> None:
    while not stop.is_set():
        if isinstance(exchange, PaperExchange):
            exchange.keep_up()
        arrived = inbox.poll(POLL_SECONDS)
        for offset, command in arrived.commands:
            trader.take_command(offset, command)
        trader.tick()
        if not stop.is_set():
            trader.take_minutes(arrived.minutes, caught_up=arrived.caught_up)
        alive.give()


def _is_paper(settings: BotSettings) -> bool:
    return settings.bot_mode == "paper"


def _profile(settings: BotSettings) -> Profile:
    return Profile(
        author=settings.author,
        limits=settings.limits,
        fraction=settings.bot_trade_fraction,
        fee_bps=settings.bot_fee_bps,
        tolerance=settings.bot_balance_tolerance,
    )


def _rest(settings: BotSettings, clock: Clock, stack: ExitStack, stop: StopSignal, log: Log) -> GeminiRest | None:
    """The account at the exchange, its keys checked; None when asked to stop before there was an answer."""
    key, secret = settings.keys()
    rest = stack.enter_context(
        GeminiRest(
            settings.api_url,
            key,
            secret,
            settings.bot_symbol,
            clock,
            connect_seconds=settings.bot_connect_seconds,
            answer_seconds=settings.bot_answer_seconds,
        )
    )
    back_off = BackOff()
    while not stop.is_set():
        try:
            rest.check_keys()
        except TryLater as error:
            pause = max(back_off.next(), error.after or 0.0)
            log.warning(f"waiting for the exchange at {settings.api_url}", why=str(error), seconds=round(pause, 1))
            stop.wait(pause)
        else:
            return rest
    return None


def _paper(settings: BotSettings, clock: Clock, stack: ExitStack) -> Exchange:
    try:
        steps = steps_on_paper(settings.bot_symbol)
    except UnknownSymbol as error:
        raise WrongSettings(f"BOT_SYMBOL={settings.bot_symbol} cannot be traded on paper: {error}") from error
    books = stack.enter_context(
        BookFeed(settings.kafka_bootstrap, feed_topic(settings.bot_exchange), settings.bot_symbol)
    )
    return PaperExchange(
        paper_account_path(settings),
        steps,
        PaperAccount(base=settings.bot_paper_base, quote=settings.bot_paper_quote),
        settings.bot_fee_bps,
        books,
        settings.limits.price_age_ms,
        clock,
    )


def paper_account_path(settings: BotSettings) -> Path:
    """Where the paper account of this identity is kept."""
    return settings.state_dir / "bot" / f"{settings.author.bot}.json"


def _remembered(settings: BotSettings, stack: ExitStack, log: Log) -> Logbook:
    """Takes the journal over, so that an older bot can write no more, and reads it."""
    author = settings.author
    journal = KafkaJournal(settings.kafka_bootstrap, author.bot, author.symbol, log)
    stack.callback(journal.close)
    state = BotState()
    for record in journal.recall():
        state.apply(record)
    logbook = Logbook(journal, state)
    now_ms = settings.clock().wall_ms()
    logbook.write(author.state_change(now_ms, "started", operator=state.operator, trouble=state.trouble))
    return logbook


@contextmanager
def _publisher(bootstrap: str) -> Iterator[Publisher]:
    """For what is not the journal: health and dead letters. Losing some of it at the end stops nothing."""
    publisher = Publisher(bootstrap)
    try:
        yield publisher
    finally:
        with suppress(TemporarilyUnavailable):
            publisher.close(FAREWELL_SECONDS)


def _rejecting(publisher: Publisher, clock: Clock, metrics: Metrics, log: Log) -> Callable[[Unreadable], None]:
    warning = SeldomWarning(log, "a record is not readable; put aside")

    def reject(unreadable: Unreadable) -> None:
        where = f"{unreadable.topic}/{unreadable.partition}/{unreadable.offset}"
        warning.tell(unreadable.topic, where=where, why=unreadable.reason)
        metrics.count("records_rejected")
        letter = dead_letter(
            source=f"bot, {where}",
            payload=unreadable.value,
            reason=unreadable.reason,
            id=where,
            event_time=clock.wall_ms(),
        )
        publisher.publish(DEAD_LETTERS, "bot", encode(letter))

    return reject


def _gauge(metrics: Metrics, state: BotState) -> None:
    metrics.gauge("position", str(state.ledger.position))
    metrics.gauge("state", state.operator)
    metrics.gauge("trouble", state.trouble)
    metrics.gauge("open_intents", len(state.open_intents))
