"""Event time never goes back, and each whole second of it is ticked. A clock set by hand."""

from __future__ import annotations

from market.records import L2, Book, Tick
from tests.producers.frames import heartbeat, update
from tests.producers.gemini_v1_play import Play, times
from tests.producers.play import NOON


def test_time_that_goes_back_is_raised_and_marked_late() -> None:
    play = Play()
    play.begin()
    play.wait(600)
    play.frame(update(2, NOON + 500))
    play.frame(update(3, NOON + 400))
    last = play.records[-1]
    assert isinstance(last, L2)
    assert (last.event_time, last.late, last.exchange_time) == (NOON + 500, True, NOON + 400)


def test_event_time_goes_on_from_what_the_topic_holds() -> None:
    play = Play(last_event_time=NOON + 5_000, last_of_symbol={"BTCUSD": NOON + 5_000})
    play.begin()
    assert times(play.records) == [NOON + 5_000] * 3
    assert play.records[-1].late


def test_time_far_ahead_is_replaced_and_counted_and_moves_nothing() -> None:
    play = Play()
    play.begin()
    play.wait(500)
    play.frame(update(2, NOON + 3_600_000))
    play.frame(update(3, NOON + 490))
    assert times(play.records)[-2:] == [NOON + 480, NOON + 490]
    assert play.metrics.snapshot()["times_refused"] == 1


def test_absent_time_is_replaced_and_counted() -> None:
    play = Play()
    play.begin()
    play.wait(500)
    play.frame(update(2, None))
    assert times(play.records)[-1] == NOON + 480
    assert play.metrics.snapshot()["times_absent"] == 1


def test_clock_that_starts_anew_writes_a_gap_and_keeps_the_connection() -> None:
    play = Play()
    play.begin()
    for number in range(2, 14):
        play.wait(play.now + 500)
        play.frame(update(number, NOON + play.now + 30_000))
    gap = play.gaps()[-1]
    assert gap.reason == "clock_restarted"
    assert gap.to > NOON + 30_000
    assert play.cuts == []
    assert play.records[-1].event_time == NOON + play.now + 30_000


# Ticks.


def test_quiet_market_ticks_each_second_with_a_book_after_the_grace() -> None:
    play = Play()
    play.begin()
    play.wait(1_300)
    assert play.ticks() == [0]
    play.wait(1_350)
    assert play.ticks() == [0, 1]
    tick, book = play.records[-2:]
    assert isinstance(tick, Tick)
    assert isinstance(book, Book)
    assert book.event_time == tick.event_time == NOON + 1_000
    assert book.bids == (("100.00", "1.5"),)
    assert book.asks == (("101.00", "2"),)


def test_whole_minute_has_sixty_ticks() -> None:
    play = Play()
    play.begin()
    for number in range(2, 15):
        play.wait(play.now + 5_000)
        play.frame(heartbeat(number))
    assert play.ticks()[:61] == list(range(61))


def test_frame_of_the_next_second_is_preceded_by_the_tick() -> None:
    play = Play()
    play.begin()
    play.wait(1_030, idle=False)
    play.frame(update(2, NOON + 1_010))
    assert [type(record) for record in play.records[-3:]] == [Tick, Book, L2]
    assert times(play.records)[-3:] == [NOON + 1_000, NOON + 1_000, NOON + 1_010]


def test_frame_at_the_whole_second_follows_the_tick() -> None:
    play = Play()
    play.begin()
    play.wait(1_010, idle=False)
    play.frame(update(2, NOON + 1_000))
    assert [type(record) for record in play.records[-3:]] == [Tick, Book, L2]


def test_frame_that_was_under_way_within_the_grace_is_not_late() -> None:
    play = Play()
    play.begin()
    play.wait(1_250)
    play.frame(update(2, NOON + 990))
    last = play.records[-1]
    assert isinstance(last, L2)
    assert (last.event_time, last.late) == (NOON + 990, False)


def test_no_tick_is_written_while_arrivals_wait() -> None:
    play = Play()
    play.begin()
    play.wait(4_000, idle=False)
    assert play.ticks() == []
    play.wait(4_050)
    assert play.ticks() == [0, 1, 2, 3]


# Several symbols on one topic.


def test_symbols_tick_together_and_event_time_never_goes_back() -> None:
    play = Play("BTCUSD", "ETHUSD")
    play.begin("BTCUSD")
    play.begin("ETHUSD")
    play.wait(1_030, idle=False)
    play.frame(update(2, NOON + 1_010), "ETHUSD")
    play.frame(update(2, NOON + 1_005), "BTCUSD")
    play.wait(2_400)
    assert play.ticks("BTCUSD") == play.ticks("ETHUSD") == [0, 1, 2]
    assert times(play.records) == sorted(times(play.records))


def test_made_up_tick_is_raised_within_its_minute_and_left_out_after_it() -> None:
    play = Play("BTCUSD", "ETHUSD")
    play.wait(54_000)
    play.begin("BTCUSD")
    play.begin("ETHUSD")
    play.wait(57_400)
    play.stand_still(63_000)
    play.frame(update(2, NOON + 58_500), "BTCUSD")
    play.frame(update(2, NOON + 58_600), "ETHUSD")  # its tick 58 is made up after BTCUSD's 58.5
    raised = [r for r in play.records if isinstance(r, Tick) and r.symbol == "ETHUSD"][-1]
    assert (raised.event_time, raised.late, raised.exchange_time) == (NOON + 58_500, True, NOON + 58_000)
    play.frame(update(3, NOON + 60_500), "BTCUSD")
    play.frame(update(3, NOON + 60_600), "ETHUSD")
    ticks = [r for r in play.records if isinstance(r, Tick) and r.symbol == "ETHUSD"]
    assert NOON + 59_000 not in [r.exchange_time or r.event_time for r in ticks]
    assert ticks[-1].exchange_time == NOON + 60_000
    assert play.metrics.snapshot()["ticks_missed"] == 1
    assert times(play.records) == sorted(times(play.records))
