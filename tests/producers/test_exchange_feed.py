"""From arrivals to records: event time, ticks, gaps, dead letters. Hand-written frames, a clock set by hand."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.records import L2, Book, DeadLetter, FeedRecord, Gap, Tick, Trade
from pipeline.metrics import Metrics
from producers.arrivals import Arrival, Connected, ConnectionLost, FrameArrived, FrameRefused, Instant
from producers.exchange_feed import ExchangeFeed
from producers.feed_outcome import Cut, Outcome
from producers.feed_rules import FeedRules, FeedStart
from producers.gemini_v1 import GEMINI_V1
from tests.producers.frames import change, first_book, heartbeat, trade, update

NOON = 1_767_225_600_000  # a whole minute
LAG = 20  # ms from the exchange to here
STEP = 50  # ms between two looks at the clock


class Play:
    """An exchange feed and a clock that is moved by hand; collects all that comes out."""

    def __init__(
        self,
        *symbols: str,
        last_event_time: int | None = None,
        last_of_symbol: Mapping[str, int] | None = None,
        rules: FeedRules | None = None,
    ) -> None:
        self.metrics = Metrics()
        start = FeedStart(last_event_time, last_of_symbol or {})
        links = {symbol: (symbol,) for symbol in symbols or ("BTCUSD",)}
        self.feed = ExchangeFeed(GEMINI_V1, links, start, rules or FeedRules(), self.metrics)
        self.now = 0
        self.records: list[FeedRecord] = []
        self.dead: list[DeadLetter] = []
        self.cuts: list[Cut] = []
        self._connections: dict[str, str] = {}
        self._numbers: dict[str, int] = {}

    @property
    def instant(self) -> Instant:
        return Instant(NOON + self.now, 7_000 + self.now)

    def connect(self, symbol: str = "BTCUSD") -> None:
        number = self._numbers.get(symbol, 0) + 1
        self._numbers[symbol] = number
        self._connections[symbol] = f"{symbol}-{number}"
        self._take(Connected(symbol, self._connections[symbol], self.instant))

    def frame(self, payload: bytes, symbol: str = "BTCUSD") -> None:
        self._take(FrameArrived(symbol, self._connections[symbol], 7, payload, self.instant))

    def lose(self, reason: str = "disconnected", symbol: str = "BTCUSD") -> None:
        self._take(ConnectionLost(symbol, self._connections[symbol], reason, "", self.instant))

    def refuse(self, length: int) -> None:
        self._take(FrameRefused("BTCUSD", self._connections["BTCUSD"], 7, length, "too large", self.instant))

    def wait(self, until: int, *, idle: bool = True) -> None:
        """Let time pass to `until` ms after noon, looking at the clock all the while."""
        while self.now < until:
            self.now = min(self.now + STEP, until)
            self._add(self.feed.on_time(self.instant, idle=idle))

    def stand_still(self, until: int) -> None:
        """The process is stopped and goes on at `until`."""
        self.now = until
        self._add(self.feed.on_time(self.instant, idle=False))

    def begin(self, symbol: str = "BTCUSD") -> None:
        """Connect, and get the first book and one update with the time of now."""
        self.connect(symbol)
        self.frame(first_book(), symbol)
        self.frame(update(1, NOON + self.now - LAG), symbol)

    def ticks(self, symbol: str = "BTCUSD") -> list[int]:
        """Seconds after noon."""
        return [(r.event_time - NOON) // 1000 for r in self.records if isinstance(r, Tick) and r.symbol == symbol]

    def gaps(self, symbol: str = "BTCUSD") -> list[Gap]:
        return [record for record in self.records if isinstance(record, Gap) and record.symbol == symbol]

    def _take(self, arrival: Arrival) -> None:
        self._add(self.feed.on_arrival(arrival))

    def _add(self, out: Outcome) -> None:
        self.records += out.records
        self.dead += out.dead_letters
        self.cuts += out.cuts


def times(records: list[FeedRecord]) -> list[int]:
    return [record.event_time for record in records]


def of_type(play: Play, kind: type[FeedRecord]) -> list[FeedRecord]:
    return [record for record in play.records if isinstance(record, kind)]


# The first frame, and what follows it.


def test_start_without_a_topic_writes_a_gap_of_no_length_then_the_first_book() -> None:
    play = Play()
    play.connect()
    play.frame(first_book(change("bid", "1.00", "5", "initial"), trade(1, "1", "1")))
    gap, book = play.records
    assert isinstance(gap, Gap)
    assert (gap.from_, gap.to, gap.event_time, gap.reason) == (NOON, NOON, NOON, "start")
    assert isinstance(book, L2)
    assert [c.reason for c in book.changes] == ["initial"]
    assert book.changes[0].time is None


def test_restart_writes_a_gap_from_the_symbols_last_record() -> None:
    play = Play(last_event_time=NOON - 30_000, last_of_symbol={"BTCUSD": NOON - 90_000})
    play.connect()
    play.frame(first_book())
    gap = play.gaps()[0]
    assert (gap.from_, gap.to) == (NOON - 90_000, NOON)


def test_update_becomes_one_l2_record_with_all_changes_and_its_trades() -> None:
    play = Play()
    play.begin()
    play.records.clear()
    play.frame(
        update(
            2,
            NOON,
            trade(9, "101.00", "0.5"),
            change("ask", "101.00", "1.5", "trade", "-0.5"),
            change("bid", "99", "1"),
        )
    )
    l2, deal = play.records[-2:]
    assert isinstance(l2, L2)
    assert [(c.side, c.price, c.remaining, c.reason) for c in l2.changes] == [
        ("ask", "101.00", "1.5", "trade"),
        ("bid", "99", "1", "place"),
    ]
    assert (l2.sequence, l2.event_time, l2.received_time, l2.late) == (2, NOON, NOON, False)
    assert isinstance(deal, Trade)
    assert (deal.trade_id, deal.price, deal.size, deal.maker_side) == ("9", "101.00", "0.5", "ask")


def test_large_first_book_is_split_into_numbered_pieces() -> None:
    levels = [change("bid", f"{price / 100:.2f}", "1.00000001", "initial") for price in range(1, 12_001)]
    play = Play()
    play.connect()
    play.frame(first_book(*levels))
    pieces = [record for record in play.records if isinstance(record, L2)]
    assert len(pieces) > 1
    assert [(piece.piece, piece.pieces) for piece in pieces] == [(n + 1, len(pieces)) for n in range(len(pieces))]
    assert [c.price for piece in pieces for c in piece.changes] == [level["price"] for level in levels]


# Event time.


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


def test_symbol_in_doubt_leaves_the_other_ticking() -> None:
    play = Play("BTCUSD", "ETHUSD")
    play.begin("BTCUSD")
    play.begin("ETHUSD")
    play.frame(update(9, NOON), "ETHUSD")
    play.wait(2_400)
    assert [(cut.link, cut.reason) for cut in play.cuts] == [("ETHUSD", "sequence_gap")]
    assert play.ticks("BTCUSD") == [0, 1, 2]
    assert play.ticks("ETHUSD") == []


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


# What is wrong, and what becomes of it.


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


def test_nothing_but_unreadable_frames_ends_as_a_doubt() -> None:
    play = Play()
    play.begin()
    play.wait(500)
    for _ in range(8):
        play.frame(b"not json")
        play.wait(play.now + 1_000)
    assert [cut.reason for cut in play.cuts] == ["malformed_frame"]
    assert play.ticks() == [0]


def test_refused_frame_is_a_dead_letter_that_names_its_length() -> None:
    play = Play()
    play.begin()
    play.refuse(50_000_000)
    play.lose("too_large")
    play.begin()
    assert play.dead[0].length == 50_000_000
    assert play.gaps()[-1].reason == "too_large"


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


def test_frames_of_a_connection_that_was_given_up_are_ignored() -> None:
    play = Play()
    play.begin()
    play.lose()
    written = len(play.records)
    play.frame(update(2, NOON))
    assert len(play.records) == written


STEPS = st.one_of(
    st.tuples(st.just("wait"), st.integers(0, 3_000)),
    st.tuples(st.just("stand_still"), st.integers(0, 40_000)),
    st.tuples(st.just("update"), st.integers(-70_000, 70_000)),
    st.tuples(st.just("none"), st.just(0)),
    st.tuples(st.just("skip"), st.just(0)),
    st.tuples(st.just("noise"), st.just(0)),
    st.tuples(st.just("heartbeat"), st.just(0)),
    st.tuples(st.just("lose"), st.just(0)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["BTCUSD", "ETHUSD"]), STEPS), max_size=40))
def test_event_time_never_goes_back_and_gaps_precede_books_whatever_happens(
    steps: list[tuple[str, tuple[str, int]]],
) -> None:
    play = Play("BTCUSD", "ETHUSD", last_event_time=NOON - 1_000)
    sequence: dict[str, int] = {}
    for symbol, (step, number) in steps:
        if symbol not in sequence or any(cut.link == symbol for cut in play.cuts):
            play.connect(symbol)
            play.frame(first_book(), symbol)
            play.cuts.clear()
            sequence[symbol] = 0
        match step:
            case "wait":
                play.wait(play.now + number)
                continue
            case "stand_still":
                play.stand_still(play.now + number)
                continue
            case "noise":
                play.frame(b"{", symbol)
                continue
            case "lose":
                play.lose(symbol=symbol)
                del sequence[symbol]
                continue
        sequence[symbol] += 2 if step == "skip" else 1
        if step == "heartbeat":
            play.frame(heartbeat(sequence[symbol]), symbol)
        else:
            play.frame(update(sequence[symbol], None if step == "none" else NOON + play.now + number), symbol)
    assert all(before <= after for before, after in pairwise(times(play.records)))
    for symbol in ("BTCUSD", "ETHUSD"):
        own = [record for record in play.records if record.symbol == symbol]
        assert not own or isinstance(own[0], Gap)
        for before, record in pairwise(own):
            if isinstance(record, L2) and record.sequence == 0:
                assert isinstance(before, Gap)
            if isinstance(record, Gap):
                assert record.from_ <= record.to == record.event_time
