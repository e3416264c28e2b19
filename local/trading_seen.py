"""What someone who watches a run has seen of the bot's journal: pure bookkeeping, no I/O."""

from collections import Counter
from dataclasses import dataclass, field, replace
from decimal import Decimal

from local.minutes_seen import MinuteRow
from market.journal import Balance, Decision, Fill, JournalRecord, OrderRecord, Score

# What is worth a line of its own.
Event = Decision | OrderRecord | Score


@dataclass(frozen=True)
class Money:
    """The account as it is shown, in units of its two currencies.

    `profit` is net of fees; `buy_and_hold` is what the opening sum would have earned had it been spent at once. Both
    are those of the last whole minute, and None while there was no fresh price.
    """

    base: str
    quote: str
    position: Decimal
    fees: Decimal
    profit: Decimal | None
    buy_and_hold: Decimal | None


@dataclass(frozen=True)
class Rounds:
    """Finished rounds, from nothing held to nothing held: how many, how many of them earned, and their sums."""

    closed: int = 0
    won: int = 0
    fees: Decimal = Decimal(0)
    net: Decimal = Decimal(0)


@dataclass
class TradingSeen:
    """Folds the journal's records in the order in which they are read; each counts once, by its kind and id.

    `decisions` are by (exchange, symbol, start of the minute); `filled` counts the orders that traded, by side, and
    `partly` those of them that did so in part.
    """

    decisions: dict[tuple[str, str, int], Decision] = field(default_factory=dict)
    last_decision: Decision | None = None
    filled: Counter[str] = field(default_factory=Counter)
    partly: int = 0
    rounds: Rounds = Rounds()
    money: Money | None = None
    _known: set[tuple[type[JournalRecord], str]] = field(default_factory=set)

    def take(self, record: JournalRecord) -> Event | None:
        """Takes in one record; returns it when it is news that is worth a line."""
        if isinstance(record, Balance):
            self.money = _money(record)
        elif isinstance(record, Decision | OrderRecord | Score | Fill) and self._is_new(record):
            return self._take_new(record)
        return None

    def of(self, row: MinuteRow) -> Decision | None:
        """What was decided about a minute."""
        return self.decisions.get((row.exchange, row.symbol, row.start_ms))

    def _is_new(self, record: Event | Fill) -> bool:
        identity = (type(record), record.id)
        is_new = identity not in self._known
        self._known.add(identity)
        return is_new

    def _take_new(self, record: Event | Fill) -> Event | None:
        match record:
            case Decision():
                self.decisions[record.exchange, record.symbol, record.window_start] = record
                self.last_decision = record
            case OrderRecord():
                if record.status in ("filled", "partly_filled"):
                    self.filled[record.side] += 1
                    self.partly += record.status == "partly_filled"
            case Score():
                self.rounds = _with_round(self.rounds, record)
            case Fill():
                # Known before the next balance is written, up to a minute later.
                if self.money is not None:
                    self.money = _with_fill(self.money, record)
                return None
        return record


def _money(balance: Balance) -> Money:
    profit, equity, hold = _number(balance.profit), _number(balance.equity), _number(balance.buy_and_hold)
    opening = None if equity is None or profit is None else equity - profit
    return Money(
        base=balance.base_currency,
        quote=balance.quote_currency,
        position=Decimal(balance.position),
        fees=Decimal(balance.fees_paid),
        profit=profit,
        buy_and_hold=None if hold is None or opening is None else hold - opening,
    )


def _with_fill(money: Money, fill: Fill) -> Money:
    amount = Decimal(fill.amount)
    bought = amount if fill.side == "buy" else -amount
    return replace(money, position=money.position + bought, fees=money.fees + Decimal(fill.fee))


def _with_round(rounds: Rounds, score: Score) -> Rounds:
    net = Decimal(score.net)
    return Rounds(rounds.closed + 1, rounds.won + (net > 0), rounds.fees + Decimal(score.fees), rounds.net + net)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
