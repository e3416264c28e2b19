"""The commands of the README and of docs/operations.md, typed as a user types them, and what the user sees then."""

import json
import re
import time
import urllib.request
from collections.abc import Mapping
from typing import Any

from local.topic_reader import open_consumer, topic_names
from pipeline.topics import FORECASTS, SPARK_OUT
from tests.compose.compose_file import ROOT
from tests.compose.engine import Failed
from tests.compose.looks import AGAIN_SECONDS, LOOPBACK, Answers
from tests.compose.project import PROFILES, CheckFailed, Project
from tests.compose.test_compose_file import ONE_SHOTS

OPERATIONS = ROOT / "docs" / "operations.md"
BROKER_SECONDS = 20.0
REPLAY_SECONDS = 120.0
METRICS_SECONDS = 90.0
# The port of each part's metrics, as docker/metrics.yml names it.
METRICS = {
    "bot": "METRICS_BOT_PORT",
    "forecast": "METRICS_FORECAST_PORT",
    "indexer": "METRICS_INDEXER_PORT",
    "producer-gemini": "METRICS_PRODUCER_PORT",
    "spark": "METRICS_SPARK_PORT",
}
REPORTING = {"bot", "forecast", "indexer", "producer-gemini", "spark"}
NOTHING_RUNS = "Nothing runs in containers"


def look_at_up(said: str, ports: Mapping[str, str]) -> None:
    """`make up` says where to look."""
    for address in (f"http://{LOOPBACK}:{ports['KIBANA_PORT']}", f"http://{LOOPBACK}:{ports['SPARK_UI_PORT']}"):
        if address not in said:
            raise CheckFailed(f"expected that make up names {address}, it said: {said}")


def look_at_status(project: Project) -> None:
    """`make status`: each container, each part that reports, topics and documents, for people and for machines."""
    said = project.typed("make", "status")
    started = set(project.containers())
    unseen = {name for name in started | REPORTING if not re.search(rf"\b{re.escape(name)}\b", said)}
    if unseen or said.count("(healthy)") != len(started - ONE_SHOTS):
        raise CheckFailed(f"make status does not show {sorted(unseen)}, or not all as healthy:\n{said}")
    told = _status(project)
    parts = {part["name"] for part in told["parts"] if part["state"] == "up"}
    if parts != REPORTING or told["broker"] is not None or not isinstance(told["documents"], dict):
        raise CheckFailed(f"expected that {sorted(REPORTING)} report, and topics and documents; found {told}")


def look_at_forecast(project: Project) -> None:
    """`make forecast` trains anew, and publishes what it made."""
    before = _records(project, FORECASTS)
    said = project.typed("make", "forecast")
    after = _records(project, FORECASTS)
    if after <= before:
        raise CheckFailed(f"make forecast published nothing ({before} records before, {after} after); it said: {said}")


def look_at_followed_log(project: Project) -> None:
    """`make logs PART=bot` shows that part's lines, and goes on until Ctrl-C."""
    seen = []
    with project.typed_until("make", "logs", "PART=bot") as lines:
        for line in lines:
            seen.append(line)
            if '"part":"bot"' in line:
                break
        else:
            raise CheckFailed(f"make logs PART=bot ended by itself, after: {''.join(seen)[-2000:]}")
    if any(not line.startswith("bot-") for line in seen):
        raise CheckFailed(f"expected lines of the bot alone, found: {''.join(seen)[-2000:]}")


def look_at_topic_from_outside(port: int) -> None:
    """What `make tail` needs: the broker answers on its published port."""
    with open_consumer(f"{LOOPBACK}:{port}", BROKER_SECONDS) as consumer:
        if SPARK_OUT not in topic_names(consumer):
            raise CheckFailed(f"{SPARK_OUT} is not to be seen from outside, on port {port}")


def bring_down(project: Project) -> None:
    """`make down` removes every container, and says so when there is nothing to remove or to look at."""
    project.typed("make", "down")
    left = project.containers()
    if left:
        raise CheckFailed(f"make down leaves {sorted(left)}")
    said = project.typed("make", "down")
    if NOTHING_RUNS not in said:
        raise CheckFailed(f"expected that make down says that nothing runs, it said: {said}")
    try:
        project.typed("make", "logs")
    except Failed as error:
        if NOTHING_RUNS in str(error):
            return
    raise CheckFailed("expected that make logs says that nothing runs")


def replay_as_documented(project: Project, answers: Answers) -> None:
    """Indices that were deleted are filled again by what docs/operations.md says about replaying a topic."""
    before = answers.ids()
    answers.elasticsearch("DELETE", "/" + ",".join(sorted({index for index, _ in before})))
    if before & answers.ids():
        raise CheckFailed("the indices could not be deleted")
    # As the README says, every command of `docker compose` is told which of the two runs it means.
    means_this_run = f"export {PROFILES}={project.variables[PROFILES]}\n"
    project.typed("sh", "-ec", means_this_run + documented("Replay a topic"), seconds=REPLAY_SECONDS)
    deadline = time.monotonic() + REPLAY_SECONDS
    while missing := before - answers.ids():
        if time.monotonic() > deadline:
            raise CheckFailed(f"{len(missing)} of {len(before)} documents did not come back, such as {min(missing)}")
        time.sleep(AGAIN_SECONDS)


def look_at_metrics(ports: Mapping[str, str]) -> None:
    """docker/metrics.yml publishes what each part measures; a part that has just begun has measured nothing yet."""
    deadline = time.monotonic() + METRICS_SECONDS
    for part, name in METRICS.items():
        while f'part="{part}"' not in _metrics(int(ports[name])):
            if time.monotonic() > deadline:
                raise CheckFailed(f"{name} does not show what {part} measures")
            time.sleep(AGAIN_SECONDS)


def documented(title: str) -> str:
    """The first block of commands below a title of docs/operations.md."""
    found = re.search(rf"^### {re.escape(title)}\n.*?^```sh\n(.*?)^```", OPERATIONS.read_text("utf-8"), re.M | re.S)
    if found is None:
        raise CheckFailed(f"docs/operations.md has no commands below {title!r}")
    return found[1]


def _status(project: Project) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(project.typed("make", "status", "JSON=1"))
    return told


def _metrics(port: int) -> str:
    with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/metrics", timeout=10) as answer:
        text: str = answer.read().decode()
    return text


def _records(project: Project, topic: str) -> int:
    (records,) = (found["records"] for found in _status(project)["topics"] if found["name"] == topic)
    return int(records)
