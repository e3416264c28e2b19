"""Binance's rules for joining a book by REST to the updates, against a plain book that misses nothing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from market.records import L2, Gap
from producers.binance_depth import BINANCE_DEPTH
from tests.producers.binance_made_up import depth, snapshot
from tests.producers.play import NOON, Played

SYMBOL = "BTCUSDT"
Book = dict[tuple[str, str], str]
START: Book = {("bid", "90"): "1", ("ask", "110"): "1"}

# An event changes one level, in one to three updates. Bids are below 100 and asks above, so that no book is crossed.
BIDS = st.tuples(st.just("bid"), st.sampled_from(["97", "98", "99"]))
ASKS = st.tuples(st.just("ask"), st.sampled_from(["101", "102", "103"]))
EVENTS = st.lists(
    st.tuples(BIDS | ASKS, st.sampled_from(["0", "1", "2.5"]), st.integers(1, 3)), min_size=3, max_size=14
)
# What becomes of each event on its way, and how far behind or ahead a requested book is, in events.
FATES = st.lists(st.sampled_from(["comes", "comes", "comes", "lost", "twice", "swapped"]), min_size=14, max_size=14)
ANSWERS = st.lists(st.tuples(st.booleans(), st.integers(-3, 2)), min_size=14, max_size=14)


class Exchange:
    """The true book after each event, and the event's frame."""

    def __init__(self, events: list[tuple[tuple[str, str], str, int]]) -> None:
        self.books: list[tuple[int, Book]] = [(100, dict(START))]
        self.frames: list[bytes] = []
        for number, ((side, price), size, updates) in enumerate(events):
            last, book = self.books[-1]
            changed = {**book, (side, price): size}
            if size == "0":
                del changed[(side, price)]
            self.books.append((last + updates, changed))
            levels = {f"{side}s": [(price, size)], ("asks" if side == "bid" else "bids"): []}
            self.frames.append(depth(last + 1, last + updates, time=NOON + 10 * number, **levels))  # type: ignore[arg-type]

    def answer(self, events: int) -> bytes:
        """The book after so many events."""
        last, book = self.books[max(0, min(events, len(self.books) - 1))]
        sides = {side: [(price, size) for (s, price), size in book.items() if s == side] for side in ("bid", "ask")}
        return snapshot(last, SYMBOL, bids=sides["bid"], asks=sides["ask"])


def book_of(play: Played) -> Book:
    """What the records since the last gap make of the book."""
    since = max(index for index, record in enumerate(play.records) if isinstance(record, Gap))
    book: Book = {}
    for record in play.records[since:]:
        for change in record.changes if isinstance(record, L2) else ():
            book[(change.side, change.price)] = change.remaining
    return {level: remaining for level, remaining in book.items() if remaining != "0"}


@settings(max_examples=300, deadline=None)
@given(EVENTS, FATES, ANSWERS)
def test_trusted_book_is_the_exchanges_whatever_is_lost_and_however_old_the_answers_are(
    events: list[tuple[tuple[str, str], str, int]], fates: list[str], answers: list[tuple[bool, int]]
) -> None:
    exchange = Exchange(events)
    play = Played(BINANCE_DEPTH, SYMBOL)
    play.connect()
    answered = 0

    def answer(number: int) -> None:
        nonlocal answered
        answered += 1
        play.answer(exchange.answer(number))

    held: bytes | None = None
    for number, frame in enumerate(exchange.frames):
        play.now += 10
        fate = fates[number]
        if fate == "swapped" and held is None:
            held = frame
            continue
        for _ in range({"lost": 0, "twice": 2}.get(fate, 1)):
            play.frame(frame)
        if held is not None:
            play.frame(held)
            held = None
        is_answered, distance = answers[number]
        if is_answered and answered < len(play.wanted):
            answer(number + 1 + distance)
    # In the end all wishes are answered with the book of now, and one more event comes.
    while answered < len(play.wanted):
        answer(len(events))
    last = exchange.books[-1][0]
    play.now += 10
    play.frame(depth(last + 1, last + 1, time=NOON + play.now, bids=[("95", "7")]))
    while answered < len(play.wanted):
        play.answer(snapshot(last + 1, SYMBOL, bids=[("95", "7")], asks=[("110", "1")]))
        answered += 1
        exchange.books[-1] = (last + 1, {("ask", "110"): "1"})
    assert play.cuts == []
    assert play.dead == []
    assert book_of(play) == {**exchange.books[-1][1], ("bid", "95"): "7"}


@settings(max_examples=100, deadline=None)
@given(EVENTS, st.integers(0, 14), st.integers(0, 14))
def test_without_loss_one_answer_of_any_age_after_the_first_event_is_joined_without_another(
    events: list[tuple[tuple[str, str], str, int]], seen: int, age: int
) -> None:
    exchange = Exchange(events)
    seen, age = min(seen, len(events)), min(age, len(events))
    play = Played(BINANCE_DEPTH, SYMBOL)
    play.connect()
    for frame in exchange.frames[:seen]:
        play.frame(frame)
    play.answer(exchange.answer(age))
    for frame in exchange.frames[seen:]:
        play.frame(frame)
    assert len(play.wanted) == 1
    assert [reason for reason, _, _ in play.gaps(SYMBOL)] == ["start"]
    # An answer that is ahead of the updates holds what is still to come.
    assert book_of(play) == exchange.books[-1][1]
