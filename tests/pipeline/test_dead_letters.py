"""Dead letters: enough of what could not be read to see what it was."""

import hashlib
from base64 import b64decode

import pytest

from market.records import encode
from pipeline.bounded_producer import LARGEST_RECORD_BYTES
from pipeline.dead_letters import KEPT_BYTES, dead_letter


@pytest.mark.parametrize("size", [0, 1, KEPT_BYTES, KEPT_BYTES + 1, 50 << 20])
def test_letter_keeps_the_beginning_and_tells_the_whole(size: int) -> None:
    payload = (b"\x00\xff{frame" * (size // 8 + 1))[:size]
    letter = dead_letter(source="gemini BTCUSD", payload=payload, reason="not JSON", id="c1-7", event_time=5)
    assert b64decode(letter.payload) == payload[:KEPT_BYTES]
    assert (letter.length, letter.sha256) == (size, hashlib.sha256(payload).hexdigest())
    assert (letter.id, letter.source, letter.reason, letter.event_time) == ("c1-7", "gemini BTCUSD", "not JSON", 5)
    assert (letter.exchange, letter.symbol) == ("", "")
    assert len(encode(letter)) < LARGEST_RECORD_BYTES
