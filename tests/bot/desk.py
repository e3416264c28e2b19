"""A bot at its desk: the trader with all that outlives it, for tests of its course over whole minutes."""

from decimal import Decimal
from typing import Any, TypeVar

from bot.decide import Limits
from bot.entries import Author
from bot.execution import Profile
from bot.logbook import Logbook
from bot.state import BotState
from bot.trader import Minute, Trader
from market.forecast import ForecastRow, ForecastTable
from market.journal import (
    Command,
    CommandAction,
    Decision,
)
from pipeline.log import Log
from pipeline.metrics import Metrics
from tests.bot.doubles import (
    FEE_BPS,
    MINUTE,
    START,
    HandClock,
    MemoryExchange,
    MemoryJournal,
    Shelf,
    minute,
)

AUTHOR = Author("bot1", "simulator", "gemini", "BTCUSD")
R = TypeVar("R")


class Quiet(Log):
    """A log that nobody reads."""

    def _write(self, level: str, message: str, fields: dict[str, Any]) -> None:
        return


class Desk:
    """A bot with all that outlives it: the shelf of its journal, the exchange and the clock."""

    def __init__(self, sides: str = "") -> None:
        self.clock = HandClock()
        self.exchange = MemoryExchange(self.clock)
        self.shelf = Shelf()
        self.forecast: ForecastTable | str = forecast(sides) if sides else "there is no forecast"
        self.offset = -1
        self.commands = -1
        self.metrics = Metrics()
        self.start()

    def start(self) -> None:
        """A new process: only what was journaled is known."""
        journal = MemoryJournal(self.shelf)
        self.state = BotState()
        for record in self.shelf.records:
            self.state.apply(record)
        profile = Profile(AUTHOR, Limits(), Decimal("0.9"), FEE_BPS, Decimal(0))
        self.trader = Trader(
            profile,
            self.exchange,
            Logbook(journal, self.state),
            lambda: self.forecast,
            self.clock,
            self.clock.wait,
            Quiet("bot"),
            self.metrics,
        )

    def live(self, number: int, value: str | None = "1.000000000000") -> None:
        """The minute `number` passes, and 3 s after its end its ratio comes."""
        self.clock.now_ms = max(self.clock.now_ms, START + (number + 1) * MINUTE + 3_000)
        self.offset += 1
        arrived = Minute(self.offset, minute(START + number * MINUTE, value))
        self.trader.tick()
        self.trader.take_minutes([arrived])

    def tell(self, action: CommandAction, bot: str = AUTHOR.bot) -> None:
        """An operator's command."""
        self.commands += 1
        command = Command(
            exchange="gemini", symbol="BTCUSD", event_time=self.clock.now_ms, bot=bot, id="c", action=action
        )
        self.trader.take_command(self.commands, command)

    def all(self, kind: type[R]) -> list[R]:
        """The journal's records of a kind."""
        return [record for record in self.shelf.records if isinstance(record, kind)]

    def reasons(self) -> list[str]:
        return [decision.reason for decision in self.all(Decision)]

    def assert_ledger_equals_account(self) -> None:
        assert self.state.baseline is not None
        expected = self.state.baseline.expected(self.state.ledger)
        assert (expected.base, expected.quote) == (self.exchange.base, self.exchange.quote)


def forecast(sides: str) -> ForecastTable:
    """One row a minute; the letter `number` (b or s) is what minute `number` of a test is decided by."""
    rows = [
        ForecastRow(ds=START + (number + 2) * MINUTE, side="buy" if letter == "b" else "sell")
        for number, letter in enumerate(sides)
    ]
    return ForecastTable(rows)
