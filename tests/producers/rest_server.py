"""A tiny HTTP server on loopback that answers the n-th request as it was told, and the last way all after it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Answer:
    """`hangs`: nothing is ever sent. `trickles`: the body comes a byte each 50 ms and never ends."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs: bool = False
    trickles: bool = False


class RestServer:
    """`asked` holds the path of each request, `times` when it came (monotonic seconds)."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = answers
        self._stopping = threading.Event()
        self.asked: list[str] = []
        self.times: list[float] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.times.append(time.monotonic())
                server.asked.append(self.path)
                answer = server._answers[min(len(server.asked), len(server._answers)) - 1]
                with contextlib.suppress(OSError):  # the client may go at any moment
                    server._give(self, answer)

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> RestServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _give(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        if answer.hangs:
            self._stopping.wait()
            return
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(answer.body)
        while answer.trickles and not self._stopping.wait(0.05):
            handler.wfile.write(b" ")
