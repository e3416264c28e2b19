"""The one clock of an exchange, told by the times in its messages. Pure.

It reads the highest that any accepted time, plus what has passed since on the monotonic clock, gives. It keeps one
wrong time stamp from dragging event time, and with it everybody's minutes, into the future.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from producers.arrivals import Instant

FARTHEST_FROM_RECEIPT_MS = 60_000
FARTHEST_AHEAD_MS = 2_000
REFUSED_FOR_MS = 5_000
# Where the exchange's clock goes on as before, it is this machine's that was set: perhaps it will be set back.
WALL_WRONG_FOR_MS = 60_000
# The quickest message of the last minute or two sets the clock. Older ones are forgotten: this machine's clock and the
# exchange's drift apart by seconds a day.
REMEMBERED_FOR_MS = 60_000


class TimeSource(StrEnum):
    """Where a reading comes from: the exchange, or the clock in place of a time that was absent or refused."""

    EXCHANGE = "exchange"
    ABSENT = "absent"
    REFUSED = "refused"


class Reading(msgspec.Struct, frozen=True, gc=False):
    """The time of a message in epoch ms. `restarted`: the clock began anew with it, so what was before is in doubt.

    `stands_in` says what stands for the exchange's time where `source` is not the exchange.
    """

    time: int
    source: TimeSource
    stands_in: Literal["clock", "receipt"] | None = None
    restarted: bool = False


class ExchangeClock:
    """Starts with the first time that lies within a minute of its receipt, or by receipt where none ever comes."""

    def __init__(self, farthest_ahead_ms: float = FARTHEST_AHEAD_MS) -> None:
        self._farthest_ahead_ms = farthest_ahead_ms
        # Exchange time minus monotonic time, the highest of this period and of the one before it.
        self._ahead: float | None = None
        self._ahead_before: float | None = None
        self._period_began = 0.0
        self._refused_since: float | None = None
        # Wall time minus monotonic time, while the clock runs by receipt.
        self._receipt_ahead: float | None = None

    @property
    def runs(self) -> bool:
        """Whether a time was accepted yet, or the clock runs by receipt."""
        return self._ahead is not None or self._receipt_ahead is not None

    @property
    def refused_since(self) -> float | None:
        """Since when (monotonic ms) every time was refused; None: the last one was not."""
        return self._refused_since

    def now(self, monotonic_ms: float) -> int | None:
        """The exchange's time in epoch ms, None before the clock runs."""
        if self._ahead is None:
            ahead = self._receipt_ahead
        else:
            ahead = self._ahead if self._ahead_before is None else max(self._ahead, self._ahead_before)
        return None if ahead is None else round(monotonic_ms + ahead)

    def run_by_receipt(self, at: Instant) -> None:
        """No message bears a time: let the times of receipt stand for them, until one does."""
        self._receipt_ahead = at.wall_ms - at.monotonic_ms

    def fits(self, exchange_time: int, at: Instant) -> bool:
        """Whether the time of a message that was received at `at` stands, and there is nothing to learn from it.

        So it is with nearly all of them; the others are to be read.
        """
        monotonic_ms = at.monotonic_ms
        return (
            self._ahead is not None
            and exchange_time - monotonic_ms <= self._ahead
            and -FARTHEST_FROM_RECEIPT_MS <= exchange_time - at.wall_ms <= FARTHEST_FROM_RECEIPT_MS
            and monotonic_ms - self._period_began <= REMEMBERED_FOR_MS
            and self._refused_since is None
        )

    def read(self, exchange_time: int | None, at: Instant) -> Reading:
        """The time of a message that was received at `at`; accepted times set the clock."""
        if exchange_time is None:
            return self._substitute(at, TimeSource.ABSENT)
        if self._is_acceptable(exchange_time, at):
            self._accept(exchange_time, at)
            return Reading(exchange_time, TimeSource.EXCHANGE)
        if self._refused_since is None:
            self._refused_since = at.monotonic_ms
        patience = WALL_WRONG_FOR_MS if self._goes_on(exchange_time, at) else REFUSED_FOR_MS
        if not self.runs or at.monotonic_ms - self._refused_since < patience:
            return self._substitute(at, TimeSource.REFUSED)
        return self._restart(exchange_time, at)

    def _is_acceptable(self, time: int, at: Instant) -> bool:
        now = self.now(at.monotonic_ms)
        return abs(time - at.wall_ms) <= FARTHEST_FROM_RECEIPT_MS and (
            now is None or time <= now + self._farthest_ahead_ms
        )

    def _goes_on(self, time: int, at: Instant) -> bool:
        """Whether a refused time is where the exchange's clock should be by now."""
        now = self.now(at.monotonic_ms)
        return (
            self._ahead is not None
            and now is not None
            and -FARTHEST_FROM_RECEIPT_MS <= time - now <= self._farthest_ahead_ms
        )

    def _accept(self, time: int, at: Instant) -> None:
        self._refused_since = self._receipt_ahead = None
        ahead = time - at.monotonic_ms
        if self._ahead is None or at.monotonic_ms - self._period_began > REMEMBERED_FOR_MS:
            self._ahead_before, self._ahead, self._period_began = self._ahead, ahead, at.monotonic_ms
        else:
            self._ahead = max(self._ahead, ahead)

    def _restart(self, time: int, at: Instant) -> Reading:
        self._ahead = self._ahead_before = self._refused_since = self._receipt_ahead = None
        if not self._is_acceptable(time, at):
            return Reading(at.wall_ms, TimeSource.REFUSED, "receipt", restarted=True)
        self._accept(time, at)
        return Reading(time, TimeSource.EXCHANGE, restarted=True)

    def _substitute(self, at: Instant, source: TimeSource) -> Reading:
        now = self.now(at.monotonic_ms)
        if now is None:
            return Reading(at.wall_ms, source, "receipt")
        if self._ahead is not None:
            return Reading(now, source, "clock")
        if abs(at.wall_ms - now) <= FARTHEST_FROM_RECEIPT_MS:
            return Reading(now, source, "receipt")
        # This machine's clock was set, or it slept.
        self.run_by_receipt(at)
        return Reading(at.wall_ms, source, "receipt", restarted=True)
