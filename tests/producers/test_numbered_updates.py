"""Symbols whose updates have numbers of their own: what proves that none is missing, and beginning without a book."""

from __future__ import annotations

import pytest

from market.records import L2, Gap
from producers.feed_rules import FeedRules
from tests.producers.plain_protocol import BY_REST, changes, frame, snapshot
from tests.producers.play import NOON, Played

TRADE = frame({"symbol": "A", "trades": ["1"], "exchange_time": NOON + 60_020})


@pytest.mark.parametrize("between", [TRADE, frame()], ids=["a trade", "a frame without news"])
def test_gap_begins_at_the_last_update_whatever_came_after_it(between: bytes) -> None:
    play = Played(BY_REST, "A")
    play.connect()
    play.answer(frame(snapshot(10, symbol="A")))
    play.frame(frame(changes(11, 11, symbol="A", exchange_time=NOON)))
    play.wait(59_900)
    play.frame(frame(changes(12, 12, symbol="A", exchange_time=NOON + 59_900)))
    play.wait(600)  # update 13 is lost before the minute ends, and its tick is written
    assert play.ticks("A")[-1] == 60
    play.frame(between)
    play.frame(frame(changes(14, 14, symbol="A", exchange_time=NOON + 60_500)))
    play.answer(frame(snapshot(14, symbol="A")))
    # The minute that ended meanwhile is touched.
    assert play.gaps("A")[-1][:2] == ("sequence_gap", 59_900)


def test_first_changes_may_stand_for_the_book_of_a_recording_that_has_none() -> None:
    play = Played(BY_REST, "A", rules=FeedRules(book_from_nothing=True))
    play.connect()
    play.frame(TRADE)
    play.frame(frame(changes(11, 12, symbol="A", exchange_time=NOON)))
    play.frame(frame(changes(13, 13, symbol="A", exchange_time=NOON + 10)))
    assert isinstance(play.records[0], Gap)
    first, second = (record for record in play.records if isinstance(record, L2))
    assert [change.reason for change in first.changes] == ["initial"]
    assert [change.reason for change in second.changes] == [None]


def test_recording_without_a_book_goes_on_after_a_gap_with_the_changes_that_end_it() -> None:
    play = Played(BY_REST, "A", rules=FeedRules(book_from_nothing=True))
    play.connect()
    play.frame(frame(changes(11, 11, symbol="A", exchange_time=NOON)))
    play.frame(frame(changes(13, 13, symbol="A", exchange_time=NOON + 20)))
    play.frame(frame(changes(14, 14, symbol="A", exchange_time=NOON + 30)))
    assert play.gaps("A")[1:] == [("sequence_gap", 0, 20)]
    totals = [change.remaining for record in play.records if isinstance(record, L2) for change in record.changes]
    assert totals == ["11", "13", "14"]


def test_recording_without_a_book_takes_one_that_comes_after_all() -> None:
    play = Played(BY_REST, "A", rules=FeedRules(book_from_nothing=True))
    play.connect()
    play.answer(frame(snapshot(10, symbol="A")))
    play.frame(frame(changes(11, 11, symbol="A", exchange_time=NOON)))
    last = play.records[-1]
    assert isinstance(last, L2)
    assert last.changes[0].reason is None
