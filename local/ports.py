"""Ports of 127.0.0.1."""

import socket
from collections.abc import Sequence
from random import SystemRandom

LOOPBACK = "127.0.0.1"
# Below what systems hand out to outgoing connections: one of those could take a port before its server does.
RANGE = range(20_000, 32_000)
_random = SystemRandom()


def free_ports(count: int, among: Sequence[int] = RANGE) -> tuple[int, ...]:
    """So many ports that nobody listens on now."""
    found: set[int] = set()
    while len(found) < count:
        port = _random.choice(among)
        if port not in found and is_free(port):
            found.add(port)
    return tuple(found)


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
