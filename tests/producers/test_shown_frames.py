"""What arrived, as lines for a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.shown_frames import event_lines, frame_line
from tests.producers.frames import heartbeat


def test_events_of_a_frame_are_shown_one_by_one_in_the_exchanges_own_words() -> None:
    events = (
        '{"type": "change", "reason": "initial", "price": "0.01", "remaining": "111942.1", "side": "bid"}',
        '{"type":"trade","tid":7,"price":"1.50"}',
    )
    frame = f'{{"type":"update","socket_sequence":0,"events":[{events[0]} , {events[1]}]}}'
    assert event_lines(frame.encode()) == list(events)


@pytest.mark.parametrize("payload", [heartbeat(7), b'{"events":7}', b"not json"])
def test_frame_without_events_is_shown_whole(payload: bytes) -> None:
    assert event_lines(payload) == [payload.decode()]


def test_what_a_terminal_would_obey_is_escaped() -> None:
    assert frame_line(b"\x1b[2J\x07 \xff \xc2\x9b") == "\\x1b[2J\\x07 \\xff \\x9b"


def test_pretty_frame_is_one_line() -> None:
    assert frame_line(b'{\r\n\t"a": 1\n}') == '{   "a": 1 }'


@given(st.binary(max_size=100))
def test_any_bytes_are_one_printable_line(payload: bytes) -> None:
    assert frame_line(payload).isprintable()
