"""A websocket that refuses what is too large before reading it, and notices silence.

websocket-client reads whatever length a frame's header names. Here the header is judged first, over the fragments of a
message too, and the time that passes without a whole message is added up while reading.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import urlsplit

import websocket
from websocket import ABNF

from producers.errors import ConnectionFailed, FrameTooLarge, TooManyFragments

LONGEST_CONTROL_FRAME = 125
# Each fragment makes the library copy all that came before.
MOST_FRAGMENTS = 1_000
# Answers to a handshake that asking again does not change. (400 is not among them: proxies answer so in passing.)
STATUSES_FOR_GOOD = (401, 403, 404, 405, 410, 451)
DATA_OPCODES = (ABNF.OPCODE_TEXT, ABNF.OPCODE_BINARY, ABNF.OPCODE_CONT)
_OPCODE = 4  # its place in the library's parsed header
# What a connection that does not work out looks like, from all layers.
_FAILURES = (websocket.WebSocketException, OSError, ssl.SSLError, ValueError)


class _LimitedFrames(websocket.frame_buffer):
    """Judges each frame as soon as its length is known, before any of its payload is read."""

    def __init__(self, read: Callable[[int], bytes], limit: int) -> None:
        super().__init__(read, skip_utf8_validation=True)
        self._limit = limit
        self._message_length = 0
        self._fragments = 0

    def recv_length(self) -> None:
        super().recv_length()
        if self.header is None or self.length is None:
            raise websocket.WebSocketProtocolException("frame without a header")
        opcode, length = self.header[_OPCODE], self.length
        if opcode not in DATA_OPCODES:
            if length > LONGEST_CONTROL_FRAME:
                raise FrameTooLarge(length, LONGEST_CONTROL_FRAME)
            return
        if opcode != ABNF.OPCODE_CONT:
            self._message_length = self._fragments = 0
        self._message_length += length
        self._fragments += 1
        if self._message_length > self._limit:
            raise FrameTooLarge(self._message_length, self._limit)
        if self._fragments > MOST_FRAGMENTS:
            raise TooManyFragments(f"message in more than {MOST_FRAGMENTS} fragments")


class LimitedSocket(websocket.WebSocket):
    """One connection. `open` makes it; `next_message` reads; `end` closes it.

    All times are real seconds. TLS is always verified, redirects are not followed and proxies not used.
    """

    def __init__(self, largest_bytes: int, poll_seconds: float) -> None:
        super().__init__(skip_utf8_validation=True)
        self.frame_buffer = _LimitedFrames(self._recv, largest_bytes)
        self._poll_seconds = poll_seconds
        self._silent_for = 0.0
        self._pause_at = float("inf")

    @classmethod
    def open(
        cls, url: str, greeting: Iterable[str], *, largest_bytes: int, connect_seconds: float, poll_seconds: float
    ) -> LimitedSocket:
        """Connect and send the greeting. Raises ConnectionFailed."""
        connection = cls(largest_bytes, poll_seconds)
        transport: socket.socket | None = None
        try:
            transport = _connected(url, connect_seconds)
            with _cut_off_after(transport, connect_seconds):
                if url.startswith("wss:"):
                    transport = ssl.create_default_context().wrap_socket(transport, server_hostname=_host(url))
                connection.connect(url, socket=transport, redirect_limit=0, suppress_origin=True)  # type: ignore[no-untyped-call]
                for message in greeting:
                    connection.send(message)
            connection.settimeout(poll_seconds)
        except _FAILURES as error:
            if transport is not None:
                transport.close()
            raise ConnectionFailed("disconnected", _described(error), for_good=_is_for_good(error)) from None
        return connection

    def say(self, message: str) -> None:
        """Raises ConnectionFailed."""
        try:
            self.send(message)
        except _FAILURES as error:
            raise ConnectionFailed("disconnected", _described(error)) from None

    def next_message(self, silence_seconds: float) -> bytes | None:
        """The next whole message, or None when none was whole within a moment. Pings are answered on the way.

        Raises ConnectionFailed when the connection is lost, or silent (but for pings) for `silence_seconds`;
        FrameTooLarge and TooManyFragments before the offending payload is read.
        """
        self._pause_at = time.monotonic() + self._poll_seconds
        try:
            opcode, frame = self.recv_data_frame()
        except websocket.WebSocketTimeoutException:
            if self._silent_for > silence_seconds:
                raise ConnectionFailed("silence", f"nothing came for {silence_seconds:g} s") from None
            return None
        except _FAILURES as error:
            raise ConnectionFailed("disconnected", _described(error)) from None
        if opcode == ABNF.OPCODE_CLOSE:
            raise ConnectionFailed("disconnected", f"closed by the exchange: {_close_reason(frame.data)}")
        self._silent_for = 0.0
        return bytes(frame.data)

    def end(self) -> None:
        """Close at once, without waiting for the other side's farewell."""
        with contextlib.suppress(*_FAILURES):
            self.send_close()
        self.shutdown()  # type: ignore[no-untyped-call]

    def _recv(self, size: int) -> bytes:
        # Silence is added up in slices no longer than a read may take, so that a process that was stopped does not
        # take its own absence for the exchange's; and within a frame too, so that a trickle does not count as life.
        began = time.monotonic()
        if began > self._pause_at:
            raise websocket.WebSocketTimeoutException("not whole yet")
        try:
            return bytes(super()._recv(size))  # type: ignore[no-untyped-call]
        finally:
            self._silent_for += min(time.monotonic() - began, 2 * self._poll_seconds)


def _connected(url: str, timeout: float) -> socket.socket:
    port = urlsplit(url).port or (443 if url.startswith("wss:") else 80)
    connected = socket.create_connection((_host(url), port), timeout=timeout)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return connected


def _host(url: str) -> str:
    host = urlsplit(url).hostname
    if not host:
        raise ValueError("the address names no host")
    return host


@contextlib.contextmanager
def _cut_off_after(transport: socket.socket, seconds: float) -> Iterator[None]:
    """Each read of a handshake has its time-out; this bounds them all together."""
    # TLS takes the socket over: a second handle on it stays ours.
    handle = transport.dup()

    def cut_off() -> None:
        with contextlib.suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut_off)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        handle.close()


def _is_for_good(error: BaseException) -> bool:
    return isinstance(error, websocket.WebSocketBadStatusException) and error.status_code in STATUSES_FOR_GOOD


def _described(error: BaseException) -> str:
    if isinstance(error, websocket.WebSocketBadStatusException):
        return f"the exchange answered with HTTP status {error.status_code}"
    return f"{type(error).__name__}: {error}"[:300]


def _close_reason(payload: bytes) -> str:
    if len(payload) < 2:
        return "no reason given"
    return f"{int.from_bytes(payload[:2], 'big')} {payload[2:].decode('utf-8', 'replace')}".strip()
