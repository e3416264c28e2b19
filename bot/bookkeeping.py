"""The account against the ledger: at the start, after every doubt, and once a minute."""

from decimal import Decimal

from bot.account import Account, account_of
from bot.errors import TryLater
from bot.exchange import Exchange, Touch
from bot.execution import Execution, Profile
from bot.ledger import Baseline
from bot.logbook import Logbook
from bot.settle import Wait
from market.decimals import EXACT
from market.forecast import MINUTE_MS
from market.symbols import SymbolSteps
from pipeline.back_off import BackOff
from pipeline.clock import Clock
from pipeline.log import Log

BALANCES_DIFFER = "balances_differ"
NOT_COMPARED = "the account has not been compared with the ledger yet"
# The exchange may show a trade in the balances a moment after the trade itself.
LOOK_AGAIN_AFTER = (1.0, 2.0)


class Bookkeeping:
    """Keeps account and ledger together and says, by `trouble`, when no order may be sent."""

    def __init__(
        self,
        profile: Profile,
        exchange: Exchange,
        logbook: Logbook,
        execution: Execution,
        clock: Clock,
        wait: Wait,
        log: Log,
    ) -> None:
        self.steps: SymbolSteps | None = None
        self._profile = profile
        self._exchange = exchange
        self._logbook = logbook
        self._execution = execution
        self._clock = clock
        self._wait = wait
        self._log = log
        self._compared = False
        self._minute: int | None = None
        self._back_off = BackOff()
        self._not_before = 0.0

    @property
    def trouble(self) -> str | None:
        """What forbids any order; None when the account is known to agree with the ledger."""
        state = self._logbook.state
        if state.trouble is not None:
            return state.trouble
        return None if self._compared and not state.open_intents else NOT_COMPARED

    def tick(self) -> None:
        """Settles what is open, compares, and writes the minute's balances and ticker; at most one try at a time."""
        if self._clock.monotonic_ms() / self._clock.speed < self._not_before:
            return
        try:
            self._try()
        except TryLater as error:
            pause = max(self._back_off.next(), error.after or 0.0)
            self._not_before = self._clock.monotonic_ms() / self._clock.speed + pause * 1000
            self._log.warning(
                "the exchange gave no usable answer; asking again", why=str(error), seconds=round(pause, 1)
            )

    def _try(self) -> None:
        minute = self._clock.wall_ms() // MINUTE_MS
        if self.trouble is None and self._minute == minute:
            return
        if self.steps is None:
            self.steps = self._exchange.steps()
        if self._logbook.state.open_intents and not self._execution.settle_open(self.steps):
            raise TryLater("an order is not settled yet")
        account = self._compare(self.steps)
        if self._minute != minute:
            self._write_minute(account, self.steps)
            self._minute = minute
        if self.trouble is not None:
            raise TryLater(f"{self.trouble}: {account.difference}")
        self._back_off.reset()

    def _compare(self, steps: SymbolSteps) -> Account:
        """The account as it is; a difference that stays becomes a trouble, agreement ends one."""
        state = self._logbook.state
        account = self._account(steps)
        if state.baseline is None:
            self._record_baseline(account, "the opening balances")
            account = self._account(steps)
        for pause in LOOK_AGAIN_AFTER:
            if account.agrees or self._wait(pause):
                break
            account = self._account(steps)
        if not account.agrees and state.trouble != BALANCES_DIFFER:
            self._log.error("no order before an operator accepts this or it is mended", why=account.difference)
            self._change(account.difference, BALANCES_DIFFER)
        if account.agrees and state.trouble is not None:
            self._change("the account agrees with the ledger", None)
        self._compared = True
        return account

    def accept(self, command_offset: int) -> None:
        """Takes the account as it is for right: open intents are given up, the baseline is recorded anew."""
        try:
            self.steps = self.steps or self._exchange.steps()
            account = self._account(self.steps)
        except TryLater as error:
            trouble = self._logbook.state.trouble
            self._change(f"told to accept, but the exchange gave no usable answer: {error}", trouble, command_offset)
            return
        self._execution.give_up_open()
        self._record_baseline(account, "told to accept the account as it is", command_offset)

    def _account(self, steps: SymbolSteps) -> Account:
        state = self._logbook.state
        baseline = state.baseline or Baseline(Decimal(0), Decimal(0))
        return account_of(self._exchange.holdings(), steps, baseline, state.ledger, self._profile.tolerance)

    def _record_baseline(self, account: Account, reason: str, command_offset: int | None = None) -> None:
        ledger = self._logbook.state.ledger
        # An exchange may show a tiny negative amount: no more can be gone than was there.
        gone = min(ledger.position, EXACT.subtract(ledger.position, account.base.amount))
        self._change(
            reason,
            None,
            command_offset,
            baseline=account.actual.beneath(ledger),
            written_off=gone if gone > 0 else None,
        )

    def _write_minute(self, account: Account, steps: SymbolSteps) -> None:
        author, state = self._profile.author, self._logbook.state
        ticker: Touch | None = None
        try:
            ticker = self._exchange.ticker()
        except TryLater as error:
            self._log.warning("no ticker this minute", why=str(error))
        now_ms = self._clock.wall_ms()
        if ticker is not None and abs(now_ms - ticker.at_ms) > MINUTE_MS:
            # On paper the price is the feed's, which may have ended.
            self._log.warning("no ticker this minute", why=f"the price is of {now_ms - ticker.at_ms} ms ago")
            ticker = None
        bid = ticker.bid if ticker else None
        balance = author.balance(state, account, steps, bid, self._profile.fee_bps, now_ms)
        self._logbook.write(balance, *([author.ticker(ticker, now_ms)] if ticker else []))

    def _change(
        self,
        reason: str,
        trouble: str | None,
        command_offset: int | None = None,
        *,
        baseline: Baseline | None = None,
        written_off: Decimal | None = None,
    ) -> None:
        self._logbook.write(
            self._profile.author.state_change(
                self._clock.wall_ms(),
                reason,
                operator=self._logbook.state.operator,
                trouble=trouble,
                command_offset=command_offset,
                baseline=baseline,
                written_off=written_off,
            )
        )
