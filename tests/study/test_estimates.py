"""What the changes of queues tell: by hand, and of a queue that was made with known rates."""

from random import Random

import pytest

from market.records import L2
from study.estimates import estimates
from study.moments import TimesMet, moments
from study.queues import Queues, Stint
from tests.study.made_up_records import changed, first_book, level, lost

UNIT = 10**10


def stint(position: int, size: float, milliseconds: int, change: float) -> Stint:
    return Stint(position, round(size * UNIT), milliseconds, round(change * UNIT))


def test_queue_is_counted_in_average_events_rounded_up() -> None:
    found = estimates([stint(1, 0, 100, 3), stint(1, 3, 100, -1), stint(1, 2, 100, 2), stint(1, 4, 500, 0)])[1]
    assert found.average_event == 2 * UNIT
    assert {size: at.milliseconds for size, at in found.at_size.items()} == {0: 100, 1: 100, 2: 600}
    assert (found.events, found.arrivals, found.departures, found.seconds) == (3, 2, 1, 0.8)
    assert found.mean_size == pytest.approx((0 * 100 + 1 * 100 + 2 * 600) / 800)
    assert found.shares() == {0: 0.125, 1: 0.125, 2: 0.75}


def test_time_that_a_move_of_the_price_ended_counts_as_time_without_an_event() -> None:
    found = estimates([stint(1, 1, 250, 1), stint(1, 1, 750, 0), stint(1, 2, 500, -1)])[1]
    assert found.at_size[1].arrival_rate == 1.0
    assert found.at_size[1].arrival_waits == [0.25]
    assert found.at_size[2].departure_rate == 2.0
    assert found.at_size[2].departure_waits == [0.5]


def test_queue_without_an_event_has_no_estimate() -> None:
    assert estimates([stint(2, 1, 250, 0)]) == {}


def test_sides_are_apart_unless_they_are_taken_for_one() -> None:
    stints = [stint(-1, 1, 100, 1), stint(1, 1, 100, -3)]
    assert list(estimates(stints)) == [-1, 1]
    found = estimates(stints, symmetric=True)
    assert list(found) == [1]
    assert (found[1].events, found[1].average_event) == (2, 2 * UNIT)


def test_model_reaches_as_far_as_each_size_was_left_both_ways() -> None:
    stints = [stint(1, 0, 1_000, 1), stint(1, 1, 500, 1), stint(1, 1, 500, -1), stint(1, 2, 250, -1)]
    # In at 0 and 1: 1 a second. Out at 1: 1 a second, at 2: 4 a second.
    assert estimates(stints)[1].model_shares() == pytest.approx({0: 1 / 2.25, 1: 1 / 2.25, 2: 0.25 / 2.25})
    assert estimates([stint(1, 5, 100, 1)])[1].model_shares() == {}


def test_event_in_no_time_at_a_size_that_was_never_seen_otherwise_has_no_rate() -> None:
    found = estimates([stint(1, 1, 0, 1), stint(1, 2, 100, -1)])[1]
    assert found.at_size[1].arrival_rate is None
    assert found.model_shares() == {}


IN_A_SECOND, OUT_A_SECOND_EACH = 3.0, 1.0


def made_queue(events: int) -> list[L2]:
    """The first queue below the price: 3 arrivals a second, and each of those there departs once a second."""
    chance, time, size, records = Random(7), 0.0, 3, []
    for _ in range(events):
        rate = IN_A_SECOND + OUT_A_SECOND_EACH * size
        time += chance.expovariate(rate) * 1000
        size += 1 if chance.random() < IN_A_SECOND / rate else -1
        records.append(changed(round(time), level("bid", "98", str(size))))
    return records


def test_rates_with_which_a_queue_was_made_are_found_again() -> None:
    queues = Queues(2)
    book = first_book(0, {"98": "3", "97": "9"}, {"99": "9"})
    for moment in moments([lost(0), book, *made_queue(20_000)], TimesMet()):
        queues.take(moment)
    found = estimates(queues.stints)[-1]
    assert found.average_event == pytest.approx(UNIT, rel=0.01)
    for size in range(1, 7):
        assert found.at_size[size].arrival_rate == pytest.approx(IN_A_SECOND, rel=0.1)
        assert found.at_size[size].departure_rate == pytest.approx(OUT_A_SECOND_EACH * size, rel=0.1)
    # Such a queue's size has a Poisson distribution with the mean 3: e^-3, 3 e^-3, 9/2 e^-3, …
    shares, model = found.shares(), found.model_shares()
    for size, share in enumerate((0.0498, 0.1494, 0.2240, 0.2240, 0.1680, 0.1008)):
        assert shares[size] == pytest.approx(share, abs=0.015)
        assert model[size] == pytest.approx(share, abs=0.015)
