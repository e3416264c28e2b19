"""What a feed may trust and what not, whatever the protocol: numbers, books by REST, times, repeated frames."""

from __future__ import annotations

from market.records import L2, Book, Gap, Tick, Trade
from producers.feed_rules import FeedRules
from producers.symbol_feed import MOST_WAITING
from tests.producers.plain_protocol import BY_REST, NUMBERED, PLAIN, WHOLE_BOOKS, changes, frame, snapshot, whole
from tests.producers.play import NOON, Played


def by_rest(*symbols: str, **more: object) -> Played:
    """Connected, every symbol with its book of update 10."""
    play = Played(BY_REST, *symbols)
    play.connect()
    for symbol in symbols:
        play.frame(frame(changes(11, 11, symbol=symbol, exchange_time=NOON)))
        play.answer(frame(snapshot(10, symbol=symbol)))
    return play


def updates(play: Played, symbol: str) -> list[int | None]:
    """The last update number of each record of changes."""
    return [int(r.changes[0].remaining) for r in play.of(symbol) if isinstance(r, L2) and r.changes[0].price == "100"]


# Updates with numbers of their own.


def test_updates_follow_the_book_that_was_asked_for() -> None:
    play = by_rest("A")
    play.frame(frame(changes(12, 13, symbol="A", exchange_time=NOON + 10)))
    assert [type(record) for record in play.of("A")] == [Gap, L2, Tick, Book, L2, L2]
    assert updates(play, "A") == [11, 13]
    assert [wish.symbol for wish in play.wanted] == ["A"]


def test_skipped_update_puts_only_its_symbol_in_doubt() -> None:
    play = by_rest("A", "B")
    play.wait(2_500)
    play.frame(frame(changes(13, 13, symbol="A", exchange_time=NOON + 2_500)))
    play.frame(frame(changes(12, 12, symbol="B", exchange_time=NOON + 2_500)))
    play.wait(1_000)
    assert play.cuts == []
    assert [wish.symbol for wish in play.wanted] == ["A", "B", "A"]
    assert play.ticks("A")[-1] == 2
    assert play.ticks("B")[-1] == 3
    play.answer(frame(snapshot(13, symbol="A")))
    play.frame(frame(changes(14, 14, symbol="A", exchange_time=NOON + 3_500)))
    assert play.gaps("A")[-1] == ("sequence_gap", 0, 3_500)
    assert len(play.gaps("B")) == 1
    assert updates(play, "A") == [11, 14]


def test_updates_that_are_repeated_for_long_are_no_sign_of_a_whole_book() -> None:
    # An exchange that began to count anew would be taken for one that repeats itself, for ever.
    play = by_rest("A", "B")
    play.wait(900)
    for number in range(1, 9):
        play.wait(1_000)
        play.frame(frame(changes(number, number, symbol="A", exchange_time=NOON + play.now)))
        play.frame(frame(changes(number + 11, number + 11, symbol="B", exchange_time=NOON + play.now)))
    assert play.ticks("B")[-1] == 8
    assert [wish.symbol for wish in play.wanted] == ["A", "B", "A"]
    play.answer(frame(snapshot(8, symbol="A")))
    play.frame(frame(changes(9, 9, symbol="A", exchange_time=NOON + play.now)))
    # The ticks that went on meanwhile lie within the gap.
    assert play.gaps("A")[-1] == ("repeated_frames", 0, 8_900)
    assert updates(play, "A")[-1] == 9


def test_updates_that_a_newer_book_holds_already_are_no_doubt() -> None:
    play = Played(BY_REST, "A")
    play.connect()
    play.answer(frame(snapshot(20, symbol="A")))
    play.wait(100)
    play.frame(frame(changes(19, 20, symbol="A", exchange_time=NOON + 100)))
    play.wait(100)
    play.frame(frame(changes(21, 21, symbol="A", exchange_time=NOON + 200)))
    play.wait(60_000)
    play.frame(frame(changes(22, 22, symbol="A", exchange_time=NOON + 60_200)))
    play.lose()
    play.connect()
    play.answer(frame(snapshot(30, symbol="A")))
    assert [gap[:2] for gap in play.gaps("A")] == [("start", 0), ("disconnected", 60_200)]
    assert play.ticks("A") == list(range(1, 61))


