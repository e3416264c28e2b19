"""Frames out of sequence, unreadable or too large: cuts and dead letters."""

from __future__ import annotations

from market.records import L2
from producers.feed_outcome import Cut
from tests.producers.frames import change, heartbeat, update
from tests.producers.gemini_v1_play import Play
from tests.producers.play import NOON


def test_gap_in_the_sequence_cuts_the_connection_and_ignores_what_it_still_sends() -> None:
    play = Play()
    play.begin()
    play.wait(500)
    written = len(play.records)
    play.frame(update(3, NOON + 490))
    play.frame(update(4, NOON + 495))
    play.wait(3_000)
    assert len(play.records) == written
    assert play.cuts == [Cut("BTCUSD", "BTCUSD-1", "sequence_gap")]
    play.begin()
    assert (play.gaps()[-1].from_, play.gaps()[-1].reason) == (NOON, "sequence_gap")


def test_heartbeats_count_in_the_sequence() -> None:
    play = Play()
    play.begin()
    play.frame(heartbeat(2))
    play.frame(update(3, NOON))
    play.frame(heartbeat(5))
    assert [cut.reason for cut in play.cuts] == ["sequence_gap"]


def test_frame_with_a_wrong_price_is_a_dead_letter_and_its_minute_a_gap() -> None:
    play = Play()
    play.begin()
    play.frame(update(2, NOON, change("bid", "-1", "1")))
    letter = play.dead[0]
    assert (letter.exchange, letter.symbol, letter.id) == ("gemini", "BTCUSD", "BTCUSD-1:7")
    assert "-1" in letter.reason
    assert [cut.reason for cut in play.cuts] == ["malformed_frame"]
    play.begin()
    assert play.gaps()[-1].reason == "malformed_frame"


def test_frame_of_unknown_type_is_a_dead_letter_and_nothing_else() -> None:
    play = Play()
    play.begin()
    play.frame(b'{"type":"status","socket_sequence":2}')
    play.frame(update(3, NOON))
    assert len(play.dead) == 1
    assert play.cuts == []
    assert isinstance(play.records[-1], L2)


def test_noise_that_does_not_count_in_the_sequence_is_a_dead_letter_and_costs_no_tick() -> None:
    play = Play()
    play.begin()
    play.wait(900)
    play.frame(b"not json")
    play.wait(3_000)
    assert play.ticks() == [0]
    play.frame(update(2, NOON + 2_950))
    assert play.ticks() == [0, 1, 2]
    assert len(play.dead) == 1
    assert play.cuts == []


def test_unreadable_frame_that_took_a_number_is_noticed_by_the_next() -> None:
    play = Play()
    play.begin()
    play.frame(b"not json")
    play.frame(update(3, NOON))
    assert [cut.reason for cut in play.cuts] == ["sequence_gap"]


def test_refused_frame_is_a_dead_letter_that_names_its_length() -> None:
    play = Play()
    play.begin()
    play.refuse(50_000_000)
    play.lose("too_large")
    play.begin()
    assert play.dead[0].length == 50_000_000
    assert play.gaps()[-1].reason == "too_large"
