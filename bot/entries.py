"""The journal's records, made from what the bot decided, sent and learned. Pure."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TypedDict

from bot.account import Account
from bot.decide import Situation, Verdict, forecast_ds
from bot.exchange import Order, OrderReport, Touch, TradeReport
from bot.ledger import Baseline, Round, buy_and_hold, equity, profit
from bot.settle import Outcome
from bot.state import BotState
from market.decimals import plain
from market.forecast import MINUTE_MS
from market.journal import (
    Balance,
    Decision,
    Fill,
    OperatorState,
    OrderIntent,
    OrderRecord,
    Purpose,
    Score,
    StateChange,
    Ticker,
)
from market.symbols import SymbolSteps


class _Stamp(TypedDict):
    exchange: str
    symbol: str
    event_time: int
    bot: str
    id: str


@dataclass(frozen=True)
class Author:
    """Who writes: `name` is part of every client order id; `bot` is the whole identity, one account and one symbol."""

    name: str
    mode: str
    exchange: str
    symbol: str

    @property
    def bot(self) -> str:
        """Name, mode and symbol: what the journal's records and the transactions go by."""
        return f"{self.name}-{self.mode}-{self.symbol.lower()}"

    def _stamp(self, time_ms: int, what: object) -> _Stamp:
        return _Stamp(
            exchange=self.exchange, symbol=self.symbol, event_time=time_ms, bot=self.bot, id=f"{self.bot}:{what}"
        )

    def decision(
        self, situation: Situation, verdict: Verdict, offset: int, client_order_id: str | None = None
    ) -> Decision:
        """The decision about a minute that stood at `offset` in `spark.out`."""
        minute, touch = situation.minute, situation.touch
        return Decision(
            **self._stamp(situation.now_ms, minute.window_start),
            window_start=minute.window_start,
            window_end=minute.window_end,
            forecast_ds=forecast_ds(minute),
            forecast_side=verdict.row.side if verdict.row else None,
            action=verdict.action,
            reason=verdict.reason,
            detail=verdict.detail,
            ratio=minute.value,
            complete=minute.complete,
            bid=plain(touch.bid) if isinstance(touch, Touch) else None,
            ask=plain(touch.ask) if isinstance(touch, Touch) else None,
            position=plain(situation.position),
            state=situation.state,
            source_offset=offset,
            client_order_id=client_order_id,
        )

    def intent(self, order: Order, purpose: Purpose, now_ms: int, window_start: int | None) -> OrderIntent:
        """The order about to be sent."""
        return OrderIntent(
            **self._stamp(now_ms, f"{order.client_order_id}:intent"),
            client_order_id=order.client_order_id,
            side=order.side,
            amount=plain(order.amount),
            price=plain(order.price),
            purpose=purpose,
            window_start=window_start,
        )

    def order(self, intent: OrderIntent, outcome: Outcome, now_ms: int) -> OrderRecord:
        """How the order ended."""
        report = outcome.report
        return OrderRecord(
            **self._stamp(now_ms, intent.client_order_id),
            client_order_id=intent.client_order_id,
            side=intent.side,
            amount=intent.amount,
            price=intent.price,
            purpose=intent.purpose,
            status=outcome.status,
            executed=plain(report.executed) if report else "0",
            intent_time=intent.event_time,
            order_id=report.order_id if report else None,
            average_price=_text(report.average_price if report and report.executed else None),
            reason=outcome.reason,
            window_start=intent.window_start,
        )

    def fill(self, intent: OrderIntent, report: OrderReport, trade: TradeReport) -> Fill:
        """One trade of the order."""
        return Fill(
            **self._stamp(trade.time_ms, trade.trade_id),
            trade_id=trade.trade_id,
            client_order_id=intent.client_order_id,
            order_id=report.order_id,
            side=intent.side,
            price=plain(trade.price),
            amount=plain(trade.amount),
            fee=plain(trade.fee),
            fee_currency=trade.fee_currency,
        )

    def score(self, done: Round, client_order_id: str, now_ms: int) -> Score:
        """What the finished round earned; `client_order_id` is of the sale that finished it."""
        return Score(
            **self._stamp(now_ms, client_order_id),
            client_order_id=client_order_id,
            opened_time=done.opened_ms or now_ms,
            closed_time=done.closed_ms or now_ms,
            amount=plain(done.sold),
            proceeds=plain(done.proceeds),
            cost=plain(done.cost),
            entry_fees=plain(done.entry_fees),
            exit_fees=plain(done.exit_fees),
            gross=plain(done.gross),
            fees=plain(done.fees),
            net=plain(done.net),
            net_percent=plain(done.net_percent),
        )

    def ticker(self, touch: Touch, now_ms: int) -> Ticker:
        """The price in the minute that `now_ms` lies in."""
        return Ticker(
            **self._stamp(now_ms, now_ms // MINUTE_MS),
            bid=plain(touch.bid),
            ask=plain(touch.ask),
            last=_text(touch.last),
        )

    def balance(
        self, state: BotState, account: Account, steps: SymbolSteps, bid: Decimal | None, fee_bps: Decimal, now_ms: int
    ) -> Balance:
        """The account and what it is worth at `bid`, in the minute that `now_ms` lies in."""
        ledger, worth, hold = state.ledger, None, None
        if bid is not None:
            worth = equity(state.opening_quote, ledger, bid)
            if state.first_ask is not None:
                hold = buy_and_hold(state.opening_quote, state.first_ask, fee_bps, bid)
        return Balance(
            **self._stamp(now_ms, now_ms // MINUTE_MS),
            base_currency=steps.base,
            quote_currency=steps.quote,
            base_amount=plain(account.base.amount),
            base_available=plain(account.base.available),
            quote_amount=plain(account.quote.amount),
            quote_available=plain(account.quote.available),
            expected_base=plain(account.expected.base),
            expected_quote=plain(account.expected.quote),
            agrees=account.agrees,
            position=plain(ledger.position),
            cost=plain(ledger.cost_with_fees),
            fees_paid=plain(ledger.fees_paid),
            bid=_text(bid),
            equity=_text(worth),
            profit=_text(None if bid is None else profit(ledger, bid)),
            buy_and_hold=_text(hold),
        )

    def state_change(
        self,
        now_ms: int,
        reason: str,
        *,
        operator: OperatorState,
        trouble: str | None,
        command_offset: int | None = None,
        baseline: Baseline | None = None,
        written_off: Decimal | None = None,
    ) -> StateChange:
        """The state from now on, and why it is that."""
        return StateChange(
            **self._stamp(now_ms, f"{now_ms}:{trouble or operator}"),
            state=operator,
            reason=reason,
            trouble=trouble,
            command_offset=command_offset,
            baseline_base=_text(baseline.base if baseline else None),
            baseline_quote=_text(baseline.quote if baseline else None),
            written_off=_text(written_off),
        )


def _text(number: Decimal | None) -> str | None:
    return None if number is None else plain(number)