def test_older_whole_book_is_not_taken_for_news() -> None:
    play = Played(WHOLE_BOOKS, "A")
    play.connect()
    play.frame(frame(whole([("99", "1")], [("101", "1")], symbol="A", last_id=5, exchange_time=NOON)))
    play.frame(frame(whole([("99", "7")], [("101", "1")], symbol="A", last_id=7, exchange_time=NOON + 10)))
    play.frame(frame(whole([("99", "6")], [("101", "1")], symbol="A", last_id=6, exchange_time=NOON + 10)))
    play.frame(frame(whole([("99", "7")], [("101", "1")], symbol="A", last_id=7, exchange_time=NOON + 20)))
    play.wait(1_500)
    assert [c.remaining for r in play.of("A") if isinstance(r, L2) for c in r.changes] == ["1", "1", "7"]
    assert play.counted("repeated_frames") == 1
    assert [r.bids for r in play.of("A") if isinstance(r, Book)] == [(("99", "1"),), (("99", "7"),)]


def test_answer_to_a_ping_does_not_prove_that_no_update_was_lost() -> None:
    play = by_rest("A")
    play.wait(50_000)
    # Update 12 is lost here. The answers say nothing of it; update 13 does.
    for _ in range(4):
        play.wait(5_000)
        play.frame(frame())
    play.frame(frame(changes(13, 13, symbol="A", exchange_time=NOON + play.now)))
    play.answer(frame(snapshot(13, symbol="A")))
    assert play.gaps("A")[-1] == ("sequence_gap", 0, 70_000)


# Books by REST.


def test_answer_by_rest_does_not_dispel_a_doubt_about_the_socket() -> None:
    play = by_rest("A", "B")
    play.wait(1_400)
    play.frame(frame(changes(13, 13, symbol="B", exchange_time=NOON + 1_400)))
    play.stand_still(10_000)
    play.wait(1_000)
    play.answer(frame(snapshot(13, symbol="B")))
    play.wait(1_000)
    assert play.ticks("A") == [0, 1]


def test_unreadable_answer_by_rest_is_put_aside_and_asked_for_again() -> None:
    play = by_rest("A", "B")
    play.frame(frame(changes(13, 13, symbol="B", exchange_time=NOON)))
    play.wanted.clear()
    play.answer(b"<html>busy</html>")
    assert len(play.dead) == 1
    assert play.cuts == []
    play.wait(1_500)
    assert play.ticks("A") == [0, 1]
    assert [wish.symbol for wish in play.wanted] == ["B"]


def test_answer_for_a_connection_that_is_gone_is_of_no_use() -> None:
    play = by_rest("A")
    old = play.connection
    play.lose()
    play.connect()
    written = len(play.records)
    play.answer(frame(snapshot(99, symbol="A")), connection=old)
    assert len(play.records) == written


def test_book_that_is_older_than_what_waits_is_asked_for_again() -> None:
    play = Played(BY_REST, "A")
    play.connect()
    play.frame(frame(changes(21, 22, symbol="A", exchange_time=NOON)))
    play.answer(frame(snapshot(19, symbol="A")))
    assert play.records == []
    assert len(play.wanted) == 2
    play.answer(frame(snapshot(20, symbol="A")))
    assert updates(play, "A") == [22]


def test_one_absurd_number_does_not_keep_a_symbol_in_doubt_for_ever() -> None:
    play = by_rest("A", "B")
    play.frame(frame(changes(10**18, 10**18, symbol="B", exchange_time=NOON)))
    for number in range(12, 50):
        play.wait(1_000)
        play.frame(frame(changes(number, number, symbol="B", exchange_time=NOON + play.now)))
        if play.wanted:
            play.wanted.clear()
            play.answer(frame(snapshot(number, symbol="B")))
    assert play.cuts == []
    assert updates(play, "B")[-1] == 49


