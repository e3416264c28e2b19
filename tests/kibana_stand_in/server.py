"""The server: Kibana's status, import, search and settings over HTTP, and nothing else of it."""

import argparse
import base64
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from email import policy
from email.parser import BytesParser
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .imports import Json, Key, Unreadable, import_answer, read_objects

VERSION = "9.5.1"
MOST_BYTES = 32 << 20
_STATUS, _SETTINGS, _IMPORT, _FIND = (
    "/api/status", "/internal/kibana/settings", "/api/saved_objects/_import", "/api/saved_objects/_find",
)  # fmt: skip


@dataclass
class Kibana:
    """What the server knows. `fixed` settings are those of a kibana.yml: they cannot be set."""

    login: tuple[str, str] | None = None
    available_from: float = 0.0
    fixed: frozenset[str] = frozenset()
    store: dict[Key, Json] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    @property
    def is_available(self) -> bool:
        """Whether it has started."""
        return time.monotonic() >= self.available_from

    def find(self, kinds: Sequence[str]) -> Json:
        """What was delivered, of these types, or all of it."""
        with self.lock:
            found = [saved for (kind, _), saved in self.store.items() if not kinds or kind in kinds]
        return {"page": 1, "per_page": len(found), "total": len(found), "saved_objects": found}

    def change(self, changes: Json) -> tuple[int, Json]:
        """Sets settings, all or none."""
        for name in changes:
            if name in self.fixed:
                return _error(400, "Bad Request", f'Unable to update "{name}" because it is overridden')
        with self.lock:
            self.settings |= changes
        return 200, self.told_settings()

    def told_settings(self) -> Json:
        """The settings that were set."""
        return {"settings": {name: {"userValue": value} for name, value in self.settings.items()}}

    def take(self, file_name: str, text: bytes, *, overwrite: bool) -> tuple[int, Json]:
        """Imports a file."""
        if not file_name.endswith(".ndjson"):
            return _error(400, "Bad Request", f"Invalid file extension {Path(file_name).suffix}")
        try:
            objects = read_objects(text)
        except Unreadable as error:
            return _error(error.status, "Bad Request" if error.status == 400 else "Unprocessable Entity", str(error))
        with self.lock:
            return 200, import_answer(objects, self.store, overwrite=overwrite)


