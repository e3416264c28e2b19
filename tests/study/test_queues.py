"""What happens at the queues beside the reference price, by hand and against a slow, obvious way to tell it."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.order_book import OrderBook
from market.records import Change, FeedRecord, Reason, Side
from market.reference_price import ReferencePrice
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
    assert [size // UNIT for size in events[1].sizes] == [20, 15, 30, 40]
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
        ticked(1_000),
        lost(5_000),
        again,
        changed(5_040, level("bid", "4.38", "3")),
    )
    assert stints_with_events(queues) == [(-1, 10, 100, 1), (-1, 1, 40, 2)]
    assert (queues.books, queues.gaps) == (2, 1)
    assert {stint.milliseconds for stint in queues.stints} == {100, 40}


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


happenings = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(("bid", "ask")),
        st.integers(96, 104),
        st.integers(0, 3),
        st.sampled_from((None, None, None, "initial")),
    ),
    max_size=40,
)


@given(happenings, st.integers(1, 4))
def test_queues_are_those_of_the_slow_obvious_way(
    acts: list[tuple[int, Side, int, int, Reason | None]], levels: int
) -> None:
    book = first_book(0, {"98": "2", "97": "1"}, {"100": "1", "101": "2"})
    records, time = [], 0
    for wait, side, price, size, reason in acts:
        time += wait
        records.append(changed(time, level(side, str(price), str(size), reason)))
    queues, events = followed(book, *records, levels=levels, tick=Decimal(1))
    expected = slowly(book.changes, [(record.event_time, record.changes) for record in records], levels)
    assert [(found.time, found.reference_price, found.sizes, found.changes) for found in events] == expected
    # Each queue was looked at all the time.
    for position in (*range(-levels, 0), *range(1, levels + 1)):
        assert sum(stint.milliseconds for stint in queues.stints if stint.position == position) == time
    # And each of its stints begins with what the one before left, but where the price moved or a level came into view.
    assert sum(1 for stint in queues.stints if stint.change) == sum(len(found.changes) for found in events)


def slowly(
    first: Sequence[Change], messages: Sequence[tuple[int, tuple[Change, ...]]], levels: int
) -> list[tuple[int, Decimal, tuple[int, ...], tuple[tuple[int, int], ...]]]:
    """All queues are looked at before and after each moment, at the prices that they had before."""
    book, reference = OrderBook(), ReferencePrice(Decimal(1))
    book.apply(first)
    found = []
    for time, of_time in groupby(messages, key=lambda message: message[0]):
        price = reference.update(book)
        assert price is not None
        before = reference.view(book, levels)
        changes = [change for _, of_message in of_time for change in of_message]
        book.apply(changes)
        unveiled = {(change.side, Decimal(change.price)) for change in changes if change.reason == "initial"}
        net = []
        for queue in before:
            side: Side = "bid" if queue.position < 0 else "ask"
            change = book.remaining(side, queue.price) - queue.remaining
            if change and (side, queue.price) not in unveiled:
                net.append((queue.position, int(change * UNIT)))
        if net:
            found.append((time, price, tuple(int(queue.remaining * UNIT) for queue in before), tuple(net)))
    return found
