"""What changed between two whole books of an exchange that sends all it shows each time (design §3). Pure.

Only prices that both books could show are compared. A level that comes into view at the far edge may have been there
before: it is `initial`. One that leaves the visible depth is not a removal: it is gone from view, not from the book.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from market.decimals import PRICE_TICKS, SIZE_TICKS
from market.records import Change, Level, Reason, Side

NOTHING = "0"


class Difference(NamedTuple):
    """`changes` are news to everybody; `out_of_view` only take levels out of our own book."""

    changes: list[Change]
    out_of_view: list[Change]


def first_view(bids: Sequence[Level], asks: Sequence[Level]) -> list[Change]:
    """The levels of a first whole book, all `initial`."""
    return [
        Change(side=side, price=price, remaining=remaining, reason="initial")
        for side, levels in _sides(bids, asks)
        for price, remaining in levels
    ]


def difference(
    old: tuple[Sequence[Level], Sequence[Level]], new: tuple[Sequence[Level], Sequence[Level]]
) -> Difference:
    """From one whole book (bids, asks; best first) to the next one."""
    found = Difference([], [])
    if old[0] != new[0]:
        _compare("bid", 1, old[0], new[0], found)
    if old[1] != new[1]:
        _compare("ask", -1, old[1], new[1], found)
    return found


def _compare(side: Side, sign: int, old: Sequence[Level], new: Sequence[Level], found: Difference) -> None:
    before = {sign * PRICE_TICKS[price]: (price, remaining) for price, remaining in old}
    # Places grow towards the best price; what lies below the last one shown was not to be seen.
    old_edge = min(before, default=None)
    new_edge: int | None = None
    for price, remaining in new:
        place = sign * PRICE_TICKS[price]
        if new_edge is None or place < new_edge:
            new_edge = place
        known = before.pop(place, None)
        if known is None:
            in_view = old_edge is not None and place >= old_edge
            reason: Reason | None = None if in_view else "initial"
            found.changes.append(Change(side=side, price=price, remaining=remaining, reason=reason))
        elif known[1] != remaining and SIZE_TICKS[known[1]] != SIZE_TICKS[remaining]:
            found.changes.append(Change(side=side, price=price, remaining=remaining))
    for place, (price, _) in before.items():
        gone = Change(side=side, price=price, remaining=NOTHING)
        (found.changes if new_edge is not None and place >= new_edge else found.out_of_view).append(gone)


def _sides(bids: Sequence[Level], asks: Sequence[Level]) -> tuple[tuple[Side, Sequence[Level]], ...]:
    return (("bid", bids), ("ask", asks))
