"""What could not be read is kept, in a form that can be looked at and read again later."""

import hashlib
from base64 import b64encode

from market.records import DeadLetter

KEPT_BYTES = 64 << 10


def dead_letter(
    *, source: str, payload: bytes, reason: str, id: str, event_time: int, exchange: str = "", symbol: str = ""
) -> DeadLetter:
    """A dead letter of `payload`: its first 64 KiB, and the length and SHA-256 of the whole.

    `id` is topic, partition and offset, or connection and frame number; `source` says in words where it came from.
    """
    return DeadLetter(
        exchange=exchange,
        symbol=symbol,
        event_time=event_time,
        id=id,
        source=source,
        reason=reason,
        payload=b64encode(payload[:KEPT_BYTES]).decode(),
        length=len(payload),
        sha256=hashlib.sha256(payload).hexdigest(),
    )
