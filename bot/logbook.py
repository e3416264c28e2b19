"""The bot's memory: what is journaled and acknowledged, and only that, is known."""

from collections.abc import Sequence
from typing import Protocol

from bot.state import BotState
from market.journal import JournalRecord


class Journal(Protocol):
    """Where records go. They are there, all of them or none, once `write` returns."""

    def write(self, records: Sequence[JournalRecord]) -> None:
        """Raises `Fenced` when another bot of this identity has taken over, `TemporarilyUnavailable` when it is not
        known whether they are there: then only a restart tells."""


class Logbook:
    """Writes records to the journal first and takes them into the state after."""

    def __init__(self, journal: Journal, state: BotState) -> None:
        self.state = state
        self._journal = journal

    def write(self, *records: JournalRecord) -> None:
        """Writes the records as one; raises as `Journal.write` does, and the state is then as before."""
        self._journal.write(records)
        for record in records:
            self.state.apply(record)
