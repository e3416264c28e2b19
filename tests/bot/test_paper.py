"""The paper exchange: fills walk the newest book, and the account outlives the process."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from bot.errors import Refused, TryLater
from bot.exchange import Order
from bot.paper import PaperAccount, PaperExchange
from market.records import Book
from market.symbols import BTCUSD
from pipeline.errors import WrongSettings
from tests.bot.doubles import FEE_BPS, START, HandClock

OPENING = PaperAccount(base=Decimal(0), quote=Decimal(1000))
BUY = Order("bot1-btcusd-20260101T0000-b", "BTCUSD", "buy", Decimal(3), Decimal("101.00"))


def book(event_time: int = START, **sides: tuple[tuple[str, str], ...]) -> Book:
    return Book(
        exchange="gemini",
        symbol="BTCUSD",
        event_time=event_time,
        received_time=event_time + 100,
        connection="c",
        bids=sides.get("bids", (("99.00", "1"), ("98.00", "5"))),
        asks=sides.get("asks", (("100.00", "1"), ("101.00", "1.5"), ("102.00", "9"))),
    )


class Paper:
    """A paper exchange whose book a test sets."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "bot" / "account.json"
        self.clock = HandClock()
        self.book: Book | None = book()
        self.open()

    def open(self) -> None:
        self.exchange = PaperExchange(self.path, BTCUSD, OPENING, FEE_BPS, lambda: self.book, 2_000, self.clock)


@pytest.fixture
def paper(tmp_path: Path) -> Paper:
    return Paper(tmp_path)


def test_buy_walks_the_asks_up_to_its_limit_and_the_rest_stays_unfilled(paper: Paper) -> None:
    report = paper.exchange.send(BUY)
    assert report.trades is not None
    assert [(trade.price, trade.amount) for trade in report.trades] == [
        (Decimal(100), Decimal(1)),
        (Decimal(101), Decimal("1.5")),
    ]
    assert (report.executed, report.cancelled, report.is_the_same_as(BUY)) == (Decimal("2.5"), True, True)
    assert report.average_price == Decimal("100.6")
    held = paper.exchange.holdings()
    assert (held["BTC"].amount, held["USD"].amount) == (Decimal("2.5"), 1000 - Decimal("251.5") * Decimal("1.004"))


def test_sale_walks_the_bids_down_to_its_limit(paper: Paper) -> None:
    paper.exchange.send(BUY)
    sale = replace(BUY, side="sell", amount=Decimal(2), price=Decimal("99.00"))
    report = paper.exchange.send(sale)
    assert (report.executed, report.average_price) == (Decimal(1), Decimal(99))
    deep = paper.exchange.send(replace(sale, amount=Decimal("1.5"), price=Decimal("98.00")))
    assert deep.executed == Decimal("1.5")
    assert not deep.cancelled


def test_order_beyond_the_books_levels_fills_what_the_book_shows(paper: Paper) -> None:
    paper.book = book(asks=(("100.00", "0.25"),))
    assert paper.exchange.send(replace(BUY, price=Decimal(300))).executed == Decimal("0.25")


def test_limit_below_the_touch_trades_nothing(paper: Paper) -> None:
    report = paper.exchange.send(replace(BUY, price=Decimal("99.99")))
    assert (report.executed, report.trades, report.average_price) == (Decimal(0), (), None)
    assert report.cancelled


def test_old_book_is_not_traded_on(paper: Paper) -> None:
    paper.clock.now_ms += 2_001
    with pytest.raises(Refused, match="2001 ms old"):
        paper.exchange.send(BUY)
    assert paper.exchange.find(BUY.client_order_id) == ()


def test_without_a_book_there_is_no_price_and_no_order(paper: Paper) -> None:
    paper.book = None
    with pytest.raises(TryLater):
        paper.exchange.touch()
    with pytest.raises(Refused):
        paper.exchange.send(BUY)
    assert paper.exchange.skew_ms() is None


def test_book_with_an_empty_side_has_no_touch(paper: Paper) -> None:
    paper.book = book(asks=())
    with pytest.raises(TryLater):
        paper.exchange.touch()


def test_touch_is_as_old_as_the_book(paper: Paper) -> None:
    touch = paper.exchange.touch()
    assert (touch.bid, touch.ask, touch.at_ms) == (Decimal(99), Decimal(100), START)
    assert paper.exchange.skew_ms() == -100


@pytest.mark.parametrize("order", [replace(BUY, amount=Decimal(10)), replace(BUY, side="sell", price=Decimal(1))])
def test_more_than_the_account_has_is_refused(paper: Paper, order: Order) -> None:
    with pytest.raises(Refused, match="InsufficientFunds"):
        paper.exchange.send(order)


def test_account_and_orders_outlive_the_process(paper: Paper) -> None:
    report = paper.exchange.send(BUY)
    held = paper.exchange.holdings()
    paper.open()
    assert paper.exchange.holdings() == held
    assert paper.exchange.find(BUY.client_order_id) == (report,)
    second = paper.exchange.send(replace(BUY, client_order_id="next", amount=Decimal(1)))
    assert second.order_id != report.order_id
    assert {trade.trade_id for trade in second.trades or ()}.isdisjoint(t.trade_id for t in report.trades or ())


def test_trades_of_a_new_account_have_ids_that_an_older_one_never_gave(paper: Paper) -> None:
    older = paper.exchange.send(BUY).trades or ()
    paper.path.unlink()
    paper.open()
    newer = paper.exchange.send(replace(BUY, client_order_id="bot1-btcusd-20260101T0001-b")).trades or ()
    assert len({trade.trade_id for trade in (*older, *newer)}) == len(older) + len(newer) == 4


def test_order_is_in_the_file_before_it_is_answered(paper: Paper) -> None:
    report = paper.exchange.send(BUY)
    kept = msgspec.json.decode(paper.path.read_bytes(), type=PaperAccount)
    assert kept.orders == (report,)


def test_account_that_cannot_be_read_is_named_and_not_replaced(paper: Paper) -> None:
    paper.path.parent.mkdir(parents=True)
    paper.path.write_text("{")
    with pytest.raises(WrongSettings, match=r"account\.json"):
        paper.open()
    assert paper.path.read_text() == "{"
