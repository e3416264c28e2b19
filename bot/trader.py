"""The bot's course: minutes and commands come in, decisions and orders go out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from bot.bookkeeping import Bookkeeping
from bot.decide import Situation, Verdict, decide, price_doubt
from bot.errors import TooSmall, TryLater
from bot.exchange import NOTHING, Exchange, Order, Touch
from bot.execution import Execution, Profile
from bot.logbook import Logbook
from bot.orders import entry, flatten_order_id, way_out, window_order_id
from bot.settle import Wait
from market.forecast import ForecastTable
from market.journal import Command, Decision, OperatorState
from market.records import PriceVolume
from market.symbols import SymbolSteps
from pipeline.clock import Clock
from pipeline.log import Log
from pipeline.metrics import Metrics

# So many decisions go into the journal as one when a backlog is worked off.
AT_ONCE = 200
FLATTEN_EVERY_MS = 5_000
TOLD: Mapping[str, OperatorState] = {
    "pause": "paused",
    "resume": "active",
    "reduce": "reducing",
    "flatten": "flattening",
}

T = TypeVar("T")


@dataclass(frozen=True)
class Minute:
    """A minute's ratio and where it stood in `spark.out`."""

    offset: int
    record: PriceVolume


class Trader:
    """One bot: one account, one symbol, one thread."""

    def __init__(
        self,
        profile: Profile,
        exchange: Exchange,
        logbook: Logbook,
        forecast: Callable[[], ForecastTable | str],
        clock: Clock,
        wait: Wait,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._profile = profile
        self._limits = profile.limits
        self._exchange = exchange
        self._logbook = logbook
        self._forecast = forecast
        self._clock = clock
        self._log = log
        self._metrics = metrics
        self._execution = Execution(profile, exchange, logbook, clock, wait, log)
        self._books = Bookkeeping(profile, exchange, logbook, self._execution, clock, wait, log)
        self._last_flatten_ms: float | None = None
        self._newest_end: int | None = None
        self._waiting: list[Minute] = []
        metrics.watch("ratio_age_ms", self._ratio_age_ms)

    def tick(self) -> None:
        """What is due without any minute: settling, comparing, balances and ticker, an asked-for sale."""
        self._books.tick()
        self._flatten()

    def take_minutes(self, minutes: Sequence[Minute], *, caught_up: bool = True) -> None:
        """Decides about each minute that has no decision yet, and acts on the newest of all that is known.

        While more is on its way (not `caught_up`) they wait: the last one of a part of a backlog is not the newest.
        """
        author, state = self._profile.author, self._logbook.state
        self._waiting += (
            minute
            for minute in minutes
            if (minute.record.exchange, minute.record.symbol) == (author.exchange, author.symbol)
        )
        if not caught_up:
            return
        new = {
            minute.record.window_start: minute
            for minute in self._waiting
            if not state.is_decided(minute.record.window_start)
        }
        self._waiting.clear()
        latest = max([*new, -1 if state.last_decided is None else state.last_decided])
        older = [self._passed_over(new[start]) for start in sorted(new) if start < latest]
        for first in range(0, len(older), AT_ONCE):
            self._logbook.write(*older[first : first + AT_ONCE])
        if latest in new:
            self._act(new[latest])

    def take_command(self, offset: int, command: Command) -> None:
        """Does what an operator says; a command that was heard before, or is for another bot, changes nothing."""
        state = self._logbook.state
        heard = state.last_command_offset is not None and offset <= state.last_command_offset
        if heard or command.bot != self._profile.author.bot:
            return
        self._log.info(f"told to {command.action}", offset=offset)
        if command.action == "accept":
            self._books.accept(offset)
            return
        change = self._profile.author.state_change(
            self._clock.wall_ms(),
            f"told to {command.action}",
            operator=TOLD[command.action],
            trouble=state.trouble,
            command_offset=offset,
        )
        self._logbook.write(change)

    # ---- one minute

    def _passed_over(self, minute: Minute) -> Decision:
        situation = self._situation(minute.record, newest=False, touch="the price was not asked for")
        verdict = decide(situation, self._limits)
        self._count(verdict, minute)
        return self._profile.author.decision(situation, verdict, minute.offset)

    def _act(self, minute: Minute) -> None:
        situation = self._situation(minute.record, newest=True, touch=_asked(self._exchange.touch))
        verdict = decide(situation, self._limits)
        steps, order = self._books.steps, None
        if verdict.action != "none" and steps is not None and isinstance(situation.touch, Touch):
            try:
                order = self._order(verdict, situation.touch, steps, minute.record.window_start)
            except (TooSmall, TryLater) as error:
                reason = "too_small" if isinstance(error, TooSmall) else "no_balance"
                verdict = Verdict("none", reason, str(error), verdict.row)
            # Asking for the balance may have taken its time.
            if order is not None and (doubt := price_doubt(situation.touch, self._clock.wall_ms(), self._limits)):
                verdict, order = Verdict(*doubt, verdict.row), None
        self._count(verdict, minute)
        decision = self._profile.author.decision(
            situation, verdict, minute.offset, order.client_order_id if order else None
        )
        self._log.info(f"decided {verdict.action}: {verdict.detail}", window_start=minute.record.window_start)
        if order is None or steps is None:
            self._logbook.write(decision)
            return
        self._execution.submit(
            order,
            "entry" if order.side == "buy" else "exit",
            steps,
            window_start=minute.record.window_start,
            with_it=[decision],
        )

    def _situation(self, minute: PriceVolume, *, newest: bool, touch: Touch | str) -> Situation:
        state, steps = self._logbook.state, self._books.steps
        return Situation(
            minute=minute,
            now_ms=self._clock.wall_ms(),
            newest=newest,
            forecast=self._forecast(),
            touch=touch,
            skew_ms=self._exchange.skew_ms(),
            position=state.ledger.position,
            minimum=steps.minimum if steps else Decimal(0),
            state=state.operator,
            trouble=self._books.trouble,
        )

    def _count(self, verdict: Verdict, minute: Minute) -> None:
        self._metrics.count(f"decisions_{verdict.reason}")
        self._newest_end = max(minute.record.window_end, self._newest_end or 0)

    def _ratio_age_ms(self) -> int | None:
        """How long ago the newest minute ended that was decided about."""
        return None if self._newest_end is None else self._clock.wall_ms() - self._newest_end

    def _order(self, verdict: Verdict, touch: Touch, steps: SymbolSteps, window_start: int) -> Order:
        """Raises `TooSmall`; `TryLater` when the balance to spend is not to be had."""
        name, symbol = self._profile.author.name, self._profile.author.symbol
        if verdict.action == "sell":
            client_order_id = window_order_id(name, symbol, window_start, "sell")
            return way_out(client_order_id, steps, touch.bid, self._logbook.state.ledger.position)
        available = self._exchange.holdings().get(steps.quote, NOTHING).available
        client_order_id = window_order_id(name, symbol, window_start, "buy")
        return entry(client_order_id, steps, touch.ask, available, self._profile.fraction, self._profile.fee_bps)

    # ---- an asked-for sale

    def _flatten(self) -> None:
        state, steps = self._logbook.state, self._books.steps
        if state.operator != "flattening" or self._books.trouble is not None or steps is None:
            return
        now_ms, author = self._clock.wall_ms(), self._profile.author
        if state.ledger.position < steps.minimum:
            change = author.state_change(now_ms, "all is sold", operator="paused", trouble=state.trouble)
            self._logbook.write(change)
            return
        # By the clock that is never set: a wall clock that is set back must not hold this up.
        monotonic_ms = self._clock.monotonic_ms()
        if self._last_flatten_ms is not None and monotonic_ms - self._last_flatten_ms < FLATTEN_EVERY_MS:
            return
        self._last_flatten_ms = monotonic_ms
        touch = _asked(self._exchange.touch)
        if isinstance(touch, str) or price_doubt(touch, self._clock.wall_ms(), self._limits):
            self._log.warning("told to sell all, but there is no fresh price; trying again")
            return
        client_order_id = flatten_order_id(author.name, author.symbol, now_ms)
        order = way_out(client_order_id, steps, touch.bid, state.ledger.position)
        self._execution.submit(order, "flatten", steps)


def _asked(question: Callable[[], T]) -> T | str:
    try:
        return question()
    except TryLater as error:
        return str(error)
