"""What is taken for one moment."""

from collections.abc import Sequence

import msgspec

from market.records import FeedRecord
from study.moments import Changed, Lost, Moment, TimesMet, WholeBook, moments
from tests.study.made_up_records import NOON, changed, first_book, level, lost, ticked

BOOK = first_book(0, {"4.38": "1"}, {"4.39": "2"})


def told(*records: FeedRecord) -> tuple[list[Moment], TimesMet]:
    met = TimesMet()
    return list(
        moments(records, met),
    ), met


def changes_of(found: Sequence[Moment]) -> list[tuple[int, list[str]]]:
    return [(m.time - NOON, [c.remaining for c in m.changes]) for m in found if isinstance(m, Changed)]


def test_messages_of_one_time_are_one_moment() -> None:
    found, _ = told(
        lost(0),
        BOOK,
        changed(5, level("bid", "4.38", "3")),
        changed(5, level("bid", "4.37", "4"), level("ask", "4.39", "5")),
        changed(6, level("bid", "4.38", "6")),
    )
    assert changes_of(found) == [(5, ["3", "4", "5"]), (6, ["6"]), (6, [])]


def test_levels_that_bear_times_of_their_own_are_told_apart_by_them() -> None:
    found, met = told(lost(0), BOOK, changed(9, level("bid", "4.38", "3", time=7), level("bid", "4.38", "4", time=9)))
    assert changes_of(found) == [(7, ["3"]), (9, ["4"]), (9, [])]
    assert met == TimesMet()


def test_earlier_time_is_held_at_the_one_before_and_counted() -> None:
    found, met = told(lost(0), BOOK, changed(9, level("bid", "4.38", "3")), changed(8, level("bid", "4.38", "4")))
    assert changes_of(found) == [(9, ["3", "4"]), (9, [])]
    assert met.held == 1


def test_exchanges_own_time_is_used_where_event_time_was_raised() -> None:
    raised = changed(9, level("bid", "4.38", "3"), late=True, exchange_time=NOON + 4)
    assert changes_of(told(lost(0), BOOK, raised)[0]) == [(4, ["3"]), (4, [])]


def test_times_that_are_not_the_exchanges_are_counted() -> None:
    _, met = told(lost(0), BOOK, changed(9, level("bid", "4.38", "3"), time_from="receipt"))
    assert met.not_the_exchanges == 1


def test_nothing_is_told_before_a_whole_book() -> None:
    assert told(changed(1, level("bid", "4.38", "3")), ticked(2)) == ([], TimesMet())
    found, _ = told(changed(1, level("bid", "4.38", "3")), lost(2), BOOK)
    assert [type(moment) for moment in found] == [Lost, WholeBook, Changed]


def test_book_in_pieces_is_one() -> None:
    pieces = [
        msgspec.structs.replace(BOOK, changes=(change,), piece=number, pieces=2)
        for number, change in enumerate(BOOK.changes, start=1)
    ]
    found, _ = told(lost(0), pieces[0])
    assert [type(moment) for moment in found] == [Lost]
    found, _ = told(lost(0), *pieces)
    assert found[1] == WholeBook(NOON, BOOK.changes)


def test_quiet_time_goes_on_up_to_the_last_tick() -> None:
    found, _ = told(lost(0), BOOK, changed(5, level("bid", "4.38", "3")), ticked(1_000), ticked(2_000))
    assert changes_of(found)[-1] == (2_000, [])


def test_gap_ends_the_moment_and_the_time_goes_on_up_to_the_last_good_frame() -> None:
    found, _ = told(lost(0), BOOK, changed(5, level("bid", "4.38", "3")), lost(60, since=40))
    assert changes_of(found) == [(5, ["3"]), (40, [])]
    assert isinstance(found[-1], Lost)


def test_time_of_a_level_that_lies_after_its_message_is_not_believed() -> None:
    found, _ = told(
        lost(0), BOOK, changed(9, level("bid", "4.38", "3", time=9_000_000)), changed(12, level("bid", "4.38", "4"))
    )
    assert changes_of(found) == [(9, ["3"]), (12, ["4"]), (12, [])]
