"""The documents of Elasticsearch, counted as its reader."""

import json
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from threading import Event

from local.document_counts import CountsWatch, counts_in, document_counts
from local.elasticsearch import ElasticsearchServer
from local.elasticsearch_accounts import READER, password_file

DEADLINE = 60.0


def write(server: ElasticsearchServer, index: str, documents: int) -> None:
    lines = '{"index":{}}\n{"a":1}\n' * documents
    login = b64encode(":".join(server.login("admin")).encode()).decode()
    request = urllib.request.Request(
        f"{server.url}/{index}/_bulk?refresh=true",
        data=lines.encode(),
        headers={"Authorization": f"Basic {login}", "Content-Type": "application/x-ndjson"},
    )
    with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
        assert json.load(answer)["errors"] is False


def test_documents_are_counted_by_index(elasticsearch: ElasticsearchServer, topic_name: Callable[[str], str]) -> None:
    few, many = topic_name("crypto-few"), topic_name("crypto-many")
    write(elasticsearch, few, 2)
    write(elasticsearch, many, 15)
    counts = document_counts(elasticsearch.node.port, elasticsearch.node.folder, DEADLINE)
    assert not isinstance(counts, str), counts
    assert (counts[few], counts[many]) == (2, 15)


def test_watch_keeps_the_newest_counts(elasticsearch: ElasticsearchServer, topic_name: Callable[[str], str]) -> None:
    index, pause = topic_name("crypto-watched"), Event()
    write(elasticsearch, index, 3)
    with CountsWatch(elasticsearch.node.port, elasticsearch.node.folder) as watch:
        for _ in range(int(DEADLINE / 0.1)):
            if not isinstance(watch.latest, str):
                break
            pause.wait(0.1)
        assert not isinstance(watch.latest, str), watch.latest
        assert watch.latest[index] == 3


def test_wrong_password_is_a_reason_and_no_error(elasticsearch: ElasticsearchServer, tmp_path: Path) -> None:
    password_file(tmp_path, READER).write_text("wrong")
    assert document_counts(elasticsearch.node.port, tmp_path, DEADLINE) == "does not tell its documents (status 401)"


def test_elasticsearch_that_is_away_or_was_never_started_is_told(
    tmp_path: Path, free_ports: Callable[[int], tuple[int, ...]]
) -> None:
    (port,) = free_ports(1)
    assert document_counts(port, tmp_path) == "has not been started yet"
    password_file(tmp_path, READER).write_text("any")
    assert document_counts(port, tmp_path) == f"does not answer at 127.0.0.1:{port}"


def test_answer_without_indices_counts_nothing_and_a_strange_one_is_told() -> None:
    assert counts_in(200, b'{"hits":{"hits":[]}}') == {}
    assert counts_in(200, b"<html>") == "gave an answer that is not understood"
