"""Kibana's place in the real run of the compose file: its API for imports, with logins at the real Elasticsearch.

It reads the same configuration as Kibana, does not start with what Kibana would refuse, is available when Elasticsearch
takes its token and its viewer, and lets in whom Elasticsearch lets in. What is imported lives in its memory alone.
"""

import argparse
import base64
import http.client
import json
import os
import signal
import sys
import time
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

from tests.kibana_stand_in import server as stand_in

PORT = 5601
KEYS = ("xpack.encryptedSavedObjects.encryptionKey", "xpack.security.encryptionKey", "xpack.reporting.encryptionKey")
LEAST_KEY = 32
MAY_WRITE = {"superuser", "kibana_admin"}
APPLICATION = {"application": "kibana-.kibana", "privileges": ["read", "all"], "resources": ["*"]}
WAIT_SECONDS = 1.0


def configuration(files: list[Path]) -> dict[str, Any]:
    """The settings of all files, the later ones winning: a line each, the value in JSON."""
    settings: dict[str, Any] = {}
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.strip() and not line.startswith("#"):
                name, _, value = line.partition(": ")
                settings[name] = json.loads(value)
    return settings


class Elasticsearch:
    """The server that Kibana stands on, asked with whatever login a request carries."""

    def __init__(self, address: str) -> None:
        self._host = urlsplit(address).netloc

    def ask(self, method: str, path: str, authorization: str, body: object = None) -> dict[str, Any] | None:
        """Its answer; None when it gave none or refused."""
        connection = http.client.HTTPConnection(self._host, timeout=10)
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            found: dict[str, Any] = json.loads(answer.read())
            return found if answer.status == http.client.OK else None
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()

    def user(self, authorization: str) -> dict[str, Any] | None:
        """Who that is."""
        return self.ask("GET", "/_security/_authenticate", authorization)

    def reads_only(self, authorization: str) -> bool:
        """Whether this login may read in Kibana and do nothing else."""
        found = self.ask("POST", "/_security/user/_has_privileges", authorization, {"application": [APPLICATION]})
        return found is not None and found["application"]["kibana-.kibana"]["*"] == {"read": True, "all": False}


def basic(user: str, password: str) -> str:
    """A login as a header carries it."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def start_reason(settings: dict[str, Any], elasticsearch: Elasticsearch) -> str | None:
    """What keeps it from being available; None when nothing does."""
    known = elasticsearch.user(f"Bearer {settings['elasticsearch.serviceAccountToken']}")
    if known is None or known["username"] != "elastic/kibana":
        return "Elasticsearch does not take the service token"
    if not elasticsearch.reads_only(anonymous(settings)):
        return "Elasticsearch does not take the anonymous viewer, or the viewer may do more than read"
    return None


def anonymous(settings: dict[str, Any]) -> str:
    """The login of whoever comes without one."""
    (provider,) = settings["xpack.security.authc.providers"]["anonymous"].values()
    return basic(**{"user": provider["credentials"]["username"], "password": provider["credentials"]["password"]})


def main(argv: list[str]) -> int:
    """Serves until SIGTERM."""
    parser = argparse.ArgumentParser(prog="kibana")
    parser.add_argument("--config", action="append", type=Path, required=True)
    settings = configuration(parser.parse_args(argv).config)
    short = [name for name in KEYS if len(settings.get(name, "")) < LEAST_KEY]
    if short:
        sys.stderr.write(f"FATAL {', '.join(short)}: expected {LEAST_KEY} characters or more\n")
        return 78
    elasticsearch = Elasticsearch(os.environ.get("ELASTICSEARCH_HOSTS", settings["elasticsearch.hosts"][0]))
    kibana = stand_in.Kibana(available_from=float("inf"))

    class Handler(stand_in._Handler):
        def _is_allowed(self) -> bool:
            given = self.headers.get("Authorization")
            user = elasticsearch.user(given or anonymous(settings))
            if user is None:
                self._say(*stand_in._error(401, "Unauthorized", "unable to authenticate user for REST request"))
            elif self.command == "POST" and not MAY_WRITE & set(user["roles"]):
                self._say(*stand_in._error(403, "Forbidden", f"{user['username']} may only read"))
            else:
                return True
            return False

    server = stand_in.Server(("0.0.0.0", PORT), kibana)
    server.RequestHandlerClass = Handler
    stopped = Event()

    def become_available() -> None:
        told = None
        while not stopped.is_set():
            reason = start_reason(settings, elasticsearch)
            if reason is None:
                kibana.available_from = time.monotonic()
                sys.stderr.write("Kibana is now available (stand-in)\n")
                return
            if reason != told:
                sys.stderr.write(f"not available: {reason}\n")
                told = reason
            stopped.wait(WAIT_SECONDS)

    def stop(*_: object) -> None:
        stopped.set()
        # From a thread: shutdown() waits for the loop that this handler interrupts.
        Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    Thread(target=become_available, daemon=True).start()
    server.serve_forever(poll_interval=0.1)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
