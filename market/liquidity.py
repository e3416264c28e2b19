"""A minute's bid/ask liquidity ratio as a pure function (design §3, 'The minute').

From the book *Real-Time Crypto*, chapter 'Calculating Market Liquidity', on event time and without its fault of taking
one side's sum for a ratio when the other side is missing.
"""

from collections.abc import Iterable
from decimal import Decimal

from market.decimals import EXACT, PLACES_8, PLACES_12, plain, rounded
from market.records import L2, FeedRecord, Gap, PriceVolume, Tick

MINUTE_MS = 60_000
TICKS_A_MINUTE = 60
# decimal(26,8): what a sum must stay below.
_TOO_MUCH = Decimal(10) ** 18


def price_volume(exchange: str, symbol: str, window_start: int, records: Iterable[FeedRecord]) -> PriceVolume:
    """The liquidity of the minute that starts at `window_start` (epoch ms) from the records of one symbol in it.

    Records outside the minute are left out. A sum that does not fit decimal(26,8) is null, and so is the ratio then.
    """
    sums = {"bid": Decimal(0), "ask": Decimal(0)}
    changes = ticks = gaps = 0
    for record in records:
        if not window_start <= record.event_time < window_start + MINUTE_MS:
            continue
        if isinstance(record, L2):
            for change in record.changes:
                if change.reason != "initial":
                    notional = EXACT.multiply(Decimal(change.price), Decimal(change.remaining))
                    sums[change.side] = EXACT.add(sums[change.side], notional)
                    changes += 1
        elif isinstance(record, Tick):
            ticks += 1
        elif isinstance(record, Gap):
            gaps += 1
    ask, bid = _fitting(sums["ask"]), _fitting(sums["bid"])
    return PriceVolume(
        exchange=exchange,
        symbol=symbol,
        event_time=window_start + MINUTE_MS,
        window_start=window_start,
        window_end=window_start + MINUTE_MS,
        timestamp=window_start // 1000,
        changes=changes,
        ask=None if ask is None else plain(ask),
        bid=None if bid is None else plain(bid),
        value=plain(rounded(EXACT.divide(ask, bid), PLACES_12)) if ask and bid else None,
        complete=ticks == TICKS_A_MINUTE and not gaps,
    )


def _fitting(total: Decimal) -> Decimal | None:
    eight_places = rounded(total, PLACES_8)
    return eight_places if eight_places < _TOO_MUCH else None
