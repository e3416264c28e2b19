"""What a bot's journal says of how it did: pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.ledger import buy_and_hold, equity
from bot.state import BotState
from market.decimals import EXACT
from market.journal import Balance, Decision, Fill, JournalRecord, OrderRecord, Score
from market.records import Book

ZERO = Decimal(0)
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Worth:
    """The bot's equity at a time (epoch ms), and what the opening quote would be worth, spent whole at the first
    decision's ask; None before that."""

    time: int
    equity: Decimal
    buy_and_hold: Decimal | None


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """All amounts but `position` are in the quote currency."""

    decisions: tuple[Decision, ...]
    orders: tuple[OrderRecord, ...]
    fills: tuple[Fill, ...]
    rounds: tuple[Score, ...]
    worth: tuple[Worth, ...]
    opening_quote: Decimal
    position: Decimal
    fees: Decimal

    @property
    def reasons(self) -> dict[str, int]:
        """How often each reason decided, the most frequent first."""
        return dict(Counter(decision.reason for decision in self.decisions).most_common())

    @property
    def complete_minutes(self) -> int:
        """How many of the minutes were complete."""
        return sum(decision.complete for decision in self.decisions)

    @property
    def wins(self) -> int:
        """How many rounds earned anything, fees paid."""
        return sum(Decimal(score.net) > 0 for score in self.rounds)

    @property
    def equity(self) -> Decimal:
        """What the account is worth at the end, what is held counted at the bid."""
        return self.worth[-1].equity if self.worth else self.opening_quote

    @property
    def equity_percent(self) -> Decimal | None:
        """What was earned, in percent of the opening quote."""
        return _percent(self.equity, self.opening_quote)

    @property
    def buy_and_hold(self) -> Decimal | None:
        """What buying once and holding would have left."""
        return self.worth[-1].buy_and_hold if self.worth else None

    @property
    def buy_and_hold_percent(self) -> Decimal | None:
        """The same in percent of the opening quote."""
        return None if self.buy_and_hold is None else _percent(self.buy_and_hold, self.opening_quote)

    @property
    def deepest_fall_percent(self) -> Decimal:
        """The largest fall of the equity from a height before it, in percent of that; looked at once a minute."""
        deepest = highest = ZERO
        for worth in self.worth:
            highest = max(highest, worth.equity)
            deepest = min(deepest, _percent(worth.equity, highest) or ZERO)
        return deepest


def result_of(journal: Sequence[JournalRecord], last: Book | None, fee_bps: Decimal) -> BacktestResult:
    """What the journal says; `last` is the book by which what is held at the end is counted."""
    state = BotState()
    for record in journal:
        state.apply(record)
    worth = [
        Worth(record.event_time, Decimal(record.equity), _decimal(record.buy_and_hold))
        for record in journal
        if isinstance(record, Balance) and record.equity is not None
    ]
    if last is not None and last.bids:
        bid = Decimal(last.bids[0][0])
        held = None if state.first_ask is None else buy_and_hold(state.opening_quote, state.first_ask, fee_bps, bid)
        worth.append(Worth(last.event_time, equity(state.opening_quote, state.ledger, bid), held))
    return BacktestResult(
        decisions=tuple(record for record in journal if isinstance(record, Decision)),
        orders=tuple(record for record in journal if isinstance(record, OrderRecord)),
        fills=tuple(record for record in journal if isinstance(record, Fill)),
        rounds=tuple(record for record in journal if isinstance(record, Score)),
        worth=tuple(worth),
        opening_quote=state.opening_quote,
        position=state.ledger.position,
        fees=state.ledger.fees_paid,
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _percent(value: Decimal, of: Decimal) -> Decimal | None:
    return EXACT.multiply(EXACT.divide(EXACT.subtract(value, of), of), HUNDRED) if of else None
