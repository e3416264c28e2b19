"""What the bot knows about itself: nothing but the sum of its journal, record by record."""

from collections.abc import Sequence
from decimal import Decimal
from functools import singledispatchmethod

from bot.ledger import Baseline, Ledger, Trade
from market.journal import (
    Decision,
    Fill,
    JournalRecord,
    OperatorState,
    OrderIntent,
    OrderRecord,
    Score,
    StateChange,
)

# Minutes before these are taken as decided: more than a month of them is remembered one by one.
REMEMBERED_MINUTES = 50_000


class BotState:
    """Built anew from the journal at each start; every record that was acknowledged is applied, in order."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.baseline: Baseline | None = None
        self.opening_quote = Decimal(0)
        self.first_ask: Decimal | None = None
        self.operator: OperatorState = "active"
        self.trouble: str | None = None
        self.open_intents: dict[str, OrderIntent] = {}
        self.last_minute_offset: int | None = None
        self.last_command_offset: int | None = None
        self._decided: dict[int, None] = {}
        self._last_decided: int | None = None
        self._forgotten_before = 0
        self._trades: set[str] = set()

    def is_decided(self, window_start: int) -> bool:
        """Whether the minute has had its decision."""
        return window_start < self._forgotten_before or window_start in self._decided

    @property
    def last_decided(self) -> int | None:
        """The latest minute that has had its decision (`window_start`)."""
        return self._last_decided

    def ledger_with(self, fills: Sequence[Fill]) -> Ledger:
        """The ledger once these fills are in it; a trade it knows counts once. Raises `LedgerError`."""
        ledger = self.ledger
        for fill in fills:
            if fill.trade_id not in self._trades:
                ledger = ledger.after(trade_of(fill))
        return ledger

    @singledispatchmethod
    def apply(self, record: JournalRecord) -> None:
        """Takes a record in. Balances and tickers change nothing. Raises `LedgerError` for an impossible fill."""

    @apply.register
    def _(self, record: Decision) -> None:
        self._decided[record.window_start] = None
        self._last_decided = _later(self._last_decided, record.window_start)
        if len(self._decided) > 2 * REMEMBERED_MINUTES:
            kept = sorted(self._decided)[-REMEMBERED_MINUTES:]
            self._decided, self._forgotten_before = dict.fromkeys(kept), kept[0]
        self.last_minute_offset = _later(self.last_minute_offset, record.source_offset)
        if self.first_ask is None and record.ask is not None:
            self.first_ask = Decimal(record.ask)

    @apply.register
    def _(self, record: OrderIntent) -> None:
        self.open_intents[record.client_order_id] = record

    @apply.register
    def _(self, record: OrderRecord) -> None:
        self.open_intents.pop(record.client_order_id, None)

    @apply.register
    def _(self, record: Fill) -> None:
        self.ledger = self.ledger_with([record])
        self._trades.add(record.trade_id)

    @apply.register
    def _(self, _record: Score) -> None:
        self.ledger = self.ledger.scored()

    @apply.register
    def _(self, record: StateChange) -> None:
        self.operator = record.state
        self.trouble = record.trouble
        self.last_command_offset = _later(self.last_command_offset, record.command_offset)
        if record.written_off is not None:
            self.ledger = self.ledger.without(Decimal(record.written_off))
        if record.baseline_base is not None and record.baseline_quote is not None:
            if self.baseline is None:
                self.opening_quote = Decimal(record.baseline_quote)
            self.baseline = Baseline(Decimal(record.baseline_base), Decimal(record.baseline_quote))


def trade_of(fill: Fill) -> Trade:
    """The fill in the ledger's terms."""
    return Trade(fill.side, Decimal(fill.price), Decimal(fill.amount), Decimal(fill.fee), fill.event_time)


def _later(known: int | None, offset: int | None) -> int | None:
    return known if offset is None else max(offset, -1 if known is None else known)
