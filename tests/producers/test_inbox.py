"""The queue between the connections and the feed."""

from __future__ import annotations

from producers.arrivals import Arrival, Connected, ConnectionLost, FrameArrived, Instant
from producers.inbox import Inbox

AT = Instant(0, 0)


def frame(number: int, size: int = 10) -> FrameArrived:
    return FrameArrived("BTCUSD", "c", number, b"x" * size, AT)


def test_arrivals_come_out_in_order_up_to_the_number_asked_for() -> None:
    inbox = Inbox(10, 1_000)
    arrivals: list[Arrival] = [Connected("BTCUSD", "c", AT), frame(0), frame(1)]
    assert all(inbox.put(arrival) for arrival in arrivals)
    assert inbox.take(2, 0) == arrivals[:2]
    assert inbox.take(2, 0) == arrivals[2:]
    assert inbox.take(2, 0) == []


def test_frame_beyond_the_number_is_refused_until_there_is_room() -> None:
    inbox = Inbox(2, 1_000)
    assert inbox.put(frame(0))
    assert inbox.put(frame(1))
    assert not inbox.put(frame(2))
    inbox.take(1, 0)
    assert inbox.put(frame(2))


def test_frame_beyond_the_bytes_is_refused() -> None:
    inbox = Inbox(100, 1_000)
    assert inbox.put(frame(0, 900))
    assert not inbox.put(frame(1, 101))
    assert inbox.put(frame(1, 100))


def test_news_of_a_lost_connection_is_let_in_when_full() -> None:
    inbox = Inbox(1, 1_000)
    inbox.put(frame(0))
    lost = ConnectionLost("BTCUSD", "c", "inbox_overflow", "", AT)
    assert inbox.put(lost)
    assert inbox.take(10, 0)[-1] == lost