def test_what_waits_for_a_book_is_bounded_and_the_other_symbols_go_on() -> None:
    play = by_rest("A", "B")
    play.frame(frame(changes(13, 13, symbol="B", exchange_time=NOON)))
    for number in range(14, 14 + MOST_WAITING + 5):
        play.frame(frame(changes(number, number, symbol="B", exchange_time=NOON)))
    assert play.cuts == []
    waiting = play.counted("news_waiting")
    assert isinstance(waiting, int)
    assert waiting <= MOST_WAITING
    last = 13 + MOST_WAITING + 5
    play.answer(frame(snapshot(last, symbol="B")))
    play.frame(frame(changes(last + 1, last + 1, symbol="B", exchange_time=NOON)))
    assert updates(play, "B")[-1] == last + 1


def test_large_frames_that_wait_for_a_book_are_bounded_by_their_bytes() -> None:
    play = by_rest("A", "B")
    large = frame(changes(13, 13, symbol="B", exchange_time=NOON)) + b" " * 3_000_000
    for _ in range(40):
        play.frame(large)
    waiting = play.counted("news_waiting")
    assert isinstance(waiting, int)
    assert waiting * len(large) < 70_000_000


# Times.


def test_refused_time_never_stands_in_a_record() -> None:
    play = Played(PLAIN, "A", last_event_time=NOON + 30_000)
    play.connect()
    play.frame(frame(snapshot(1, symbol="A", exchange_time=NOON)))
    play.frame(frame(changes(2, 2, symbol="A", exchange_time=NOON)))
    for number, time in enumerate((-62_135_596_800_000, 1_767_225_600_000_000, 2**63 - 1), start=3):
        play.frame(frame(changes(number, number, symbol="A", exchange_time=time)))
    assert [record.exchange_time for record in play.of("A") if isinstance(record, L2)] == [NOON, NOON, None, None, None]
    assert [record.time_from for record in play.of("A") if isinstance(record, L2)] == [None, None, *["clock"] * 3]
    assert play.counted("times_refused") == 3


def test_exchange_whose_clock_is_far_off_is_told_once_in_the_log() -> None:
    play = Played(PLAIN, "A")
    play.connect()
    for number in range(20):
        play.wait(1_000)
        news = changes(number, number, symbol="A", exchange_time=NOON + play.now - 3_600_000)
        play.frame(frame(snapshot(0, symbol="A") if number == 0 else news))
    assert play.ticks("A") == []
    assert len([what for what, _ in play.notes if "clock" in what]) == 1


def test_exchange_that_gives_no_times_goes_by_receipt_and_is_told_once_in_the_log() -> None:
    play = Played(WHOLE_BOOKS, "A")
    play.connect()
    for _ in range(100):
        play.wait(1_000)
        play.frame(frame(whole([("99", str(play.now))], [("101", "1")], symbol="A")))
    ticks = play.ticks("A")
    assert ticks == [*range(ticks[0], ticks[0] + len(ticks))]
    assert len(ticks) > 80
    assert abs(ticks[-1] * 1_000 - play.now) <= 2_000
    assert {record.time_from for record in play.of("A") if isinstance(record, L2)} == {"receipt"}
    assert len([what for what, _ in play.notes if "no times" in what]) == 1


def test_first_time_of_the_exchange_takes_the_place_of_those_of_receipt() -> None:
    play = Played(WHOLE_BOOKS, "A")
    play.connect()
    for _ in range(30):
        play.wait(1_000)
        play.frame(frame(whole([("99", str(play.now))], [("101", "1")], symbol="A")))
    play.frame(frame({"symbol": "A", "exchange_time": NOON + play.now - 700, "trades": ["7"]}))
    play.wait(1_000)
    play.frame(frame(whole([("99", "5")], [("101", "1")], symbol="A")))
    last = [record for record in play.of("A") if isinstance(record, L2)][-1]
    assert (last.event_time, last.time_from) == (NOON + play.now - 700, "clock")


