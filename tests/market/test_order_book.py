"""The order book against a naive one: a dictionary that is sorted whenever somebody looks."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from market.order_book import OrderBook
from market.records import Change, Level, Side


class NaiveBook:
    """The same by the plainest means."""

    def __init__(self) -> None:
        self.levels: dict[tuple[Side, Decimal], Level] = {}

    def apply(self, change: Change) -> None:
        key = (change.side, Decimal(change.price))
        self.levels.pop(key, None)
        if Decimal(change.remaining):
            self.levels[key] = (change.price, change.remaining)

    def side(self, side: Side) -> tuple[Level, ...]:
        prices = sorted((price for each, price in self.levels if each == side), reverse=side == "bid")
        return tuple(self.levels[side, price] for price in prices)


def change(side: Side, price: str, remaining: str) -> Change:
    return Change(side=side, price=price, remaining=remaining)


changes = st.builds(
    change,
    st.sampled_from(["bid", "ask"]),
    # The same price in several spellings.
    st.sampled_from(["9", "9.0", "10", "10.00", "10.5", "10.50", "11", "12.25", "100", "0.00000001"]),
    st.sampled_from(["0", "0.00", "1", "2.50", "0.0000000001"]),
)


@given(st.lists(changes, max_size=60), st.integers(0, 6))
def test_book_shows_what_a_naive_book_shows_after_any_changes(given_changes: list[Change], depth: int) -> None:
    book, naive = OrderBook(), NaiveBook()
    for each in given_changes:
        book.apply([each])
        naive.apply(each)
        bids, asks = naive.side("bid"), naive.side("ask")
        assert book.top(depth) == (bids[:depth], asks[:depth])
        assert book.best_bid == (Decimal(bids[0][0]) if bids else None)
        assert book.best_ask == (Decimal(asks[0][0]) if asks else None)
        assert book.is_crossed == bool(bids and asks and Decimal(bids[0][0]) >= Decimal(asks[0][0]))
        assert len(book) == len(bids) + len(asks)


SPELLINGS = ("9", "9.0", "10", "10.00", "10.5", "10.50", "11", "12.25", "100", "0.00000001")


@given(
    st.lists(changes, max_size=40),
    st.lists(changes, max_size=40),
    st.decimals("0", "120", places=9),
)
def test_replaced_book_shows_what_a_naive_book_shows(
    before: list[Change], after: list[Change], distance: Decimal
) -> None:
    book, naive = OrderBook(), NaiveBook()
    book.apply(before)
    book.replace(after)
    for each in after:
        naive.apply(each)
    bids, asks = naive.side("bid"), naive.side("ask")
    assert book.top(99) == (bids, asks)
    for side in ("bid", "ask"):
        for price in SPELLINGS:
            level = naive.levels.get((side, Decimal(price)))
            assert book.remaining(side, Decimal(price)) == (Decimal(level[1]) if level else 0)
    if not (bids and asks):
        assert book.mid is None
        assert book.spread is None
        assert book.within(distance) == ((), ())
        return
    best_bid, best_ask = Decimal(bids[0][0]), Decimal(asks[0][0])
    mid = (best_bid + best_ask) / 2
    assert book.mid == mid
    assert book.spread == best_ask - best_bid
    assert book.is_crossed == (best_ask <= best_bid)
    assert book.within(distance) == (
        tuple(level for level in bids if Decimal(level[0]) >= mid - distance),
        tuple(level for level in asks if Decimal(level[0]) <= mid + distance),
    )


def test_digits_stay_as_the_exchange_sent_them() -> None:
    book = OrderBook()
    book.apply([change("bid", "9.10", "1.500"), change("ask", "9.20", "2")])
    book.apply([change("bid", "9.1", "1.25")])
    assert book.top(5) == ((("9.1", "1.25"),), (("9.20", "2"),))
    assert book.remaining("bid", Decimal("9.100")) == Decimal("1.25")
    assert book.remaining("ask", Decimal("9.10")) == 0


def test_removing_a_level_that_is_not_there_changes_nothing() -> None:
    book = OrderBook()
    book.apply([change("bid", "9", "1"), change("bid", "8", "0"), change("ask", "9", "0")])
    assert book.top(5) == ((("9", "1"),), ())


def test_book_is_crossed_when_best_bid_meets_best_ask() -> None:
    book = OrderBook()
    book.apply([change("bid", "10", "1"), change("ask", "10.01", "1")])
    assert not book.is_crossed
    book.apply([change("bid", "10.01", "1")])
    assert book.is_crossed


def test_cleared_book_is_empty() -> None:
    book = OrderBook()
    book.apply([change("bid", "10", "1"), change("ask", "11", "1")])
    book.clear()
    assert book.top(5) == ((), ())
    assert book.best_bid is None
    assert book.best_ask is None
    assert not book.is_crossed
