"""From news to records: the gap of the start, first books, updates, trades."""

from __future__ import annotations

from market.records import L2, Gap, Trade
from tests.producers.frames import change, first_book, trade, update
from tests.producers.gemini_v1_play import Play
from tests.producers.play import NOON


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
