"""The broker's address, and whether a broker answers there."""

import re
import socket
import struct

from pipeline.errors import TemporarilyUnavailable

_ONE = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^\s,:\[\]]+):(?P<port>[1-9]\d{0,4})", re.ASCII)
_ANSWER_SECONDS = 5.0
_API_VERSIONS, _CORRELATION, _NO_CLIENT_ID = 18, 7, -1


def addresses(bootstrap: str) -> tuple[tuple[str, int], ...]:
    """Host and port of each broker of `host:port,host:port`; raises `ValueError` saying what was expected."""
    found = []
    for text in bootstrap.split(","):
        match = _ONE.fullmatch(text.strip())
        if match is None or int(match["port"]) > 65535:
            raise ValueError("expected host:port, several separated by commas")
        found.append((match["host"].strip("[]"), int(match["port"])))
    return tuple(found)


def require_broker(bootstrap: str, answer_seconds: float = _ANSWER_SECONDS) -> None:
    """Raises `TemporarilyUnavailable` when no broker answers at any of the addresses, each within so many seconds.

    To be called before a client is made: one of kafka-python that finds no broker leaves sockets and a thread behind.
    """
    if not any(_answers(address, answer_seconds) for address in addresses(bootstrap)):
        raise TemporarilyUnavailable(f"Kafka at {bootstrap} does not answer")


def _answers(address: tuple[str, int], seconds: float) -> bool:
    """Whether a broker says which requests it knows, the first thing that every client asks."""
    try:
        with socket.create_connection(address, timeout=seconds) as asked:
            asked.sendall(struct.pack(">ihhih", 10, _API_VERSIONS, 0, _CORRELATION, _NO_CLIENT_ID))
            with asked.makefile("rb") as answer:
                return answer.read(8)[4:] == struct.pack(">i", _CORRELATION)
    except OSError:
        return False
