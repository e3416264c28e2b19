"""How two workers (`pytest -n 2`) share the tests: each test goes to the one that is free, unless it needs company."""

from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parent.parent
# Started once for a worker, each takes many seconds of a processor: what uses one stays together on one worker.
SHARED = {
    "Elasticsearch": (
        "tests/indexer/test_dead_letters.py",
        "tests/indexer/test_indexing.py",
        "tests/indexer/test_process.py",
        "tests/indexer/test_writer.py",
        "tests/kibana/test_queries.py",
        "tests/local/test_document_counts.py",
        "tests/local/test_elasticsearch.py",
    ),
    "Spark": (
        "tests/spark_jobs/test_dead_letters.py",
        "tests/spark_jobs/test_feed_rows.py",
        "tests/spark_jobs/test_liquidity.py",
    ),
}
SERVERS = ("elasticsearch", "spark", "artifact_cache")


class Company(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out the tests in their order, those of a company at once."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        # It would begin with what has many tests, not with what takes long.
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return company(nodeid)


@cache
def company(nodeid: str) -> str:
    """With whom a test has to share a worker: with all of the same company. Most are by themselves."""
    file = nodeid.partition("::")[0]
    for server, files in SHARED.items():
        if file in files:
            return server
    return file if has_fixture_of_the_module(file) else nodeid


@cache
def has_fixture_of_the_module(file: str) -> bool:
    """Whether the tests of a file share something that they may change in turn."""
    return 'scope="module"' in (ROOT / file).read_text(encoding="utf-8")


def place(item: pytest.Item) -> int:
    """Where in the order a test comes: a server's tests take long and are first; short ones let both end together."""
    used = getattr(item, "fixturenames", ())
    return next((number for number, server in enumerate(SERVERS) if server in used), len(SERVERS))
