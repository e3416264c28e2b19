"""What holds for every protocol, whatever the exchange and the network do: time, lost messages, books, trades."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.records import Gap, Side, Tick, Trade
from producers.feed_rules import FeedRules
from producers.protocols import PROTOCOLS
from tests.producers.driven import LAG, MINUTE, Driven, check_schema
from tests.producers.makers.makers import MAKERS
from tests.producers.play import NOON

EVERY = [(exchange, name) for exchange, protocols in PROTOCOLS.items() for name in protocols]
every_protocol = pytest.mark.parametrize(("exchange", "protocol"), EVERY, ids=map("-".join, EVERY))

YEAR_1 = -62_135_596_800_000
MICROSECONDS = 1_767_225_600_000_000
YEAR_9999 = 253_402_300_799_000
PRICES: dict[Side, tuple[str, ...]] = {
    "bid": ("96", "97", "98", "99", "99.5"),
    "ask": ("100.5", "101", "102", "103", "104"),
}

times = st.one_of(st.integers(-70_000, 70_000), st.sampled_from([YEAR_1, MICROSECONDS, YEAR_9999, 0]))
happenings = st.one_of(
    st.tuples(st.just("wait"), st.integers(0, 6_000)),
    st.tuples(st.just("wait"), st.integers(0, 60_000)),
    st.tuples(st.just("change"), st.integers(0, 30)),
    st.tuples(st.just("change"), st.integers(0, 30)),
    st.tuples(st.just("cross"), st.integers(0, 3)),
    st.tuples(st.just("uncross"), st.just(0)),
    st.tuples(st.just("trade"), st.just(0)),
    st.tuples(st.just("quiet"), st.just(0)),
    st.tuples(st.just("time"), times),
    st.tuples(st.just("lost"), st.integers(0, 30)),
    st.tuples(st.just("cut short"), st.integers(0, 30)),
    st.tuples(st.just("again"), st.just(0)),
    st.tuples(st.just("garbage"), st.integers(0, 8)),
    st.tuples(st.just("stand still"), st.integers(0, 40_000)),
    st.tuples(st.just("disconnect"), st.integers(0, 5_000)),
)
GARBAGE = (b"", b"\xff\xfe", b"[]", b"{}", b"null", b'{"type":7}', b"{" * 3_000, b'"\\ud800"', b"1e999999")


def test_every_protocol_has_a_maker() -> None:
    assert set(MAKERS) == set(EVERY)


def act(driven: Driven, what: str, number: int) -> None:
    """One thing that may happen. The made-up market's book is uncrossed but for `cross`."""
    side: Side = "ask" if number % 2 else "bid"
    prices = PRICES[side]
    price, size = prices[number // 2 % len(prices)], str(number % 4)
    match what:
        case "wait":
            for rest in range(number, 0, -5_000):
                driven.wait(min(rest, 5_000))
                driven.quiet()
        case "change":
            driven.change(side, price, size)
        case "cross":
            driven.change("bid", ("105", "106", "107", "108")[number], "1")
        case "uncross":
            uncross(driven)
        case "trade":
            driven.trade()
        case "quiet":
            driven.quiet()
        case "time":
            time = number if abs(number) > 10**9 or not number else driven.time + number
            driven.change(side, price, size, time=time) if number % 3 else driven.trade(time=time)
        case "lost":
            # Where only updates have numbers, a lost trade cannot be noticed; where nothing has, nothing can.
            if driven.maker.numbers == "connection" and number % 3 == 0:
                driven.trade(is_lost=True)
            elif driven.maker.numbers != "none":
                driven.change(side, price, size, is_lost=True)
        case "cut short":
            driven.market.change(side, price, size)
            driven.garble(driven.maker.change(side, price, size, driven.time))
        case "again":
            driven.send(driven.last_frame)
        case "garbage":
            driven.play.frame(GARBAGE[number])
        case "stand still":
            driven.play.stand_still(number)
        case "disconnect":
            driven.play.lose()
            driven.play.wait(number)
            driven.connect()
    driven.settle()


def uncross(driven: Driven) -> None:
    for price in ("105", "106", "107", "108"):
        if price in driven.market.levels["bid"]:
            driven.change("bid", price, "0")
            driven.settle()


@every_protocol
@given(st.lists(happenings, max_size=25), st.booleans())
@settings(max_examples=30, deadline=None)
def test_whatever_happens(exchange: str, protocol: str, acts: list[tuple[str, int]], accepts_crossed: bool) -> None:
    driven = Driven(exchange, protocol, FeedRules(crossed_book_is_doubt=not accepts_crossed))
    driven.connect()
    for what, number in acts:
        act(driven, what, number)
    # The market goes on for a while without any further fault.
    driven.quiet()
    uncross(driven)
    for number in range(1, 8):
        driven.wait(1_000)
        driven.change("ask", "101", str(number))
        driven.settle()
    driven.wait(1_500)

    records = driven.play.records
    for record in records:
        check_schema(record)
    # Event time never goes back.
    assert all(before.event_time <= after.event_time for before, after in pairwise(records))
    # A minute in which a message was lost is never complete.
    incomplete = driven.incomplete_minutes()
    assert {time // MINUTE for time in driven.lost_at} <= incomplete
    # No trade is told twice, and none that was not there.
    trades = Counter(record.trade_id for record in records if isinstance(record, Trade))
    assert set(trades.values()) <= {1}
    assert set(trades) <= set(map(str, driven.market.trades))
    # Each start of a book is announced by a gap; the book at the end is the exchange's: no ghosts, nothing missing.
    assert isinstance(records[0], Gap)
    assert driven.play.counted("symbols_trusted") == 1
    if any(isinstance(record, Tick) for record in records[-3:]):
        assert driven.last_book() == driven.exchanges_book()


clocks = st.one_of(st.integers(-90_000, 90_000), st.sampled_from([-3_600_000, 3_600_000, 0]))


@every_protocol
@given(st.lists(st.tuples(clocks, st.integers(0, 12)), max_size=5))
@settings(max_examples=15, deadline=None)
def test_exchange_whose_clock_is_set_now_and_then(exchange: str, protocol: str, steps: list[tuple[int, int]]) -> None:
    driven = Driven(exchange, protocol)
    driven.connect()
    for offset, seconds in [*steps, (0, 12)]:
        driven.offset = offset
        for number in range(seconds):
            driven.wait(1_000)
            driven.change("ask", "101", str(number + 1))
            driven.trade()
            driven.quiet()
            driven.settle()
    # A clock that was ahead is remembered for two minutes; then the ticks wait until it is caught up with, for a minute
    # at most.
    for number in range(40):
        driven.wait(5_000)
        driven.change("bid", "98", str(number + 1))
        driven.trade()
    driven.wait(3_000)
    records = driven.play.records
    for record in records:
        check_schema(record)
    assert all(before.event_time <= after.event_time for before, after in pairwise(records))
    assert all(record.event_time <= NOON + driven.play.now + MINUTE for record in records)
    assert driven.play.counted("symbols_trusted") == 1
    assert driven.last_book() == driven.exchanges_book()


# Not Gemini's v1: trades and changes come in one sequence there, and neither can fall silent alone.
@pytest.mark.parametrize(("exchange", "protocol"), [pair for pair in MAKERS if pair != ("gemini", "v1")])
def test_book_that_says_nothing_while_trades_go_on_is_made_anew_and_its_minutes_are_incomplete(
    exchange: str, protocol: str
) -> None:
    driven = Driven(exchange, protocol)
    driven.connect()
    driven.wait(90_000)
    driven.change("bid", "98", "7")
    last_known = driven.time
    for _ in range(4):
        driven.wait(5_000)
        driven.quiet()
        driven.trade()
    assert driven.play.counted("symbols_trusted") == 1
    driven.wait(1_000)
    # What the exchange's other channels did not tell of.
    driven.market.change("ask", "102", "9")
    driven.trade()
    driven.settle()
    driven.wait(1_000)
    driven.change("bid", "97", "3")
    driven.wait(2_000)
    reason, since, until = driven.play.gaps(driven.maker.symbol)[-1]
    assert reason == "book_silent"
    # Changes without a time have that of their receipt.
    assert since <= last_known - NOON + LAG < until
    assert driven.last_book() == driven.exchanges_book()


@every_protocol
def test_quiet_minutes_are_complete_and_the_book_is_the_exchanges(exchange: str, protocol: str) -> None:
    driven = Driven(exchange, protocol)
    driven.connect()
    for second in range(180):
        if second % 5 == 0:
            driven.quiet()
        if second % 7 == 0:
            driven.change("bid", "98", str(second + 1))
        if second % 11 == 0:
            driven.trade()
        driven.wait(1_000)
    assert {NOON // MINUTE + 1, NOON // MINUTE + 2}.isdisjoint(driven.incomplete_minutes())
    assert driven.last_book() == driven.exchanges_book()
    assert driven.play.counted("records_trade") is None  # counted where they are written, not here
    assert [trade.trade_id for trade in driven.play.records if isinstance(trade, Trade)] == list(
        map(str, driven.market.trades)
    )
    assert len(driven.play.gaps(driven.maker.symbol)) == 1


@pytest.mark.parametrize(("exchange", "protocol"), [("coinbase", "exchange"), ("gemini", "v2")])
def test_first_book_that_comes_again_unasked_is_a_gap_and_leaves_no_ghost(exchange: str, protocol: str) -> None:
    driven = Driven(exchange, protocol)
    driven.connect()
    driven.wait(61_000)
    driven.change("ask", "100.5", "3")
    last_known = driven.time
    driven.wait(1_000)
    driven.market.change("ask", "100.5", "0")
    for payload in driven.maker.first_book(driven.time):
        driven.send(payload)
    driven.wait(2_000)
    reason, since, until = driven.play.gaps(driven.maker.symbol)[-1]
    assert reason == "book_anew"
    # Changes without a time have that of their receipt.
    assert since <= last_known - NOON + LAG < until
    assert driven.last_book() == driven.exchanges_book()


@every_protocol
def test_reconnect_leaves_no_ghost_levels_and_counts_no_trade_twice(exchange: str, protocol: str) -> None:
    driven = Driven(exchange, protocol)
    driven.connect()
    for _ in range(5):
        driven.trade()
        driven.wait(300)
    driven.change("ask", "100.5", "3")
    driven.play.lose()
    # Meanwhile the level goes and another one comes, unseen.
    driven.market.change("ask", "100.5", "0")
    driven.market.change("bid", "99.5", "4")
    driven.market.trade()
    driven.connect()
    driven.trade()
    driven.change("bid", "97", "9")
    driven.wait(2_500)
    assert driven.last_book() == driven.exchanges_book()
    told = [record.trade_id for record in driven.play.records if isinstance(record, Trade)]
    assert len(told) == len(set(told))
    # The sixth happened while nobody was connected: the gap tells of it, and nothing that comes later.
    assert "7" in told
    assert "6" not in told
    assert [gap[0] for gap in driven.play.gaps(driven.maker.symbol)] == ["start", "disconnected"]


@every_protocol
def test_lost_frame_makes_its_minute_incomplete(exchange: str, protocol: str) -> None:
    driven = Driven(exchange, protocol)
    if driven.maker.numbers == "none":
        pytest.skip("the protocol has no numbers: a lost frame cannot be noticed")
    driven.connect()
    driven.wait(90_000)
    driven.change("bid", "98", "5", is_lost=True)
    driven.wait(40_000)
    driven.change("bid", "97", "5")
    driven.settle()
    driven.change("bid", "96", "5")
    driven.wait(60_000)
    assert NOON // MINUTE + 1 in driven.incomplete_minutes()
    assert driven.play.gaps(driven.maker.symbol)[-1][0] == "sequence_gap"
    assert driven.last_book() == driven.exchanges_book()


@every_protocol
def test_crossed_book_is_noticed_and_stops_nothing_where_it_is_accepted(exchange: str, protocol: str) -> None:
    driven = Driven(exchange, protocol, FeedRules(crossed_book_is_doubt=False))
    driven.connect()
    driven.change("bid", "105", "1")
    driven.trade()
    driven.wait(3_000)
    driven.change("ask", "101", "7")
    driven.wait(2_000)
    crossed = driven.play.counted("crossed_books")
    assert isinstance(crossed, int)
    assert crossed >= 2
    assert len(driven.play.gaps(driven.maker.symbol)) == 1
    assert driven.last_book() == driven.exchanges_book()
    assert driven.play.ticks(driven.maker.symbol)[-1] >= 4


@every_protocol
def test_crossed_book_is_a_doubt_by_default(exchange: str, protocol: str) -> None:
    driven = Driven(exchange, protocol)
    driven.connect()
    driven.trade()
    driven.wait(2_000)
    driven.market.change("bid", "105", "1")
    driven.play.frame(driven.maker.change("bid", "105", "1", driven.time))
    driven.market.change("bid", "105", "0")
    driven.settle()
    driven.change("bid", "105", "0")
    driven.settle()
    driven.wait(2_000)
    assert [gap[0] for gap in driven.play.gaps(driven.maker.symbol)] == ["start", "crossed_book"]
    assert driven.last_book() == driven.exchanges_book()
