"""The broker's address, and whether anyone listens there."""

import re
import socket

from pipeline.errors import TemporarilyUnavailable

_ONE = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^\s,:\[\]]+):(?P<port>[1-9]\d{0,4})", re.ASCII)
_CONNECT_SECONDS = 2.0


def addresses(bootstrap: str) -> tuple[tuple[str, int], ...]:
    """Host and port of each broker of `host:port,host:port`; raises `ValueError` saying what was expected."""
    found = []
    for text in bootstrap.split(","):
        match = _ONE.fullmatch(text.strip())
        if match is None or int(match["port"]) > 65535:
            raise ValueError("expected host:port, several separated by commas")
        found.append((match["host"].strip("[]"), int(match["port"])))
    return tuple(found)


def require_listener(bootstrap: str) -> None:
    """Raises `TemporarilyUnavailable` when nobody listens at any of the addresses.

    To be called before a client is made: one of kafka-python that finds no broker leaves sockets and a thread behind.
    """
    for address in addresses(bootstrap):
        try:
            socket.create_connection(address, timeout=_CONNECT_SECONDS).close()
        except OSError:
            continue
        return
    raise TemporarilyUnavailable(f"Kafka at {bootstrap} does not answer: nobody listens there")
