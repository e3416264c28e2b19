"""Signatures and nonces of Gemini's private requests."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping

# A nonce this far ahead of the clock would leave the exchange's window of 30 s: begin again from the clock.
_FARTHEST_AHEAD = 15_000_000


def sign(secret: str, payload: Mapping[str, object]) -> tuple[str, str]:
    """The base64 payload and the HMAC-SHA384 of that text, as the two headers want them."""
    encoded = base64.b64encode(json.dumps(payload, separators=(",", ":")).encode())
    return encoded.decode(), hmac.new(secret.encode(), encoded, hashlib.sha384).hexdigest()


class Nonces:
    """Epoch seconds with six decimals, each greater than the one before, also when the clock steps back."""

    def __init__(self, wall_ms: Callable[[], int]) -> None:
        self._wall_ms = wall_ms
        self._last = 0

    def next(self) -> float:
        """The next nonce. One thread at a time, and its request must be sent before the next one is made."""
        now = self._wall_ms() * 1000
        ahead = self._last - now
        self._last = now if ahead < 0 or ahead > _FARTHEST_AHEAD else self._last + 1
        return self._last / 1_000_000
