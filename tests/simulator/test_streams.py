"""Streams of the current market data, as frames and as books; the producer's own parser reads them."""

import json
from itertools import pairwise

import pytest

from market.order_book import OrderBook
from producers.gemini_streams import parse
from producers.protocol import News
from simulator.market_model import Market, TradeDone
from simulator.streams import DepthStream, PartialStream, TickerStream, TradeStream, WrongStream, stream_of
from simulator.streams_frames import answer_text, depth_frame, refusal_text, trade_frame, whole_book
from tests.simulator.made_up import START, UNITS, both_sides, market


def news_of(text: str | None) -> News:
    assert text is not None
    (news,) = parse(text.encode()).news
    return news


def run(simulated: Market, stream: DepthStream, until_ms: int) -> str | None:
    """Let the market go on, and tell the stream of it."""
    stream.tell(simulated.run_until(until_ms, both_sides))
    return stream.take_due(until_ms)


def test_depth_frame_is_written_as_the_exchange_writes_it() -> None:
    totals = {"bid": {9_099_910: 0}, "ask": {9_100_025: 30_000_000}}
    assert depth_frame(UNITS, "BTCUSD", 1767225600217, 91, 94, totals) == (  # type: ignore[arg-type]
        '{"e":"depthUpdate","E":1767225600217000000,"s":"btcusd","U":91,"u":94,'
        '"b":[["90999.10","0.00000000"]],"a":[["91000.25","0.30000000"]]}'
    )


@pytest.mark.parametrize(("maker", "buyer_is_maker"), [("bid", "true"), ("ask", "false")])
def test_trade_frame_is_written_as_the_exchange_writes_it(maker: str, buyer_is_maker: str) -> None:
    trade = TradeDone(422, 9_100_025, 1_625_222, maker)  # type: ignore[arg-type]
    assert trade_frame(UNITS, "BTCUSD", 1767225600285, trade) == (
        f'{{"E":1767225600285000000,"s":"btcusd","t":422,"p":"91000.25","q":"0.0162522200","m":{buyer_is_maker}}}'
    )


def test_answers_repeat_the_id_as_a_number_where_it_is_one() -> None:
    assert answer_text("1") == '{"id":1,"status":200}'
    assert answer_text("mine", ["a"]) == '{"id":"mine","status":200,"result":["a"]}'
    assert json.loads(refusal_text("7", 401, -1002, "Authentication required")) == {
        "id": 7,
        "status": 401,
        "error": {"code": -1002, "msg": "Authentication required"},
    }


def test_first_book_and_its_updates_make_the_markets_book_and_their_numbers_follow() -> None:
    simulated = market()
    stream = DepthStream("BTCUSD", simulated, 100, START)
    book = OrderBook()
    first = news_of(stream.book(whole_book(simulated, None), START))
    book.replace(first.changes)
    last = first.last_id
    assert last == simulated.last_event_id
    for step in range(1, 200):
        text = run(simulated, stream, START + 100 * step)
        if text is None:
            continue
        news = news_of(text)
        assert (news.first_id, news.exchange_time) == (last + 1, START + 100 * step)
        book.apply(news.changes)
        last = news.last_id
        assert last is not None
        assert not book.is_crossed
    assert last == simulated.last_event_id
    bids, asks = book.top(10_000)
    units = simulated.units
    for side, ladder in ((bids, simulated.bids), (asks, simulated.asks)):
        assert [(price, float(size)) for price, size in side] == [
            (units.price_text(price), float(units.size(size))) for price, size in ladder.levels()
        ]


def test_level_that_changed_twice_is_told_once() -> None:
    simulated = market(rate=2_000)
    stream = DepthStream("BTCUSD", simulated, 1_000, START)
    news = news_of(run(simulated, stream, START + 1_000))
    levels = [(change.side, change.price) for change in news.changes]
    assert len(levels) == len(set(levels))
    assert news.first_id is not None
    assert news.last_id is not None
    assert len(levels) < news.last_id - news.first_id + 1


def test_depth_waits_for_its_time_and_says_nothing_when_nothing_changed() -> None:
    simulated = market()
    stream = DepthStream("BTCUSD", simulated, 1_000, START)
    assert run(simulated, stream, START + 900) is None
    assert run(simulated, stream, START + 1_000) is not None
    assert stream.take_due(START + 5_000) is None


def test_lie_crosses_the_book_and_the_numbers_go_on_after_it() -> None:
    simulated = market()
    stream = DepthStream("BTCUSD", simulated, 100, START)
    book = OrderBook()
    first = news_of(stream.book(whole_book(simulated, None), START))
    book.replace(first.changes)
    lie = news_of(stream.crossing())
    book.apply(lie.changes)
    assert book.is_crossed
    assert first.last_id is not None
    assert lie.first_id == lie.last_id == first.last_id + 1
    assert news_of(run(simulated, stream, START + 1_000)).first_id == first.last_id + 2


def test_top_of_the_first_book_only() -> None:
    simulated = market()
    news = news_of(DepthStream("BTCUSD", simulated, 100, START).book(whole_book(simulated, 3), START))
    assert [change.side for change in news.changes] == ["bid"] * 3 + ["ask"] * 3


def test_every_trade_is_told_at_once() -> None:
    simulated = market()
    events = simulated.run_until(START + 20_000, both_sides)
    news = [news_of(text) for text in TradeStream("BTCUSD", simulated).tell(events)]
    traded = [event for event in events if event.trade is not None]
    assert len(traded) > 5
    assert [one.exchange_time for one in news] == [event.time_ms for event in traded]
    assert [one.trades[0].maker_side for one in news] == [event.trade.maker_side for event in traded if event.trade]


def test_ticker_is_told_when_the_touch_changes() -> None:
    simulated = market()
    stream = TickerStream("BTCUSD", simulated)
    told = [text for step in range(400) for text in stream.tell(simulated.run_until(START + 50 * step, both_sides))]
    touches = [(frame["b"], frame["B"], frame["a"], frame["A"]) for frame in map(json.loads, told)]
    assert len(touches) > 10
    assert all(before != after for before, after in pairwise(touches))


def test_partial_depth_comes_by_time_with_its_levels() -> None:
    simulated = market()
    stream = PartialStream("BTCUSD", simulated, 5, 1_000, START)
    frame = json.loads(stream.take_due(START) or "")
    assert (len(frame["bids"]), len(frame["asks"])) == (5, 5)
    assert stream.take_due(START + 999) is None
    assert stream.take_due(START + 1_000) is not None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("btcusd@depth", DepthStream),
        ("btcusd@depth@100ms", DepthStream),
        ("btcusd@depth20@100ms", PartialStream),
        ("btcusd@trade", TradeStream),
        ("btcusd@bookTicker", TickerStream),
    ],
)
def test_stream_is_known_by_its_name(name: str, kind: type) -> None:
    assert isinstance(stream_of(name, market(), START), kind)


@pytest.mark.parametrize(
    "name", ["", "btcusd", "BTCUSD@trade", "btcusd@depth7", "btcusd@trade@100ms", "btcusd@depth@10ms", "btcusd@kline"]
)
def test_stream_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(WrongStream):
        stream_of(name, market(), START)


def test_stream_of_a_symbol_that_is_not_there_is_refused() -> None:
    with pytest.raises(WrongStream, match="dogeusd@trade"):
        stream_of("dogeusd@trade", None, START)
