"""What happens at the queues beside the reference price, by hand and against a slow, obvious way to tell it."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.order_book import OrderBook
from market.records import FeedRecord, Level, Side
from market.reference_price import ReferencePrice
from producers.whole_book import difference
from study.errors import WrongTick
from study.moments import TimesMet, moments
from study.queues import QueueEvents, Queues, Stint
from tests.study.made_up_records import NOON, changed, first_book, level, lost, ticked

UNIT = 10**10
CENT = Decimal("0.01")
# The reference price is 4.385: queues -1 and -2 hold 10 and 20, 1 and 2 hold 30 and 40.
BOOK = first_book(0, {"4.38": "10", "4.37": "20"}, {"4.39": "30", "4.40": "40"})


def followed(*records: FeedRecord, levels: int = 2, tick: Decimal | None = None) -> tuple[Queues, list[QueueEvents]]:
    queues = Queues(levels, tick)
    found = [queues.take(moment) for moment in moments([lost(0), *records], TimesMet())]
    return queues, [events for events in found if events is not None]


def stints_with_events(queues: Queues) -> list[tuple[int, int, int, int]]:
    return [
        (stint.position, stint.size // UNIT, stint.milliseconds, stint.change // UNIT)
        for stint in queues.stints
        if stint.change
    ]


def test_arrival_and_departure_are_told_with_the_size_before_and_the_time_since() -> None:
    queues, events = followed(BOOK, changed(100, level("bid", "4.38", "15")), changed(350, level("bid", "4.38", "12")))
    assert stints_with_events(queues) == [(-1, 10, 100, 5), (-1, 15, 250, -3)]
    assert [found.reference_price for found in events] == [Decimal("4.385")] * 2
    assert [size // UNIT for size in events[1].sizes if size is not None] == [20, 15, 30, 40]
    assert events[1].changes == ((-1, -3 * UNIT),)
    assert (queues.tick, queues.reference_moves) == (CENT, 0)


def test_changes_of_one_moment_are_netted_for_each_queue() -> None:
    queues, events = followed(
        BOOK,
        changed(100, level("ask", "4.39", "25"), level("ask", "4.40", "41")),
        changed(100, level("ask", "4.39", "28")),
        changed(200, level("ask", "4.39", "20")),
        changed(200, level("ask", "4.39", "28")),
    )
    assert stints_with_events(queues) == [(1, 30, 100, -2), (2, 40, 100, 1)]
    assert len(events) == 1


def test_queue_that_empties_beside_an_even_spread_does_not_move_the_price() -> None:
    queues, _ = followed(BOOK, changed(100, level("bid", "4.38", "0")), changed(200, level("bid", "4.38", "7")))
    assert stints_with_events(queues) == [(-1, 10, 100, -10), (-1, 0, 100, 7)]
    assert queues.reference_moves == 0


def test_price_that_moves_begins_all_queues_anew_and_what_made_it_move_is_of_the_old_ones() -> None:
    queues, events = followed(
        BOOK,
        # The best ask is taken, and a bid stands where it was: that bid is of no queue that there was.
        changed(100, level("ask", "4.39", "0"), level("bid", "4.39", "5")),
        changed(300, level("bid", "4.39", "6")),
    )
    assert events[0].changes == ((1, -30 * UNIT),)
    assert stints_with_events(queues) == [(1, 30, 100, -30), (-1, 5, 200, 1)]
    assert [stint for stint in queues.stints if not stint.change] == [
        Stint(position, size * UNIT, 100, 0) for position, size in ((-2, 20), (-1, 10), (2, 40))
    ] + [Stint(position, size * UNIT, 200, 0) for position, size in ((-2, 10), (1, 40), (2, 0))]
    assert events[1].reference_price == Decimal("4.395")
    assert queues.reference_moves == 1


def test_queue_that_came_into_view_is_no_event() -> None:
    queues, _ = followed(
        BOOK, changed(100, level("bid", "4.37", "50", "initial")), changed(300, level("bid", "4.37", "49"))
    )
    assert stints_with_events(queues) == [(-2, 50, 200, -1)]


def test_time_over_which_messages_were_lost_is_not_counted() -> None:
    again = first_book(5_000, {"4.38": "1"}, {"4.39": "2"})
    queues, _ = followed(
        BOOK,
        changed(100, level("bid", "4.38", "11")),
        ticked(2_000),
        lost(5_000, since=1_000),
        again,
        changed(5_040, level("bid", "4.38", "3")),
    )
    assert stints_with_events(queues) == [(-1, 10, 100, 1), (-1, 1, 40, 2)]
    assert (queues.books, queues.gaps) == (2, 1)
    # 1,000 up to the last good frame, 40 after the next book.
    assert looked_at(queues, -1) == looked_at(queues, 1) == 1_040


def test_quiet_queue_is_looked_at_up_to_the_last_tick() -> None:
    queues, _ = followed(BOOK, changed(100, level("bid", "4.38", "11")), ticked(1_000))
    assert [stint for stint in queues.stints if stint.position == 1] == [Stint(1, 30 * UNIT, 1_000, 0)]
    assert (queues.first_time, queues.last_time) == (NOON, NOON + 1_000)


def test_levels_beyond_those_looked_at_change_nothing() -> None:
    queues, events = followed(BOOK, changed(100, level("bid", "4.36", "5"), level("ask", "4.41", "5")))
    assert stints_with_events(queues) == []
    assert events == []


def test_book_with_one_side_has_no_queues_until_the_other_comes() -> None:
    queues, _ = followed(
        first_book(0, {"4.38": "10"}, {}),
        changed(100, level("bid", "4.38", "9")),
        changed(200, level("ask", "4.39", "4")),
        changed(300, level("bid", "4.38", "8")),
        tick=CENT,
    )
    assert stints_with_events(queues) == [(-1, 9, 100, -1)]
    assert queues.reference_moves == 0


def test_finer_price_than_the_tick_is_told_with_one_that_fits() -> None:
    with pytest.raises(WrongTick, match=r"4\.375.*0\.01; 0\.005 would be one"):
        followed(BOOK, changed(100, level("bid", "4.375", "5")))
    with pytest.raises(WrongTick, match=r"0\.02; 0\.01 would be one"):
        followed(BOOK, tick=Decimal("0.02"))


def looked_at(queues: Queues, position: int) -> int:
    """For how many milliseconds."""
    return sum(stint.milliseconds for stint in queues.stints if stint.position == position)


acts = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(("bid", "ask")), st.integers(96, 104), st.integers(0, 3)), max_size=40
)
FIRST: dict[Side, dict[int, int]] = {"bid": {98: 2, 97: 1, 96: 3}, "ask": {100: 1, 101: 2, 103: 1}}


@given(acts, st.integers(1, 4))
def test_queues_are_those_of_the_slow_obvious_way(happened: list[tuple[int, Side, int, int]], levels: int) -> None:
    market, time, records = Market(), 0, []
    for wait, side, price, size in happened:
        time += wait
        market.set(side, price, size)
        records.append(changed(time, level(side, str(price), str(size))))
    first = first_book(0, market.texts(FIRST["bid"]), market.texts(FIRST["ask"]))
    queues, events = followed(first, *records, levels=levels, tick=Decimal(1))
    views = [(0, FIRST), *((record.event_time - NOON, view) for record, view in zip(records, market.past, strict=True))]
    assert [(found.time - NOON, found.reference_price, found.changes) for found in events] == slowly(views, levels)
    # Each queue was looked at all the time.
    assert all(looked_at(queues, position) == time for position in (*range(-levels, 0), *range(1, levels + 1)))


@given(acts, st.integers(1, 4), st.integers(2, 3))
def test_queues_of_an_exchange_that_shows_the_best_levels_are_those_of_the_slow_obvious_way(
    happened: list[tuple[int, Side, int, int]], levels: int, shown: int
) -> None:
    market, time, records = Market(), 0, []
    views = [(0, best(FIRST, shown))]
    for wait, side, price, size in happened:
        # Each message is a moment: what came and left the levels shown within one was told, and is not in these views.
        time += wait + 1
        market.set(side, price, size)
        view = best(market.levels, shown)
        changes = difference(*(as_whole(market, seen) for seen in (views[-1][1], view)))
        if changes:
            records.append(changed(time, *changes))
            views.append((time, view))
    bids, asks = (market.texts(views[0][1][side]) for side in ("bid", "ask"))
    queues, events = followed(first_book(0, bids, asks), *records, levels=levels, tick=Decimal(1))
    # Before the first level that came into view nothing tells that such levels are all that is shown.
    begins = next((record.event_time for record in records for c in record.changes if c.reason == "initial"), None)
    told = [(found.time - NOON, found.reference_price, found.changes) for found in events]
    expected = slowly(views, levels, shown)
    if begins is not None:
        late = begins - NOON
        assert [found for found in told if found[0] > late] == [found for found in expected if found[0] > late]
    assert queues.books == 1


class Market:
    """What rests at each price, now and after each change."""

    def __init__(self) -> None:
        self.levels: dict[Side, dict[int, int]] = {side: dict(found) for side, found in FIRST.items()}
        self.past: list[dict[Side, dict[int, int]]] = []

    def set(self, side: Side, price: int, size: int) -> None:
        self.levels[side] = {**self.levels[side], price: size} if size else without(self.levels[side], price)
        self.past.append(dict(self.levels))

    @staticmethod
    def texts(found: dict[int, int]) -> dict[str, str]:
        return {str(price): str(size) for price, size in found.items()}


def without(levels: dict[int, int], price: int) -> dict[int, int]:
    return {other: size for other, size in levels.items() if other != price}


def best(levels: dict[Side, dict[int, int]], shown: int) -> dict[Side, dict[int, int]]:
    """The best so many levels of each side, best first."""
    bids = sorted(levels["bid"].items(), reverse=True)[:shown]
    return {"bid": dict(bids), "ask": dict(sorted(levels["ask"].items())[:shown])}


def as_whole(market: Market, view: dict[Side, dict[int, int]]) -> tuple[list[Level], list[Level]]:
    return list(market.texts(view["bid"]).items()), list(market.texts(view["ask"]).items())


def slowly(
    views: Sequence[tuple[int, dict[Side, dict[int, int]]]], levels: int, shown: int | None = None
) -> list[tuple[int, Decimal, tuple[tuple[int, int], ...]]]:
    """All queues are looked at before and after each moment, at the prices that they had before."""
    reference, before, found = ReferencePrice(Decimal(1)), views[0][1], []
    for time, of_time in groupby(views[1:], key=lambda view: view[0]):
        price, after = reference.update(book_of(before)), list(of_time)[-1][1]
        net = []
        for queue in () if price is None else reference.view(book_of(before), levels):
            side: Side = "bid" if queue.position < 0 else "ask"
            change = after[side].get(int(queue.price), 0) - before[side].get(int(queue.price), 0)
            if change and all(is_shown(view[side], side, int(queue.price), shown) for view in (before, after)):
                net.append((queue.position, change * UNIT))
        if net and price is not None:
            found.append((time, price, tuple(net)))
        before = after
    return found


def is_shown(levels: dict[int, int], side: Side, price: int, shown: int | None) -> bool:
    """Whether a level at this price would be among those that are shown."""
    if shown is None:
        return True
    if not levels:
        return False
    return price >= min(levels) if side == "bid" else price <= max(levels)


def book_of(levels: dict[Side, dict[int, int]]) -> OrderBook:
    book = OrderBook()
    for side, found in levels.items():
        book.apply(level(side, str(price), str(size)) for price, size in found.items())
    return book


def test_share_of_empty_queues_is_by_time() -> None:
    queues, _ = followed(BOOK, changed(400, level("bid", "4.38", "0")), ticked(1_000), levels=1)
    # One of two queues is empty for 600 of 1,000 ms.
    assert queues.empty_share == 0.3


def test_tick_is_told_by_the_first_book_that_has_two_sides() -> None:
    queues, _ = followed(first_book(0, {}, {}), changed(100, level("bid", "4.38", "9"), level("ask", "4.39", "4")))
    assert (queues.tick, queues.has_had_a_price) == (CENT, True)
    queues, _ = followed(first_book(0, {"4.38": "1"}, {}), changed(100, level("bid", "4.38", "9")))
    assert (queues.tick, queues.has_had_a_price) == (None, False)


def test_queue_beyond_the_last_level_shown_is_not_looked_at() -> None:
    queues, events = followed(
        first_book(0, {"4.38": "10", "4.37": "20"}, {"4.39": "30", "4.40": "40"}),
        # 4.40 leaves the two that are shown, and comes back.
        changed(100, level("bid", "4.38", "0"), level("bid", "4.36", "5", "initial")),
        changed(300, level("bid", "4.38", "7")),
        changed(400, level("bid", "4.36", "6")),
        changed(600, level("bid", "4.38", "0"), level("bid", "4.36", "8", "initial")),
        levels=3,
    )
    # What is beyond may have changed unseen: no event, and no time.
    assert stints_with_events(queues) == [(-1, 10, 100, -10), (-1, 0, 200, 7), (-1, 7, 300, -7)]
    assert looked_at(queues, -3) == 100 + 200
    assert [found.sizes[0] for found in events] == [0, 5 * UNIT, None]
