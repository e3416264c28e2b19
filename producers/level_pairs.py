"""Lists of (price, new total), as most exchanges send them, checked. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from market.decimals import PRICE_TICKS, check_sizes
from market.records import Change, Level


def changes_of(bids: Sequence[Level], asks: Sequence[Level]) -> list[Change]:
    """The changes of these levels, bids first. Raises `OutOfRange` for a price or size that does not fit."""
    check_sizes([remaining for levels in (bids, asks) for _, remaining in levels])
    changes = [Change(side="bid", price=price, remaining=left) for price, left in bids if PRICE_TICKS[price]]
    return changes + [Change(side="ask", price=price, remaining=left) for price, left in asks if PRICE_TICKS[price]]
