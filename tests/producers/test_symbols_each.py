"""How many symbols may share a connection."""

from __future__ import annotations

import pytest

from pipeline.errors import WrongSettings
from producers.connections import symbols_each
from producers.gemini_streams import GEMINI_STREAMS
from producers.gemini_v1 import GEMINI_V1


def test_what_suits_the_protocol_is_taken_where_nothing_is_said() -> None:
    assert symbols_each(GEMINI_V1, 0) == GEMINI_V1.symbols_each == 1
    assert symbols_each(GEMINI_STREAMS, 0) == GEMINI_STREAMS.symbols_each
    assert symbols_each(GEMINI_STREAMS, 3) == 3


def test_more_than_a_connection_can_carry_is_refused_with_the_setting() -> None:
    assert symbols_each(GEMINI_V1, 1) == 1
    with pytest.raises(WrongSettings, match=r"FEED_SYMBOLS_EACH=2: with protocol v1 of gemini a connection carries 1"):
        symbols_each(GEMINI_V1, 2)
