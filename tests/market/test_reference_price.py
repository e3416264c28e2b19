"""The reference price and the queues beside it, by hand and against a slow, obvious way to tell them."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.order_book import OrderBook
from market.records import Change, Side
from market.reference_price import OffGrid, ReferencePrice, tick_size

CENT = Decimal("0.01")


def book_of(bids: dict[str, str], asks: dict[str, str]) -> OrderBook:
    book = OrderBook()
    for side, levels in (("bid", bids), ("ask", asks)):
        book.apply([level(side, price, size) for price, size in levels.items()])  # type: ignore[arg-type]
    return book


def level(side: Side, price: str, size: str) -> Change:
    return Change(side=side, price=price, remaining=size)


def test_odd_spread_has_its_reference_price_at_the_mid() -> None:
    reference = ReferencePrice(CENT)
    assert reference.update(book_of({"4.38": "1"}, {"4.39": "1"})) == Decimal("4.385")
    assert reference.update(book_of({"4.37": "1"}, {"4.40": "1"})) == Decimal("4.385")


@pytest.mark.parametrize(("before", "expected"), [("4.38", "4.385"), ("4.40", "4.395")])
def test_even_spread_stays_on_the_side_of_the_reference_price_before(before: str, expected: str) -> None:
    reference = ReferencePrice(CENT)
    reference.update(book_of({before: "1"}, {str(Decimal(before) + CENT): "1"}))
    assert reference.update(book_of({"4.38": "9"}, {"4.40": "1"})) == Decimal(expected)
    assert reference.update(book_of({"4.38": "1"}, {"4.40": "9"})) == Decimal(expected)


@pytest.mark.parametrize(
    ("bid_size", "ask_size", "expected"), [("5", "2", "4.395"), ("2", "5", "4.385"), ("2", "2.0", "4.385")]
)
def test_first_even_spread_takes_the_longer_best_queue_for_the_second(
    bid_size: str, ask_size: str, expected: str
) -> None:
    reference = ReferencePrice(CENT)
    assert reference.update(book_of({"4.38": bid_size}, {"4.40": ask_size})) == Decimal(expected)


def test_lost_book_makes_the_next_one_a_first_one() -> None:
    reference = ReferencePrice(CENT)
    reference.update(book_of({"9.99": "1"}, {"10.00": "1"}))
    reference.forget()
    assert reference.price is None
    assert reference.update(book_of({"4.38": "1"}, {"4.40": "2"})) == Decimal("4.385")


def test_book_that_tells_no_price_leaves_the_one_before() -> None:
    reference = ReferencePrice(CENT)
    assert reference.update(book_of({"4.38": "1"}, {})) is None
    reference.update(book_of({"4.38": "1"}, {"4.39": "1"}))
    assert reference.update(book_of({}, {"4.60": "1"})) == Decimal("4.385")
    assert reference.update(book_of({"5.00": "1"}, {"4.60": "1"})) == Decimal("4.385")


def test_view_counts_queues_from_the_reference_price_and_shows_empty_ones_as_0() -> None:
    book = book_of({"4.38": "479.79", "4.36": "246.95"}, {"4.39": "242.4", "4.41": "266.5"})
    reference = ReferencePrice(CENT)
    reference.update(book)
    view = reference.view(book, 3)
    assert [(queue.position, str(queue.price), str(queue.remaining)) for queue in view] == [
        (-3, "4.36", "246.95"),
        (-2, "4.37", "0"),
        (-1, "4.38", "479.79"),
        (1, "4.39", "242.4"),
        (2, "4.40", "0"),
        (3, "4.41", "266.5"),
    ]


def test_view_of_an_even_spread_has_an_empty_first_queue() -> None:
    book = book_of({"4.38": "5"}, {"4.40": "2"})
    reference = ReferencePrice(CENT)
    reference.update(book)
    view = reference.view(book, 2)
    assert [(queue.position, str(queue.remaining)) for queue in view] == [(-2, "5"), (-1, "0"), (1, "2"), (2, "0")]


def test_view_without_a_reference_price_is_empty() -> None:
    assert ReferencePrice(CENT).view(book_of({"1": "1"}, {}), 5) == ()


def test_price_between_ticks_is_refused() -> None:
    with pytest.raises(OffGrid, match=r"4\.385"):
        ReferencePrice(CENT).update(book_of({"4.385": "1"}, {"4.40": "1"}))


@pytest.mark.parametrize("tick", ["0", "-1", "0.000000001", "NaN"])
def test_impossible_tick_size_is_refused(tick: str) -> None:
    with pytest.raises(ValueError, match="tick size"):
        ReferencePrice(Decimal(tick))


class SlowReference:
    """The same in fractions: of all places half way between ticks, those nearest to the mid, and of these the one
    nearest to the place before."""

    def __init__(self, tick: Fraction) -> None:
        self.tick = tick
        self.price: Fraction | None = None

    def update(self, bid: Fraction, ask: Fraction, bid_size: Fraction, ask_size: Fraction) -> None:
        middle = (bid + ask) / 2
        lowest = int(middle / self.tick) - 2
        places = [(Fraction(lowest + step) + Fraction(1, 2)) * self.tick for step in range(5)]
        nearest = min(abs(place - middle) for place in places)
        found = [place for place in places if abs(place - middle) == nearest]
        if len(found) == 1:
            self.price = found[0]
        elif self.price is None:
            self.price = found[1] if bid_size > ask_size else found[0]
        else:
            before = self.price
            self.price = min(found, key=lambda place: abs(place - before))


sizes = st.sampled_from(["0.5", "1", "2.25"])
touches = st.lists(st.tuples(st.integers(10, 60), st.integers(1, 9), sizes, sizes), min_size=1, max_size=30)


@given(touches, st.sampled_from(["0.01", "0.5", "5", "0.00000001"]), st.integers(0, 6))
def test_reference_price_and_view_are_those_of_the_slow_way(
    moves: list[tuple[int, int, str, str]], tick_text: str, levels: int
) -> None:
    tick = Decimal(tick_text)
    reference, slow = ReferencePrice(tick), SlowReference(Fraction(tick))
    for bid_ticks, spread, bid_size, ask_size in moves:
        bid, ask = bid_ticks * tick, (bid_ticks + spread) * tick
        book = book_of({f"{bid:f}": bid_size}, {f"{ask:f}": ask_size})
        slow.update(Fraction(bid), Fraction(ask), Fraction(bid_size), Fraction(ask_size))
        price = reference.update(book)
        assert price is not None
        assert Fraction(price) == slow.price
        view = reference.view(book, levels)
        assert [queue.position for queue in view] == [*range(-levels, 0), *range(1, levels + 1)]
        for queue in view:
            away = (queue.position - Fraction(1 if queue.position > 0 else -1, 2)) * Fraction(tick)
            assert Fraction(queue.price) == Fraction(price) + away
            expected = {bid: bid_size} if queue.position < 0 else {ask: ask_size}
            assert queue.remaining == Decimal(expected.get(queue.price, "0"))


ticks_and_sizes = st.dictionaries(st.integers(1, 40), st.sampled_from(["0.5", "1.00", "2.25", "7"]), min_size=1)


@given(ticks_and_sizes, ticks_and_sizes, st.sampled_from(["0.01", "0.5", "5"]), st.integers(1, 30))
def test_view_shows_what_a_dictionary_of_levels_holds(
    below: dict[int, str], above: dict[int, str], tick_text: str, levels: int
) -> None:
    tick = Decimal(tick_text)
    bids = {(100 - away) * tick: size for away, size in below.items()}
    asks = {(100 + away) * tick: size for away, size in above.items()}
    # One more place than the price needs: another spelling of the same.
    book = book_of(
        {f"{price:.3f}": size for price, size in bids.items()}, {f"{price:.2f}": size for price, size in asks.items()}
    )
    reference = ReferencePrice(tick)
    price = reference.update(book)
    assert price is not None
    view = {queue.position: queue for queue in reference.view(book, levels)}
    assert set(view) == {*range(-levels, 0), *range(1, levels + 1)}
    for position, queue in view.items():
        held = (bids if position < 0 else asks).get(queue.price, "0")
        assert queue.remaining == Decimal(held)
    # All that is held within reach of the view is in it.
    reach = levels * tick
    assert sum(queue.remaining for queue in view.values()) == sum(
        Decimal(size) for price_of, size in {**bids, **asks}.items() if abs(price_of - price) < reach
    )


@pytest.mark.parametrize(("price", "expected"), [("4.36", -3), ("4.38", -1), ("4.39", 1), ("4.390", 1), ("4.42", 4)])
def test_position_counts_ticks_from_the_reference_price(price: str, expected: int) -> None:
    reference = ReferencePrice(CENT)
    assert reference.position(price) is None
    reference.update(book_of({"4.38": "1"}, {"4.39": "1"}))
    assert reference.position(price) == expected
    queue = next(found for found in reference.view(book_of({}, {}), 4) if found.position == expected)
    assert queue.price == Decimal(price)


def test_position_of_a_price_between_two_ticks_is_refused() -> None:
    reference = ReferencePrice(CENT)
    reference.update(book_of({"4.38": "1"}, {"4.39": "1"}))
    with pytest.raises(OffGrid):
        reference.position("4.385")


@pytest.mark.parametrize(("text", "expected"), [("0.01", "0.01"), ("1e-8", "0.00000001"), ("25", "25")])
def test_price_step_is_read_as_it_is_typed(text: str, expected: str) -> None:
    assert tick_size(text) == Decimal(expected)


@pytest.mark.parametrize("text", ["", "x", "0", "-1", "nan", "inf", "1e-9", "0.000000015", "1e60"])
def test_what_is_no_price_step_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected a price step such as 0\.01"):
        tick_size(text)