class Server(ThreadingHTTPServer):
    """Listens from the moment it is made; `serve_forever` answers."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], kibana: Kibana) -> None:
        super().__init__(address, _Handler)
        self.kibana = kibana

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{self.server_address[0]!s}:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    server: Server

    def do_GET(self) -> None:
        """Status, what was delivered, and the settings."""
        url = urlsplit(self.path)
        kibana = self.server.kibana
        if not kibana.is_available:
            self._say_text(503, "Kibana server is not ready yet")
        elif url.path == "/":
            self._redirect("/app/home")
        elif url.path == _STATUS:
            self._say(200, status_answer())
        elif not self._is_allowed():
            return
        elif url.path == _FIND:
            self._say(200, kibana.find(parse_qs(url.query).get("type", [])))
        elif url.path == _SETTINGS:
            self._say(200, kibana.told_settings())
        else:
            self._say(*_error(404, "Not Found", "Not Found"))

    do_HEAD = do_GET

    def do_POST(self) -> None:
        """Import, and settings."""
        url = urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(min(length, MOST_BYTES))
        if length > MOST_BYTES:
            self.close_connection = True
            self._say(*_error(413, "Request Entity Too Large", "Payload content length greater than maximum allowed"))
        elif not self.server.kibana.is_available:
            self._say_text(503, "Kibana server is not ready yet")
        elif "kbn-xsrf" not in self.headers:
            self._say(*_error(400, "Bad Request", "Request must contain a kbn-xsrf header."))
        elif not self._is_allowed():
            return
        elif url.path == _IMPORT:
            self._import(body, parse_qs(url.query))
        elif url.path == _SETTINGS:
            self._change_settings(body)
        else:
            self._say(*_error(404, "Not Found", "Not Found"))

    def _import(self, body: bytes, query: dict[str, list[str]]) -> None:
        head = f"Content-Type: {self.headers.get('Content-Type', '')}\r\n\r\n".encode()
        message = BytesParser(policy=policy.HTTP).parsebytes(head + body)
        for part in message.iter_parts() if message.is_multipart() else ():
            if part.get_param("name", header="content-disposition") == "file":
                text = part.get_payload(decode=True)
                assert isinstance(text, bytes)
                overwrite = query.get("overwrite") == ["true"]
                self._say(*self.server.kibana.take(part.get_filename() or "", text, overwrite=overwrite))
                return
        self._say(*_error(400, "Bad Request", "[request body.file]: expected value of type [Stream]"))

    def _change_settings(self, body: bytes) -> None:
        if self.headers.get("x-elastic-internal-origin") is None:
            message = f"uri [{_SETTINGS}] with method [post] exists but is not available with the current configuration"
            self._say(*_error(400, "Bad Request", message))
            return
        try:
            changes = json.loads(body)["changes"]
        except (ValueError, KeyError, TypeError):
            self._say(*_error(400, "Bad Request", "[request body.changes]: expected value of type [object]"))
            return
        self._say(*self.server.kibana.change(changes))

    def _is_allowed(self) -> bool:
        """Whether the request carries the login; answers 401 when not."""
        login = self.server.kibana.login
        if login is None:
            return True
        wanted = "Basic " + base64.b64encode(":".join(login).encode()).decode()
        if compare_digest(self.headers.get("Authorization", "").encode(), wanted.encode()):
            return True
        self._say(*_error(401, "Unauthorized", "unable to authenticate user for REST request"))
        return False

    def _say(self, status: int, answer: Json) -> None:
        self._send(status, "application/json; charset=utf-8", json.dumps(answer).encode())

    def _say_text(self, status: int, text: str) -> None:
        self._send(status, "text/plain; charset=utf-8", text.encode())

    def _redirect(self, place: str) -> None:
        self.send_response(302)
        self.send_header("Location", place)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("kbn-name", "stand-in")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """One line a request, never a header."""
        sys.stderr.write(f"kibana stand-in: {format % args}\n")


def status_answer() -> Json:
    """What a Kibana says that has started."""
    overall = {"level": "available", "summary": "All services and plugins are available"}
    return {"version": {"number": VERSION}, "status": {"overall": overall}}


def _error(status: int, error: str, message: str) -> tuple[int, Json]:
    return status, {"statusCode": status, "error": error, "message": message}


def main(argv: list[str]) -> int:
    """Serves until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="kibana_stand_in",
        description="Plays Kibana's import API. KIBANA_STAND_IN_USERNAME and KIBANA_STAND_IN_PASSWORD (or "
        "KIBANA_STAND_IN_PASSWORD_FILE): the login that is asked for; none by default.",
    )
    environ = os.environ
    parser.add_argument("--host", default=environ.get("KIBANA_STAND_IN_HOST", "0.0.0.0"), help="default 0.0.0.0")
    parser.add_argument(
        "--port", type=int, default=int(environ.get("KIBANA_STAND_IN_PORT", "5601")), help="default 5601"
    )
    parser.add_argument(
        "--starting-seconds", type=float, default=float(environ.get("KIBANA_STAND_IN_STARTING_SECONDS", "0")),
        help="how long to answer 503, as a Kibana that is starting does; default 0",
    )  # fmt: skip
    given = parser.parse_args(argv)
    server = Server((given.host, given.port), Kibana(_login(), time.monotonic() + given.starting_seconds))
    sys.stderr.write(f"kibana stand-in: listening at {server.url}\n")
    for signum in (signal.SIGTERM, signal.SIGINT):
        # From a thread: shutdown() waits for the loop that this handler interrupts.
        signal.signal(signum, lambda *_: Thread(target=server.shutdown, daemon=True).start())
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    return 0


def _login() -> tuple[str, str] | None:
    password = os.environ.get("KIBANA_STAND_IN_PASSWORD", "")
    file = os.environ.get("KIBANA_STAND_IN_PASSWORD_FILE", "")
    if file:
        password = Path(file).read_text(encoding="utf-8").strip()
    return (os.environ.get("KIBANA_STAND_IN_USERNAME", "elastic"), password) if password else None
