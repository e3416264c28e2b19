"""Asks a broker whether it can be worked with, by one request over a plain socket.

kafka-python's own clients keep a thread and a socket for ever when a broker listens and does not answer yet.
"""

import socket
import struct

_SECONDS = 2.0
# Metadata (3), version 1, correlation id 1, no client id, about no topics.
_REQUEST = struct.pack(">hhihi", 3, 1, 1, -1, 0)
# Length, correlation id, number of brokers; what follows is not of interest.
_ANSWER = struct.Struct(">iii")


def has_broker(host: str, port: int) -> bool:
    """Whether something there speaks Kafka's protocol and knows of a broker that takes requests."""
    try:
        with socket.create_connection((host, port), timeout=_SECONDS) as connection:
            connection.sendall(struct.pack(">i", len(_REQUEST)) + _REQUEST)
            with connection.makefile("rb") as answer:
                start = answer.read(_ANSWER.size)
    except OSError:
        return False
    return len(start) == _ANSWER.size and bool(_ANSWER.unpack(start)[2] > 0)
