"""A port of 127.0.0.1 that leads to a server and can be cut: what a server that goes away and comes back is like."""

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit

_TRY_SECONDS = 0.1


class Link:
    """Leads to the server of `url` while it is open; closed at first."""

    def __init__(self, port: int, url: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._target = (str(urlsplit(url).hostname), int(urlsplit(url).port or 0))
        self._stop = threading.Event()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def open(self) -> None:
        """From now on connections lead to the server."""
        self._stop.clear()
        listener = socket.create_server(("127.0.0.1", self._port))
        listener.settimeout(_TRY_SECONDS)
        self._start(self._accept, listener)

    def cut(self) -> None:
        """Breaks every connection and refuses new ones."""
        self._stop.set()
        # The first thread is the one that accepts: after it no socket is added.
        if self._threads:
            self._threads[0].join()
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in self._sockets:
            each.close()
        self._sockets.clear()
        self._threads.clear()

    def _accept(self, listener: socket.socket) -> None:
        with listener:
            while not self._stop.is_set():
                try:
                    client, _ = listener.accept()
                except TimeoutError:
                    continue
                server = socket.create_connection(self._target)
                self._sockets += [client, server]
                self._start(_pump, client, server)
                self._start(_pump, server, client)

    def _start(self, work: object, *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments)  # type: ignore[arg-type] # any of the two
        self._threads.append(thread)
        thread.start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while received := source.recv(65_536):
            sink.sendall(received)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
