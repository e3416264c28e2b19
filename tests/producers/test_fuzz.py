"""Mutated frames of every protocol: nothing but MalformedFrame leaves the parser, and every frame is accounted for.

FUZZ_FRAMES says how many frames of each protocol are tried, FUZZ_SEED which ones. `-m slow` tries 100,000 of each.
"""

from __future__ import annotations

import os
from random import Random

import pytest

from market.decimals import exact_price, exact_size
from market.records import encode
from pipeline.bounded_producer import check_size
from producers.errors import MalformedFrame
from producers.feed_rules import FeedRules
from producers.protocol import Frame
from tests.producers.driven import Driven, check_schema
from tests.producers.mutations import mutated
from tests.producers.test_every_protocol import every_protocol

FRAMES = int(os.environ.get("FUZZ_FRAMES", "300"))
SEED = int(os.environ.get("FUZZ_SEED", "20261128"))


@every_protocol
def test_mutated_frames_are_accounted_for(exchange: str, protocol: str) -> None:
    fuzz(exchange, protocol, FRAMES)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@every_protocol
def test_a_hundred_thousand_mutated_frames_are_accounted_for(exchange: str, protocol: str) -> None:
    fuzz(exchange, protocol, 100_000)


def fuzz(exchange: str, protocol: str, frames: int) -> None:
    random = Random(f"{SEED} {exchange} {protocol}")
    driven = Driven(exchange, protocol, FeedRules(crossed_book_is_doubt=False))
    play, parse = driven.play, driven.play.protocol.parse
    driven.connect()
    before = driven.maker.quiet(driven.time)
    for number in range(frames):
        whole = next_frame(driven, random)
        payload = mutated(whole, before, random)
        before = whole
        parsed = read(parse, payload)
        counted = play.counters()
        play.records.clear()
        play.dead.clear()
        driven.play.frame(payload)
        assert play.counters().get("frames", 0) == counted.get("frames", 0) + 1, payload
        if parsed is None:
            assert len(play.dead) == 1, payload
        elif parsed.news and not play.records:
            # Nothing was written: then it is counted why, or it holds nothing.
            is_told = play.cuts or play.counters() != counted_with(counted, payload)
            assert is_told or play.counted("news_waiting") or is_empty(parsed), payload
        for letter in play.dead:
            check_size("dead-letters", letter.symbol, encode(letter))
        for record in play.records:
            check_schema(record)
            check_size("feed", record.symbol, encode(record))
        driven.settle()
        if number % 50 == 0:
            driven.wait(200)
    # What was wrong is over: the feed finds back to the market as it is.
    driven.play.lose()
    driven.connect()
    driven.trade()
    driven.wait(2_500)
    assert driven.last_book() == driven.exchanges_book()


def next_frame(driven: Driven, random: Random) -> bytes:
    """A right frame of any kind that comes next."""
    what = random.randrange(8)
    if what == 0:
        return driven.maker.quiet(driven.time)
    if what < 3:
        return driven.maker.trade(driven.market.trade(), driven.time)
    if what == 3:
        return random.choice([*driven.maker.first_book(driven.time), driven.maker.quiet(driven.time)])
    side, prices = random.choice((("bid", ("96", "97", "98")), ("ask", ("102", "103", "104"))))
    price, size = random.choice(prices), str(random.randrange(4))
    driven.market.change("bid" if side == "bid" else "ask", price, size)
    return driven.maker.change("bid" if side == "bid" else "ask", price, size, driven.time)


def read(parse: object, payload: bytes) -> Frame | None:
    """What the parser makes of it; None: it is malformed. Anything else that it raises fails the test."""
    assert callable(parse)
    try:
        parsed = parse(payload)
    except MalformedFrame:
        return None
    assert isinstance(parsed, Frame)
    for news in parsed.news:
        for change in news.changes:
            exact_price(change.price)
            exact_size(change.remaining)
        for price, size in (*news.bids, *news.asks):
            exact_price(price)
            exact_size(size)
        for trade in news.trades:
            exact_price(trade.price)
            exact_size(trade.size)
            assert 0 < len(trade.trade_id) <= 64
        for id in (news.sequence, news.first_id, news.last_id):
            assert id is None or 0 <= id < 2**63
    return parsed


def counted_with(counted: dict[str, int], payload: bytes) -> dict[str, int]:
    """The counters as they would be had the frame been counted as one and nothing more."""
    return counted | {"frames": counted.get("frames", 0) + 1, "bytes": counted.get("bytes", 0) + len(payload)}


def is_empty(parsed: Frame) -> bool:
    """Whether it may tell nothing new: it holds nothing, or a whole book, which may be the same as before."""
    return not any(news.trades or (news.changes and news.book != "whole") for news in parsed.news)
