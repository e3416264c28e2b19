"""From arrivals to records, whatever happens. Hand-written frames, a clock set by hand."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from market.records import L2, Gap
from tests.producers.frames import first_book, heartbeat, update
from tests.producers.gemini_v1_play import Play, times
from tests.producers.play import NOON

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
