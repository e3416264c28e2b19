"""The process stands still, or nothing readable comes: what the feed makes of the time that passes."""

from __future__ import annotations

from market.records import L2
from tests.producers.frames import heartbeat, update
from tests.producers.gemini_v1_play import Play
from tests.producers.play import NOON


def test_pause_is_made_up_for_before_the_record_that_proves_nothing_was_lost() -> None:
    play = Play()
    play.begin()
    play.wait(1_400)
    play.stand_still(12_500)
    play.wait(13_000)
    assert play.ticks() == [0, 1]
    play.frame(update(2, NOON + 4_200))
    assert play.ticks() == [0, 1, 2, 3, 4]
    assert isinstance(play.records[-1], L2)
    assert play.records[-1].event_time == NOON + 4_200
    play.frame(heartbeat(3))
    play.wait(13_400)
    assert play.ticks() == list(range(14))
    assert play.gaps()[1:] == []


def test_backlog_read_right_after_a_pause_does_not_set_the_ticks_free() -> None:
    play = Play()
    play.begin()
    play.wait(1_400)
    play.stand_still(12_500)
    play.frame(heartbeat(2))
    play.wait(12_900)
    assert play.ticks() == [0, 1]
    play.frame(update(3, NOON + 6_500))
    assert play.records[-1].event_time == NOON + 6_500
    assert not play.records[-1].late


def test_pause_that_nothing_dispels_ends_as_a_gap() -> None:
    play = Play()
    play.begin()
    play.wait(1_400)
    play.stand_still(12_500)
    play.wait(20_000)
    play.lose("silence")
    play.begin()
    assert play.ticks() == [0, 1]
    assert (play.gaps()[-1].from_, play.gaps()[-1].reason) == (NOON, "silence")


def test_very_long_pause_is_a_doubt() -> None:
    play = Play()
    play.begin()
    play.wait(1_000)
    play.stand_still(40_000)
    assert [cut.reason for cut in play.cuts] == ["paused"]


def test_nothing_but_unreadable_frames_ends_as_a_doubt() -> None:
    play = Play()
    play.begin()
    play.wait(500)
    for _ in range(8):
        play.frame(b"not json")
        play.wait(play.now + 1_000)
    assert [cut.reason for cut in play.cuts] == ["malformed_frame"]
    assert play.ticks() == [0]
