"""What the changes of queues tell: how large events are, how often they come, how long a queue then is. Pure.

A queue is counted in average event sizes of its own, rounded up: so 0 is an empty one, and only that.

How often something arrives at a queue of n (or departs from it) is the number of such events divided by all the time
that the queue was looked at with n in it; also the time that no event of its own ended, but a move of the reference
price. The mean of the waiting times alone, as in the paper, leaves that time out, and makes every queue look busier.

A queue to which that happens is of size n for the share p(n) of the time: p(n) = p(0) × the product, over j = 1 … n, of
arrivals at j - 1 ÷ departures at j (the paper's invariant distribution). So the model can be compared with the queue.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from study.queues import Stint

_MILLISECONDS = 1000


@dataclass(slots=True)
class AtSize:
    """A queue of one size: for how long, and the seconds before each event (since the one before, or since the
    reference price was there)."""

    milliseconds: int = 0
    arrival_waits: list[float] = field(default_factory=list)
    departure_waits: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """For how long the queue was seen with this size."""
        return self.milliseconds / _MILLISECONDS

    @property
    def arrival_rate(self) -> float | None:
        """Arrivals a second; None where the queue was never seen for any time with this size."""
        return len(self.arrival_waits) / self.seconds if self.milliseconds else None

    @property
    def departure_rate(self) -> float | None:
        """Departures a second."""
        return len(self.departure_waits) / self.seconds if self.milliseconds else None


@dataclass(frozen=True, slots=True)
class QueueEstimate:
    """One queue: its events, the sum of their sizes (in 10^-10), and what is known of each size (in average events)."""

    position: int
    events: int
    total_size: int
    at_size: Mapping[int, AtSize]

    @property
    def average_event(self) -> float:
        """The average size of an event, in 10^-10."""
        return self.total_size / self.events

    @property
    def arrivals(self) -> int:
        """How often it grew."""
        return sum(len(at.arrival_waits) for at in self.at_size.values())

    @property
    def departures(self) -> int:
        """How often it shrank."""
        return sum(len(at.departure_waits) for at in self.at_size.values())

    @property
    def seconds(self) -> float:
        """For how long it was looked at."""
        return sum(at.milliseconds for at in self.at_size.values()) / _MILLISECONDS

    @property
    def mean_size(self) -> float | None:
        """The mean over time, in average events."""
        whole = sum(at.milliseconds for at in self.at_size.values())
        return sum(size * at.milliseconds for size, at in self.at_size.items()) / whole if whole else None

    def shares(self) -> dict[int, float]:
        """The share of the time that it was of each size."""
        whole = sum(at.milliseconds for at in self.at_size.values())
        return {size: at.milliseconds / whole for size, at in self.at_size.items()} if whole else {}

    def model_shares(self) -> dict[int, float]:
        """The shares that follow from how often something arrives and departs; empty where too little is known.

        They reach as far as each size was left both ways, and take together what was measured for those sizes.
        """
        weights = [1.0]
        for size in range(1, max(self.at_size, default=0) + 1):
            before, here = self.at_size.get(size - 1), self.at_size.get(size)
            grows = before.arrival_rate if before else None
            shrinks = here.departure_rate if here else None
            if not grows or not shrinks:
                break
            weights.append(weights[-1] * grows / shrinks)
        if len(weights) == 1:
            return {}
        shares = self.shares()
        reached = sum(shares.get(size, 0.0) for size in range(len(weights)))
        return {size: reached * weight / sum(weights) for size, weight in enumerate(weights)}


def estimates(stints: Iterable[Stint], *, symmetric: bool = False) -> dict[int, QueueEstimate]:
    """One estimate for each queue at which anything happened, by position.

    `symmetric`: the queues at the same distance on both sides are taken for one, as in the paper, with the distance as
    its position.
    """
    of_position: dict[int, list[Stint]] = {}
    for stint in stints:
        of_position.setdefault(abs(stint.position) if symmetric else stint.position, []).append(stint)
    return {
        position: estimate
        for position, found in sorted(of_position.items())
        if (estimate := _estimate(position, found)) is not None
    }


def _estimate(position: int, stints: list[Stint]) -> QueueEstimate | None:
    events = sum(1 for stint in stints if stint.change)
    moved = sum(abs(stint.change) for stint in stints)
    if not events:
        return None
    at_size: dict[int, AtSize] = {}
    for stint in stints:
        # Rounded up, in whole numbers all the way.
        at = at_size.setdefault(-(-stint.size * events // moved), AtSize())
        at.milliseconds += stint.milliseconds
        if stint.change:
            waits = at.arrival_waits if stint.change > 0 else at.departure_waits
            waits.append(stint.milliseconds / _MILLISECONDS)
    return QueueEstimate(position, events, moved, dict(sorted(at_size.items())))
