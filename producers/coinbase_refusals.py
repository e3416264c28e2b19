"""What Coinbase's `error` frames mean, alike in both of its protocols. Pure.

{"type":"error","message":"Failed to subscribe","reason":"BTC-FOO is not a valid product"}
"""

from __future__ import annotations

import re

from producers.protocol import Refusal

# What the same subscription will meet again; a limit on requests, say, passes.
_FOR_GOOD = re.compile(r"authenticat|not a valid|invalid|unknown|not found|unsupported|malformed", re.IGNORECASE)
_LONGEST = 300


def refusal(message: str, reason: str) -> Refusal:
    """The refusal that an error frame with these texts is."""
    text = ": ".join(part for part in (message, reason) if part)[:_LONGEST] or "an error without a text"
    return Refusal(text, for_good=_FOR_GOOD.search(text) is not None)
