"""What changed between two whole books of an exchange that sends all it shows each time (design §3). Pure.

Only prices that both books could show are compared. A level that comes into view at the far edge may have been there
before: it is `initial`. One that leaves the visible depth is not a removal: it is gone from view, not from the book.
"""

from __future__ import annotations

from collections.abc import Sequence

from market.decimals import PRICE_TICKS, SIZE_TICKS
from market.levels import compiled_difference
from market.records import Change, Level, Reason, Side

NOTHING = "0"


def first_view(bids: Sequence[Level], asks: Sequence[Level]) -> list[Change]:
    """The levels of a first whole book, all `initial`."""
    return [
        Change(side=side, price=price, remaining=remaining, reason="initial")
        for side, levels in _sides(bids, asks)
        for price, remaining in levels
    ]


def difference(
    old: tuple[Sequence[Level], Sequence[Level]], new: tuple[Sequence[Level], Sequence[Level]]
) -> Sequence[Change]:
    """From one whole book (bids, asks; best first) to the next one."""
    compiled = compiled_difference(*old, *new)
    if compiled is not None:
        return compiled
    found: list[Change] = []
    if old[0] != new[0]:
        _compare("bid", 1, old[0], new[0], found)
    if old[1] != new[1]:
        _compare("ask", -1, old[1], new[1], found)
    return found


def _compare(side: Side, sign: int, old: Sequence[Level], new: Sequence[Level], changes: list[Change]) -> None:
    if len(old) == len(new):
        # Mostly all prices stand where they stood, and a few sizes are others.
        pairs = [(was, now) for was, now in zip(old, new) if was is not now]  # noqa: B905 - strict takes time
        if [was[0] for was, _ in pairs] == [now[0] for _, now in pairs]:
            for was, now in pairs:
                if _is_other_size(was[1], now[1]):
                    changes.append(Change(side=side, price=now[0], remaining=now[1]))
            return
    before = dict(old)
    fresh = []
    for level in new:
        size = before.pop(level[0], None)
        if size is None:
            fresh.append(level)
        elif _is_other_size(size, level[1]):
            changes.append(Change(side=side, price=level[0], remaining=level[1]))
    gone = {sign * PRICE_TICKS[price]: (price, size) for price, size in before.items()}
    # Places grow towards the best price; what lies below the last one shown was, or is, not to be seen.
    old_edge, new_edge = _edge(sign, old), _edge(sign, new)
    for price, remaining in fresh:
        place = sign * PRICE_TICKS[price]
        known = gone.pop(place, None)  # the same price in another spelling
        if known is not None and not _is_other_size(known[1], remaining):
            continue
        in_view = known is not None or (old_edge is not None and place >= old_edge)
        reason: Reason | None = None if in_view else "initial"
        changes.append(Change(side=side, price=price, remaining=remaining, reason=reason))
    for place, (price, _) in gone.items():
        if new_edge is not None and place >= new_edge:
            changes.append(Change(side=side, price=price, remaining=NOTHING))


def _is_other_size(was: str, now: str) -> bool:
    if was == now:
        return False
    if was[-1] != "0" and now[-1] != "0" and (was[0] != "0" or was[1] == ".") and (now[0] != "0" or now[1] == "."):
        return True  # neither has zeros that mean nothing, so other digits are another number
    return SIZE_TICKS[was] != SIZE_TICKS[now]


def _edge(sign: int, levels: Sequence[Level]) -> int | None:
    """The place of the last level that is shown; None without any."""
    return sign * PRICE_TICKS[levels[-1][0]] if levels else None


def _sides(bids: Sequence[Level], asks: Sequence[Level]) -> tuple[tuple[Side, Sequence[Level]], ...]:
    return (("bid", bids), ("ask", asks))
