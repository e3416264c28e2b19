"""The ledger: what the bot's own fills bought, what it cost, and what each round earned. Pure and exact.

Nothing is rounded but the share of the cost that a sale in part takes with it; what is left stays in the ledger, so
that over time nothing is lost.
"""

from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation

from bot.errors import LedgerError
from market.decimals import PLACES_12
from market.fees import fee_rate
from market.journal import Side

ZERO = Decimal(0)
HUNDRED = Decimal(100)
# A sum or product that does not come out exactly is a fault, not a number.
_EXACT = Context(prec=100, traps=[Inexact, InvalidOperation])
_ROUNDED = Context(prec=100, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True)
class Trade:
    """A fill in the ledger's terms: amount in base, price and fee in quote."""

    side: Side
    price: Decimal
    amount: Decimal
    fee: Decimal
    time_ms: int


@dataclass(frozen=True)
class Round:
    """What was sold since nothing was held, what came in for it, what it had cost. All in quote but `sold`."""

    opened_ms: int | None = None
    closed_ms: int | None = None
    sold: Decimal = ZERO
    proceeds: Decimal = ZERO
    exit_fees: Decimal = ZERO
    cost: Decimal = ZERO
    entry_fees: Decimal = ZERO

    @property
    def gross(self) -> Decimal:
        """Proceeds less cost, no fees counted."""
        return _EXACT.subtract(self.proceeds, self.cost)

    @property
    def fees(self) -> Decimal:
        """The fees of entry and exit."""
        return _EXACT.add(self.entry_fees, self.exit_fees)

    @property
    def net(self) -> Decimal:
        """What the round earned."""
        return _EXACT.subtract(self.gross, self.fees)

    @property
    def net_percent(self) -> Decimal:
        """`net` in percent of the cost with its fees, to 12 places."""
        paid = _EXACT.add(self.cost, self.entry_fees)
        share = _ROUNDED.divide(_EXACT.multiply(self.net, HUNDRED), paid) if paid else ZERO
        return share.quantize(PLACES_12, context=_ROUNDED)


