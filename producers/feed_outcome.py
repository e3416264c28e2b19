"""What the feed wants done after an arrival."""

from __future__ import annotations

from dataclasses import dataclass, field

from market.records import DeadLetter, FeedRecord
from producers.protocol import Refusal


@dataclass(frozen=True, slots=True)
class Cut:
    """This connection is not trusted any more: close it and connect anew."""

    link: str
    connection: str
    reason: str


@dataclass(frozen=True, slots=True)
class SnapshotWanted:
    """Ask the exchange for this symbol's whole book and let the answer arrive on this connection."""

    link: str
    connection: str
    symbol: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The exchange refused what this link asked for."""

    link: str
    refusal: Refusal


@dataclass(slots=True)
class Outcome:
    """What is to be done, in order. `notes` are for the log: (what, symbol)."""

    records: list[FeedRecord] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    cuts: list[Cut] = field(default_factory=list)
    snapshots: list[SnapshotWanted] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
