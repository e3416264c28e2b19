"""What changed between two whole books of an exchange that sends all it shows each time (design §3). Pure.

Only prices that both books could show are compared. A level that comes into view at the far edge may have been there
before: it is `initial`. One that leaves the visible depth is not a removal: it is gone from view, not from the book.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from operator import ne
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
    # Most levels stand where they stood: only those that differ from the one at the same place are looked at.
    pairs = list(compress(zip(old, new, strict=False), map(ne, old, new)))
    if len(old) == len(new) and _are_same_prices(pairs):
        for was, now in pairs:
            _resize(side, was, now, found)
        return
    both = min(len(old), len(new))
    before = {sign * PRICE_TICKS[level[0]]: level for level in (*[was for was, _ in pairs], *old[both:])}
    # Places grow towards the best price; what lies below the last one shown was, or is, not to be seen.
    old_edge, new_edge = _edge(sign, old), _edge(sign, new)
    for level in (*[now for _, now in pairs], *new[both:]):
        place = sign * PRICE_TICKS[level[0]]
        known = before.pop(place, None)
        if known is not None:
            _resize(side, known, level, found)
            continue
        in_view = old_edge is not None and place >= old_edge
        reason: Reason | None = None if in_view else "initial"
        found.changes.append(Change(side=side, price=level[0], remaining=level[1], reason=reason))
    for place, (price, _) in before.items():
        gone = Change(side=side, price=price, remaining=NOTHING)
        (found.changes if new_edge is not None and place >= new_edge else found.out_of_view).append(gone)


def _are_same_prices(pairs: Sequence[tuple[Level, Level]]) -> bool:
    for was, now in pairs:  # noqa: SIM110 - a generator would take longer than the few pairs
        if was[0] != now[0]:
            return False
    return True


def _resize(side: Side, was: Level, now: Level, found: Difference) -> None:
    if SIZE_TICKS[was[1]] != SIZE_TICKS[now[1]]:
        found.changes.append(Change(side=side, price=now[0], remaining=now[1]))


def _edge(sign: int, levels: Sequence[Level]) -> int | None:
    """The place of the last level that is shown; None without any."""
    return min([sign * PRICE_TICKS[price] for price, _ in levels], default=None)


def _sides(bids: Sequence[Level], asks: Sequence[Level]) -> tuple[tuple[Side, Sequence[Level]], ...]:
    return (("bid", bids), ("ask", asks))
