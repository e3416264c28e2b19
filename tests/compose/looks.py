"""What a running project is looked at for: data, dashboards, rights, secrets, logs."""

import base64
import http.client
import json
import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.compose.engine import Failed
from tests.compose.project import CheckFailed, Project
from tests.compose.test_compose_file import ONE_SHOTS, SERVERS

LOOPBACK = "127.0.0.1"
AGAIN_SECONDS = 2.0
# Elasticsearch shows no more at once.
MOST_FOUND = 10_000
GUARD_EXIT = "78"


@dataclass
class Answers:
    """Elasticsearch and Kibana, asked from the host through their published ports."""

    project: Project
    elasticsearch_port: int
    kibana_port: int

    @cached_property
    def login(self) -> str:
        """The administrator's, as `make password` prints it."""
        lines = dict(line.split(": ", 1) for line in self.project.typed("make", "password").splitlines())
        return base64.b64encode(f"{lines['user']}:{lines['password']}".encode()).decode()

    def elasticsearch(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """What it answers the administrator."""
        return self._ask(self.elasticsearch_port, method, path, body, {"Authorization": f"Basic {self.login}"})[1]

    def kibana(self, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        """Status and answer, without any login."""
        return self._ask(self.kibana_port, method, path, body, {"kbn-xsrf": "true"})

    def ids(self) -> set[tuple[str, str]]:
        """Index and id of every document."""
        self.elasticsearch("POST", "/crypto-*/_refresh")
        found = self.elasticsearch("POST", "/crypto-*/_search", {"size": MOST_FOUND, "_source": False})
        hits = found.get("hits", {}).get("hits", [])
        if len(hits) >= MOST_FOUND:
            raise CheckFailed(f"more than {MOST_FOUND} documents: not all of them can be looked at")
        return {(hit["_index"], hit["_id"]) for hit in hits}

    def _ask(
        self, port: int, method: str, path: str, body: object, headers: dict[str, str]
    ) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=30)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, headers | {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise CheckFailed(f"{method} {path} on port {port} gave no answer: {error!r}") from error
        finally:
            connection.close()


def look_at_data(answers: Answers, *, after_ms: int, seconds: float) -> None:
    """Waits for a whole minute that began after `after_ms` and has a ratio, and for the decision on that minute."""
    minute = {"bool": {"filter": [{"term": {"complete": True}}, {"range": {"window_start": {"gte": after_ms}}}]}}
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        whole = answers.elasticsearch("POST", "/crypto-liquidity/_search", {"query": minute, "size": 20})
        starts = [
            hit["_source"]["window_start"] for hit in whole.get("hits", {}).get("hits", []) if hit["_source"]["value"]
        ]
        if starts:
            decided = answers.elasticsearch(
                "POST", "/crypto-decisions/_search", {"query": {"terms": {"window_start": starts}}, "size": 1}
            )
            if decided.get("hits", {}).get("hits"):
                return
        time.sleep(AGAIN_SECONDS)
    raise CheckFailed(
        f"no whole minute with a decision within {seconds:.0f} s; documents: {len(answers.ids())}\n"
        f"{answers.project.last_words()}"
    )


def look_at_kibana(answers: Answers) -> None:
    """The dashboards are there for anyone to see, and for nobody to change."""
    status, found = answers.kibana("GET", "/api/saved_objects/_find?type=dashboard&type=index-pattern")
    kinds = {saved["type"] for saved in found.get("saved_objects", [])}
    if status != http.client.OK or kinds != {"dashboard", "index-pattern"}:
        raise CheckFailed(f"expected a dashboard and data views in Kibana, found {status} {kinds}")
    status, refused = answers.kibana("POST", "/api/saved_objects/_import?overwrite=true", {})
    if status != http.client.FORBIDDEN:
        raise CheckFailed(f"expected that nobody can import without a login, found {status} {refused}")


def look_at_rights(project: Project) -> None:
    """Who each container runs as and where it listens, as the engine sees it."""
    for name, container in project.containers().items():
        host = container["HostConfig"]
        for ports in (container["NetworkSettings"]["Ports"] or {}).values():
            if any(port["HostIp"] != LOOPBACK for port in ports or ()):
                raise CheckFailed(f"{name} is published beyond {LOOPBACK}: {ports}")
        if not host["Memory"] or host["Privileged"] or host["CapDrop"] != ["ALL"]:
            raise CheckFailed(f"{name} has no memory limit, or rights that it should not have")
        if name not in ONE_SHOTS and _user_id(project, name) == 0:
            raise CheckFailed(f"{name} runs as root")


def _user_id(project: Project, name: str) -> int:
    """The user of the container's own program."""
    return int(project.call("exec", "-T", name, "id", "-u"))


def look_at_secrets(project: Project) -> None:
    """No secret shows in what the engine tells of containers, in a process list, or in a log."""
    kept = project.call(
        "run", "--rm", "--no-deps", "--entrypoint", "sh", "password", "-c", "cd /secrets/all; tail -n +1 *"
    )
    secrets = [line for line in kept.splitlines() if len(line) >= 32 and not line.startswith("==>")]
    if len(secrets) < 9:
        raise CheckFailed(f"expected at least 9 secrets, found {len(secrets)}")
    secrets += project.call("exec", "-T", "bot", "cat", "/run/simulator/api-key", "/run/simulator/api-secret").split()
    for name, container in project.containers().items():
        seen = json.dumps(container)
        if name not in ONE_SHOTS:
            seen += project.engine.docker("top", container["Id"], "-eo", "pid,args")
        if any(secret in seen for secret in secrets):
            raise CheckFailed(f"a secret shows in what the engine tells of {name}")
    log = project.call("logs", "--no-color")
    if any(secret in log for secret in secrets):
        raise CheckFailed("a secret shows in a log")


def look_at_logs(project: Project) -> None:
    """Each line of our parts' logs is a record of its own, and none tells of a fault of ours."""
    for name in sorted(set(project.containers()) - set(SERVERS) - ONE_SHOTS - {"spark"}):
        for line in project.call("logs", "--no-color", "--no-log-prefix", name).splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                raise CheckFailed(f"{name} logs what is no record: {line[:300]}") from None
            if "traceback" in record:
                raise CheckFailed(f"{name} has a fault: {record}")


def look_at_profile_guard(project: Project) -> None:
    """The flag --profile alone does not bring the simulator up beside live data."""
    try:
        project.call("--profile", "simulator", "run", "--rm", "profile-check")
    except Failed as error:
        if f"ended with {GUARD_EXIT}" in str(error) and "COMPOSE_PROFILES=simulator" in str(error):
            return
        raise
    raise CheckFailed("the simulator can be started beside live data")
