"""The bot on a recorded feed: the same decisions, orders and ledger as live, on paper, in no time.

Nothing of the bot is rebuilt here. Its clock shows when each record was received, its minutes are counted from the
feed, its orders trade against the recorded book, which they do not move, and its journal is kept in memory.
"""

from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from bot.execution import Profile
from bot.logbook import Logbook
from bot.minutes_of_feed import MinutesOfFeed
from bot.paper import PaperAccount, PaperExchange
from bot.state import BotState
from bot.trader import Minute, Trader
from market.forecast import ForecastTable
from market.journal import JournalRecord
from market.records import Book, FeedRecord
from market.symbols import SymbolSteps
from pipeline.clock import Clock
from pipeline.log import Log
from pipeline.metrics import Metrics


class RecordedClock(Clock):
    """Shows the time that it was told last; it never goes back."""

    def __init__(self) -> None:
        self._now_ms = 0
        super().__init__(real_ms=lambda: self._now_ms, real_monotonic_ms=lambda: self._now_ms)

    def reach(self, now_ms: int) -> None:
        """It is `now_ms`, or later."""
        self._now_ms = max(self._now_ms, now_ms)

    def wait(self, seconds: float) -> bool:
        """Lets so many seconds pass at once; nobody asks to stop."""
        self._now_ms += round(seconds * 1000)
        return False


class MemoryJournal:
    """All that was written, in order."""

    def __init__(self) -> None:
        self.records: list[JournalRecord] = []

    def write(self, records: Sequence[JournalRecord]) -> None:
        """They are there at once."""
        self.records.extend(records)


class _Troubles(Log):
    """A log of what went wrong: what was decided and done is in the journal."""

    def _write(self, level: str, message: str, fields: dict[str, Any]) -> None:
        if level in ("warning", "error"):
            super()._write(level, message, fields)


def backtest(
    records: Iterable[FeedRecord],
    profile: Profile,
    steps: SymbolSteps,
    opening: PaperAccount,
    forecast: ForecastTable | str,
    folder: Path,
    *,
    delay_ms: int,
) -> tuple[list[JournalRecord], Book | None]:
    """Runs a bot over one symbol's records; returns its journal and the last book that has bids.

    `folder` is an empty one for the paper account. A minute reaches the bot `delay_ms` after its end.
    """
    clock, journal, newest = RecordedClock(), MemoryJournal(), _NewestBook()
    exchange = PaperExchange(
        folder / "account.json", steps, opening, profile.fee_bps, newest, profile.limits.price_age_ms, clock
    )
    trader = Trader(
        profile,
        exchange,
        Logbook(journal, BotState()),
        lambda: forecast,
        clock,
        clock.wait,
        _Troubles("backtest"),
        Metrics(),
    )
    minutes, offsets = MinutesOfFeed(delay_ms), count()
    for record in records:
        # What is due before this record came is decided before it is known.
        while (due := minutes.next_due) is not None and due <= record.received_time:
            clock.reach(due)
            trader.tick()
            trader.take_minutes([Minute(next(offsets), minute) for minute in minutes.come(due)])
        clock.reach(record.received_time)
        if isinstance(record, Book):
            newest.take(record)
            trader.tick()
        minutes.take(record)
    return journal.records, newest.with_bids


class _NewestBook:
    """Called, the last book of the feed so far. `with_bids`: the last one by which something can be valued."""

    def __init__(self) -> None:
        self._book: Book | None = None
        self.with_bids: Book | None = None

    def take(self, book: Book) -> None:
        """Take in the next one."""
        self._book = book
        if book.bids:
            self.with_bids = book

    def __call__(self) -> Book | None:
        return self._book