@dataclass(frozen=True)
class Ledger:
    """Position in base; `cost` and `cost_fees` of it, `cash` (the sum of all changes) and `fees_paid` in quote.

    `base_change` is what all fills changed in base; the position differs from it by what was written off.
    """

    position: Decimal = ZERO
    cost: Decimal = ZERO
    cost_fees: Decimal = ZERO
    cash: Decimal = ZERO
    base_change: Decimal = ZERO
    fees_paid: Decimal = ZERO
    round: Round = field(default_factory=Round)

    @property
    def cost_with_fees(self) -> Decimal:
        """What was paid for what is held, fees included."""
        return _EXACT.add(self.cost, self.cost_fees)

    @property
    def average_cost(self) -> Decimal:
        """What one unit of the position cost, fees included, to 12 places; 0 when nothing is held."""
        if not self.position:
            return ZERO
        return _ROUNDED.divide(self.cost_with_fees, self.position).quantize(PLACES_12, context=_ROUNDED)

    def after(self, trade: Trade) -> "Ledger":
        """The ledger with the trade in it. Raises `LedgerError` for a sale of more than is held."""
        return self._bought(trade) if trade.side == "buy" else self._sold(trade)

    def _bought(self, trade: Trade) -> "Ledger":
        value = _EXACT.multiply(trade.price, trade.amount)
        opened = trade.time_ms if self.round.opened_ms is None else self.round.opened_ms
        return replace(
            self,
            position=_EXACT.add(self.position, trade.amount),
            cost=_EXACT.add(self.cost, value),
            cost_fees=_EXACT.add(self.cost_fees, trade.fee),
            cash=_EXACT.subtract(self.cash, _EXACT.add(value, trade.fee)),
            base_change=_EXACT.add(self.base_change, trade.amount),
            fees_paid=_EXACT.add(self.fees_paid, trade.fee),
            round=replace(self.round, opened_ms=opened),
        )

    def _sold(self, trade: Trade) -> "Ledger":
        value = _EXACT.multiply(trade.price, trade.amount)
        cost, cost_fees = self._share(trade.amount)
        return replace(
            self,
            position=_EXACT.subtract(self.position, trade.amount),
            cost=_EXACT.subtract(self.cost, cost),
            cost_fees=_EXACT.subtract(self.cost_fees, cost_fees),
            cash=_EXACT.add(self.cash, _EXACT.subtract(value, trade.fee)),
            base_change=_EXACT.subtract(self.base_change, trade.amount),
            fees_paid=_EXACT.add(self.fees_paid, trade.fee),
            round=Round(
                opened_ms=trade.time_ms if self.round.opened_ms is None else self.round.opened_ms,
                closed_ms=trade.time_ms,
                sold=_EXACT.add(self.round.sold, trade.amount),
                proceeds=_EXACT.add(self.round.proceeds, value),
                exit_fees=_EXACT.add(self.round.exit_fees, trade.fee),
                cost=_EXACT.add(self.round.cost, cost),
                entry_fees=_EXACT.add(self.round.entry_fees, cost_fees),
            ),
        )

    def without(self, amount: Decimal) -> "Ledger":
        """The ledger less a part of the position that is gone without a sale of ours. Raises `LedgerError`."""
        cost, cost_fees = self._share(amount)
        return replace(
            self,
            position=_EXACT.subtract(self.position, amount),
            cost=_EXACT.subtract(self.cost, cost),
            cost_fees=_EXACT.subtract(self.cost_fees, cost_fees),
        )

    def scored(self) -> "Ledger":
        """The ledger with a new round begun: the last one has its score. Dust keeps its cost."""
        return replace(self, round=Round())

    def finished(self, minimum: Decimal) -> Round | None:
        """The round to be scored: something was sold, and less than one least order is left."""
        return self.round if self.round.sold and self.position < minimum else None

    def _share(self, amount: Decimal) -> tuple[Decimal, Decimal]:
        """Cost and fees of `amount` at the position's average; all of it when all goes."""
        if amount > self.position:
            raise LedgerError(f"{amount:f} left the account, and our own fills had bought only {self.position:f}")
        if amount == self.position:
            return self.cost, self.cost_fees
        part = _ROUNDED.divide(amount, self.position)
        return (
            _ROUNDED.multiply(self.cost, part).quantize(PLACES_12, context=_ROUNDED),
            _ROUNDED.multiply(self.cost_fees, part).quantize(PLACES_12, context=_ROUNDED),
        )


@dataclass(frozen=True)
class Baseline:
    """The account's balances less what the bot's own fills changed: these it never sells."""

    base: Decimal
    quote: Decimal

    def expected(self, ledger: Ledger) -> "Baseline":
        """The balances that the account must show now."""
        return Baseline(_EXACT.add(self.base, ledger.base_change), _EXACT.add(self.quote, ledger.cash))

    def beneath(self, ledger: Ledger) -> "Baseline":
        """The baseline under which the account's balances are these (`self`) now."""
        return Baseline(_EXACT.subtract(self.base, ledger.base_change), _EXACT.subtract(self.quote, ledger.cash))


def profit(ledger: Ledger, bid: Decimal) -> Decimal:
    """The bot's cash changes + position × bid: what it has earned so far, fees paid."""
    return _EXACT.add(ledger.cash, _EXACT.multiply(ledger.position, bid))


def equity(opening_quote: Decimal, ledger: Ledger, bid: Decimal) -> Decimal:
    """Opening quote + profit."""
    return _EXACT.add(opening_quote, profit(ledger, bid))


def buy_and_hold(opening_quote: Decimal, first_ask: Decimal, fee_bps: Decimal, bid: Decimal) -> Decimal:
    """What the opening quote, spent whole at the first decision's ask with one fee, is worth at `bid`; 8 places."""
    paid_for_one = _EXACT.multiply(first_ask, _EXACT.add(Decimal(1), fee_rate(fee_bps)))
    bought = _ROUNDED.divide(opening_quote, paid_for_one)
    return _ROUNDED.multiply(bought, bid).quantize(Decimal("1e-8"), context=_ROUNDED)
