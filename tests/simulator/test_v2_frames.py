"""Frames of v2 market data; the producer's own parser reads them."""

import json

from market.order_book import OrderBook
from producers.gemini_v2 import parse
from simulator.market_model import LevelChange, MarketEvent, TradeDone
from simulator.v2_frames import book_frame, crossing_frame, heartbeat_frame, trade_frame, update_frame
from tests.simulator.made_up import START, UNITS, both_sides, market

TRADE = MarketEvent(
    7,
    1767225601672,
    LevelChange("ask", 9_100_025, 20_000_000, -10_000, "trade"),
    TradeDone(7, 9_100_025, 10_000, "ask"),
)


def test_frames_are_written_as_the_exchange_writes_them() -> None:
    assert update_frame(UNITS, "BTCUSD", TRADE) == (
        '{"type":"l2_updates","symbol":"BTCUSD","changes":[["sell","91000.25","0.2"]]}'
    )
    assert trade_frame(UNITS, "BTCUSD", TRADE) == (
        '{"type":"trade","symbol":"BTCUSD","event_id":7,"timestamp":1767225601672,"price":"91000.25",'
        '"quantity":"0.0001","side":"buy","tid":7}'
    )
    assert heartbeat_frame(1767225605331) == '{"type":"heartbeat","timestamp":1767225605331}'


def test_change_without_a_trade_has_no_trade_frame() -> None:
    assert trade_frame(UNITS, "BTCUSD", MarketEvent(1, START, LevelChange("bid", 1, 0, -1, "cancel"))) is None


def test_book_and_updates_make_the_markets_book() -> None:
    simulated = market()
    book = OrderBook()
    (news,) = parse(book_frame(simulated, "BTCUSD").encode()).news
    book.replace(news.changes)
    for event in simulated.run_until(START + 30_000, both_sides, 30_000):
        (news,) = parse(update_frame(UNITS, "BTCUSD", event).encode()).news
        book.apply(news.changes)
        assert not book.is_crossed
    bids, asks = book.top(10_000)
    for side, ladder in ((bids, simulated.bids), (asks, simulated.asks)):
        assert side == tuple((UNITS.price_text(price), UNITS.size_text(size)) for price, size in ladder.levels())
    (lie,) = parse(crossing_frame(simulated, "BTCUSD").encode()).news
    book.apply(lie.changes)
    assert book.is_crossed


def test_book_holds_the_last_fifty_trades_the_newest_first() -> None:
    simulated = market()
    traded = [event.event_id for event in simulated.run_until(START + 120_000, both_sides, 120_000) if event.trade]
    assert len(traded) > 50
    frame = json.loads(book_frame(simulated, "BTCUSD"))
    assert [trade["event_id"] for trade in frame["trades"]] == traded[:-51:-1]
    assert frame["auction_events"] == []
    (news,) = parse(json.dumps(frame).encode()).news
    assert len(news.trades) == 50
