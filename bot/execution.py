"""Sending an order and learning what came of it, so that no crash makes it twice or forgets it.

The intent is journaled and acknowledged before the order is sent, once. How it ended, its fills and the score of the
round that it finished are journaled as one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from bot.decide import Limits
from bot.entries import Author
from bot.errors import Disputed, LedgerError, Refused, Unclear, Unsettled
from bot.exchange import Exchange, Order
from bot.logbook import Logbook
from bot.settle import Outcome, Wait, outcome_by_look_up, outcome_of_answer
from market.journal import JournalRecord, OrderIntent, Purpose
from market.symbols import SymbolSteps
from pipeline.clock import Clock
from pipeline.kill_point import kill_point
from pipeline.log import Log

# An order that was held up for longer (real seconds) between journal and exchange is not sent: the price has moved on,
# and another bot of this identity may have settled the intent by now.
SEND_WITHIN_SECONDS = 5.0

UNSETTLED = "order_unsettled"
DISPUTED = "order_disputed"
LEDGER = "ledger_contradicted"


@dataclass(frozen=True)
class Profile:
    """Who the bot is and how it trades: the share of the quote to spend, the taker fee, how far balances may differ."""

    author: Author
    limits: Limits
    fraction: Decimal
    fee_bps: Decimal
    tolerance: Decimal


class Execution:
    """Sends orders one at a time and settles them."""

    def __init__(
        self, profile: Profile, exchange: Exchange, logbook: Logbook, clock: Clock, wait: Wait, log: Log
    ) -> None:
        self._author = profile.author
        self._exchange = exchange
        self._logbook = logbook
        self._clock = clock
        self._wait = wait
        self._log = log

    def submit(
        self,
        order: Order,
        purpose: Purpose,
        steps: SymbolSteps,
        *,
        window_start: int | None = None,
        with_it: Sequence[JournalRecord] = (),
    ) -> None:
        """Journals `with_it` and the intent as one, sends the order and settles it; what fails becomes a trouble."""
        began = self._clock.monotonic_ms()
        intent = self._author.intent(order, purpose, self._clock.wall_ms(), window_start)
        self._logbook.write(*with_it, intent)
        kill_point("bot.after_intent")
        self._conclude(intent, steps, partial(self._sent, order, began))

    def settle_open(self, steps: SymbolSteps) -> bool:
        """Looks up every open intent; whether all of them are settled now."""
        for intent in list(self._logbook.state.open_intents.values()):
            order = order_of(intent, self._author.symbol)
            self._conclude(intent, steps, partial(outcome_by_look_up, self._exchange, order, self._wait))
        return not self._logbook.state.open_intents

    def give_up_open(self) -> None:
        """Closes every open intent as not placed: an operator accepts the account as it is."""
        for intent in list(self._logbook.state.open_intents.values()):
            outcome = Outcome("not_placed", reason="an operator accepted the account as it is")
            self._logbook.write(self._author.order(intent, outcome, self._clock.wall_ms()))

    def _sent(self, order: Order, began: float) -> Outcome:
        if (self._clock.monotonic_ms() - began) / self._clock.speed > SEND_WITHIN_SECONDS * 1000:
            return Outcome("not_placed", reason="the journal took too long, so it was not sent")
        try:
            report = self._exchange.send(order)
        except Refused as error:
            kill_point("bot.after_send")
            return Outcome("refused", reason=str(error))
        except Unclear as error:
            kill_point("bot.after_send")
            self._log.warning(
                "an order's outcome is unclear; looking it up", order=order.client_order_id, why=str(error)
            )
            return outcome_by_look_up(self._exchange, order, self._wait)
        kill_point("bot.after_send")
        return outcome_of_answer(self._exchange, order, report, self._wait)

    def _conclude(self, intent: OrderIntent, steps: SymbolSteps, find_out: Callable[[], Outcome]) -> None:
        try:
            outcome = find_out()
            records = self._ended(intent, outcome, steps)
        except Unsettled as error:
            self._trouble(UNSETTLED, str(error))
        except Disputed as error:
            self._trouble(DISPUTED, str(error))
        except LedgerError as error:
            self._trouble(LEDGER, str(error))
        else:
            self._logbook.write(*records)
            self._log.info(
                f"order {outcome.status}", order=intent.client_order_id, side=intent.side, reason=outcome.reason
            )

    def _ended(self, intent: OrderIntent, outcome: Outcome, steps: SymbolSteps) -> list[JournalRecord]:
        """The order's end, its fills, and the score if nothing is held any more."""
        now_ms = self._clock.wall_ms()
        fills = []
        if outcome.report is not None:
            fills = [self._author.fill(intent, outcome.report, trade) for trade in outcome.report.trades or ()]
        for fill in fills:
            if fill.fee_currency.upper() != steps.quote:
                raise LedgerError(f"trade {fill.trade_id} has a fee in {fill.fee_currency}, expected {steps.quote}")
        done = self._logbook.state.ledger_with(fills).finished(steps.minimum) if fills else None
        records: list[JournalRecord] = [self._author.order(intent, outcome, now_ms), *fills]
        if done is not None:
            records.append(self._author.score(done, intent.client_order_id, now_ms))
        return records

    def _trouble(self, kind: str, why: str) -> None:
        self._log.error("no order before this is mended", trouble=kind, why=why)
        state = self._logbook.state
        if state.trouble != kind:
            now_ms = self._clock.wall_ms()
            self._logbook.write(self._author.state_change(now_ms, why, operator=state.operator, trouble=kind))


def order_of(intent: OrderIntent, symbol: str) -> Order:
    """The order that the intent stands for."""
    return Order(intent.client_order_id, symbol, intent.side, Decimal(intent.amount), Decimal(intent.price))
