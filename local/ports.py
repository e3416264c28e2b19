"""Ports of 127.0.0.1."""

import socket

LOOPBACK = "127.0.0.1"


def free_ports(count: int) -> tuple[int, ...]:
    """So many ports that nobody listens on now."""
    held = [socket.socket() for _ in range(count)]
    try:
        for taken in held:
            taken.bind((LOOPBACK, 0))
        return tuple(taken.getsockname()[1] for taken in held)
    finally:
        for taken in held:
            taken.close()


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def listens(port: int) -> bool:
    """Whether something accepts connections on the port now."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1.0).close()
    except OSError:
        return False
    return True
