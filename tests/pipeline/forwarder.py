"""A port that begins to answer when a test says so: what comes in goes on to another address."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer


@contextmanager
def forwarding(port: int, to: str) -> Iterator[None]:
    """While within, 127.0.0.1:`port` passes everything on to the `host:port` of `to`."""
    host, _, target = to.rpartition(":")

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection((host, int(target))) as onward:
                back = threading.Thread(target=_pump, args=(onward, self.request))
                back.start()
                _pump(self.request, onward)
                back.join()

    class Server(ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = False
        block_on_close = True

    with Server(("127.0.0.1", port), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        try:
            yield
        finally:
            server.shutdown()
            serving.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while received := source.recv(65_536):
            sink.sendall(received)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