# Trades.


def test_trade_twice_in_one_frame_is_counted_once() -> None:
    play = Played(PLAIN, "A")
    play.connect()
    play.frame(frame(snapshot(1, symbol="A", exchange_time=NOON)))
    play.frame(frame({"symbol": "A", "exchange_time": NOON, "trades": ["7", "7", "8"]}))
    assert [record.trade_id for record in play.of("A") if isinstance(record, Trade)] == ["7", "8"]
    assert play.counted("repeated_trades") == 1


def test_trades_that_came_before_the_book_are_not_news_when_they_are_repeated_after_it() -> None:
    play = Played(PLAIN, "A")
    play.connect()
    play.frame(frame({"symbol": "A", "exchange_time": NOON, "trades": ["7"], "is_history": True}))
    play.frame(frame(snapshot(1, symbol="A", exchange_time=NOON)))
    play.frame(frame({"symbol": "A", "exchange_time": NOON, "trades": ["7", "8"]}))
    assert [record.trade_id for record in play.of("A") if isinstance(record, Trade)] == ["8"]


def test_history_is_old_and_its_time_says_nothing_of_the_exchanges_clock() -> None:
    play = Played(PLAIN, "A")
    play.connect()
    play.frame(frame(snapshot(1, symbol="A", exchange_time=NOON)))
    play.frame(frame({"symbol": "A", "exchange_time": NOON - 300_000, "trades": ["7"], "is_history": True}))
    assert play.counted("times_refused") is None


# Numbered connections.


def test_one_repeated_frame_costs_nothing() -> None:
    play = Played(NUMBERED, "A", "B")
    play.connect()
    play.frame(frame(snapshot(1, symbol="A", exchange_time=NOON), snapshot(1, symbol="B"), sequence=0))
    play.wait(900)
    play.frame(frame(changes(2, 2, symbol="A", exchange_time=NOON + 900), sequence=1))
    play.frame(frame(changes(2, 2, symbol="A", exchange_time=NOON + 900), sequence=1))
    play.wait(1_000)
    play.frame(frame(sequence=2))
    play.wait(500)
    assert play.ticks("A") == play.ticks("B") == [0, 1, 2]
    assert len(play.gaps("A")) == len(play.gaps("B")) == 1
    assert updates(play, "A") == [2]


def test_repetitions_alone_are_named_as_such_when_the_connection_is_given_up() -> None:
    play = Played(NUMBERED, "A")
    play.connect()
    play.frame(frame(snapshot(1, symbol="A", exchange_time=NOON), sequence=0))
    for _ in range(8):
        play.wait(1_000)
        play.frame(frame(sequence=0))
    assert [cut.reason for cut in play.cuts] == ["repeated_frames"]


# Crossed books.


def test_crossed_whole_book_is_noticed_and_the_next_one_mends_it() -> None:
    play = Played(WHOLE_BOOKS, "A")
    play.connect()
    play.frame(frame(whole([("99", "1")], [("101", "1")], symbol="A", exchange_time=NOON)))
    play.frame(frame(whole([("102", "1")], [("101", "1")], symbol="A", exchange_time=NOON + 500)))
    play.wait(1_000)
    play.frame(frame(whole([("99", "1")], [("101", "1")], symbol="A", exchange_time=NOON + 1_000)))
    assert play.gaps("A")[-1] == ("crossed_book", 500, 1_000)
    assert play.counted("crossed_books") == 1


def test_crossed_books_that_are_accepted_do_not_stop_the_feed() -> None:
    play = Played(WHOLE_BOOKS, "A", rules=FeedRules(crossed_book_is_doubt=False))
    play.connect()
    for number in range(5):
        play.frame(frame(whole([("102", str(number + 1))], [("101", "1")], symbol="A", exchange_time=NOON + play.now)))
        play.wait(1_000)
    assert play.counted("crossed_books") == 5
    assert len(play.gaps("A")) == 1
    assert play.ticks("A") == [0, 1, 2, 3, 4]
