"""What puts a symbol in doubt, and what a doubt does: the connection is cut, ticks stop, a gap ends it."""

from __future__ import annotations

import pytest

from market.records import L2
from producers.feed_rules import FeedRules
from tests.producers.frames import change, heartbeat, update
from tests.producers.gemini_v1_play import Play
from tests.producers.play import NOON


@pytest.mark.parametrize("reason", ["disconnected", "silence", "inbox_overflow"])
def test_lost_connection_stops_the_ticks_until_a_new_book(reason: str) -> None:
    play = Play()
    play.begin()
    play.wait(2_500)
    play.lose(reason)
    play.wait(5_500)
    play.begin()
    play.wait(7_500)
    assert play.ticks() == [0, 1, 2, 6, 7]
    gap = play.gaps()[-1]
    assert (gap.from_, gap.to, gap.reason) == (NOON, NOON + 5_480, reason)


def test_gap_starts_at_the_last_tick_that_a_heartbeat_proved() -> None:
    play = Play()
    play.begin()
    play.wait(5_500)
    play.frame(heartbeat(2))
    play.wait(8_500)
    play.lose()
    play.begin()
    assert play.gaps()[-1].from_ == NOON + 5_000


def test_symbol_in_doubt_leaves_the_other_ticking() -> None:
    play = Play("BTCUSD", "ETHUSD")
    play.begin("BTCUSD")
    play.begin("ETHUSD")
    play.frame(update(9, NOON), "ETHUSD")
    play.wait(2_400)
    assert [(cut.link, cut.reason) for cut in play.cuts] == [("ETHUSD", "sequence_gap")]
    assert play.ticks("BTCUSD") == [0, 1, 2]
    assert play.ticks("ETHUSD") == []


def test_frames_of_a_connection_that_was_given_up_are_ignored() -> None:
    play = Play()
    play.begin()
    play.lose()
    written = len(play.records)
    play.frame(update(2, NOON))
    assert len(play.records) == written


def test_crossed_book_makes_the_symbol_resynchronise() -> None:
    play = Play()
    play.begin()
    play.frame(update(2, NOON, change("bid", "101.00", "1")))
    assert isinstance(play.records[-1], L2)
    assert [cut.reason for cut in play.cuts] == ["crossed_book"]


def test_crossed_book_can_be_accepted() -> None:
    play = Play(rules=FeedRules(crossed_book_is_doubt=False))
    play.begin()
    play.frame(update(2, NOON, change("bid", "101.00", "1")))
    play.frame(update(3, NOON))
    assert play.cuts == []
    assert play.metrics.snapshot()["crossed_books"] == 2


def test_first_update_without_a_book_is_a_doubt() -> None:
    play = Play()
    play.connect()
    play.frame(heartbeat(0))
    play.frame(update(1, NOON))
    assert play.records == []
    assert [cut.reason for cut in play.cuts] == ["no_first_book"]
