"""A tiny HTTP server on loopback that answers as a test scripts it, and keeps what it was asked."""

import base64
import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Reply:
    """One answer. `drops`: the connection is closed without any; `holds`: it comes only when the test is over."""

    body: object = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drops: bool = False
    holds: bool = False

    @property
    def text(self) -> str:
        return self.body if isinstance(self.body, str) else json.dumps(self.body)


@dataclass(frozen=True)
class Asked:
    """One request; `payload` is what the signed header held."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    payload: dict[str, Any]


class ScriptedRest:
    """Gives the replies in order; the last one again and again. A context manager."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.asked: list[Asked] = []
        self._over = Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        script = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:
                return

            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer()

            def _answer(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(headers.get("content-length", 0)))
                encoded = headers.get("x-gemini-payload")
                payload = json.loads(base64.b64decode(encoded)) if encoded else {}
                script.asked.append(Asked(self.command, self.path, headers, body, payload))
                reply = script.replies.pop(0) if len(script.replies) > 1 else script.replies[0]
                self.close_connection = True
                if reply.holds:
                    script._over.wait(60)
                if reply.drops or reply.holds:
                    return
                self.send_response_only(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.text.encode())))
                self.end_headers()
                self.wfile.write(reply.text.encode())

        return Handler
