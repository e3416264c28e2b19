"""A tiny websocket server on loopback that plays one script for each connection, down to single bytes."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10


def header(length: int, opcode: int = TEXT, *, final: bool = True) -> bytes:
    """The head of a frame whose payload has (or would have) this length."""
    first = (0x80 if final else 0) | opcode
    if length < 126:
        return struct.pack("!BB", first, length)
    if length < 1 << 16:
        return struct.pack("!BBH", first, 126, length)
    return struct.pack("!BBQ", first, 127, length)


class Client:
    """The exchange's end of one connection."""

    def __init__(self, transport: socket.socket, stopping: threading.Event) -> None:
        self._transport = transport
        self._stopping = stopping
        self._stream = transport.makefile("rb")
        self.path = ""
        self.headers: dict[str, str] = {}
        self.greetings: list[bytes] = []

    def greet(self) -> None:
        """Answer the websocket handshake.

        :raises ConnectionError: the client went before it had said all of its own.
        """
        self.path = self._read_line().split(" ")[1]
        key = ""
        while line := self._read_line():
            name, _, value = line.partition(": ")
            self.headers[name.lower()] = value
            if name.lower() == "sec-websocket-key":
                key = value
        digest = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        self.send_raw(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
        )

    def send(self, payload: bytes, opcode: int = TEXT, *, final: bool = True) -> None:
        self.send_raw(header(len(payload), opcode, final=final) + payload)

    def send_raw(self, data: bytes) -> None:
        self._transport.sendall(data)

    def read_frame(self) -> tuple[int, bytes]:
        """The next frame of the client (up to 64 KiB): opcode and payload.

        :raises ConnectionError: the client went, between two frames or within one.
        """
        first, second = self._read(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self._read(2))
        mask = self._read(4)
        payload = self._read(length)
        return first & 0x0F, bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))

    def _read(self, length: int) -> bytes:
        data = self._stream.read(length)
        if len(data) < length:
            raise ConnectionError("the client is gone")
        return data

    def _read_line(self) -> str:
        line = self._stream.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError("the client is gone")
        return line.decode().strip()

    def stay(self) -> None:
        """Say nothing more until the client goes or the test ends."""
        self._transport.settimeout(0.1)
        while not self._stopping.is_set():
            try:
                if not self._transport.recv(4096):
                    return
            except TimeoutError:
                continue

    def answer(self, answer: Callable[[bytes], bytes]) -> None:
        """Answer each (short) text of the client until it goes or the test ends."""
        self._transport.settimeout(0.1)
        received = b""
        while not self._stopping.is_set():
            try:
                data = self._transport.recv(4096)
            except TimeoutError:
                continue
            if not data:
                return
            received += data
            while len(received) >= 6 and len(received) >= 6 + (received[1] & 0x7F):
                length, mask = received[1] & 0x7F, received[2:6]
                text = bytes(byte ^ mask[index % 4] for index, byte in enumerate(received[6 : 6 + length]))
                if received[0] & 0x0F == TEXT:
                    self.greetings.append(text)
                    self.send(answer(text))
                received = received[6 + length :]

    def wait(self, seconds: float) -> None:
        """Let time pass, unless the test ends."""
        self._stopping.wait(seconds)

    @property
    def stopping(self) -> bool:
        """Whether the test ends."""
        return self._stopping.is_set()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._transport.shutdown(socket.SHUT_RDWR)
        self._stream.close()
        self._transport.close()


class ScriptedExchange:
    """Runs the n-th script for the n-th connection, and the last one for all after it."""

    def __init__(self, *scripts: Callable[[Client], None]) -> None:
        self._scripts = scripts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self.paths: list[str] = []
        self.clients: list[Client] = []
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> ScriptedExchange:
        self._acceptor = threading.Thread(target=self._accept)
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._acceptor.join()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    @property
    def connections(self) -> int:
        """How many connections were made."""
        return len(self.paths)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                transport, _ = self._listener.accept()
            except TimeoutError:
                continue
            transport.settimeout(30)
            script = self._scripts[min(len(self._threads), len(self._scripts) - 1)]
            thread = threading.Thread(target=self._serve, args=(transport, script))
            self._threads.append(thread)
            thread.start()

    def _greet(self, client: Client) -> None:
        client.greet()

    def _serve(self, transport: socket.socket, script: Callable[[Client], None]) -> None:
        client = Client(transport, self._stopping)
        try:
            with contextlib.suppress(OSError):  # the client may go at any moment
                self._greet(client)
                self.clients.append(client)
                self.paths.append(client.path)
                script(client)
        finally:
            client.close()


class GoneExchange(ScriptedExchange):
    """Answers every handshake with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(Client.stay)
        self._answer = f"HTTP/1.1 {status} Gone\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()

    def _greet(self, client: Client) -> None:
        client.send_raw(self._answer)
        client.stay()
