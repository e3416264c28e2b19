"""Bulk requests: where documents are cut, and what an answer says of them."""

from typing import Any

import msgspec
import pytest

from indexer.bulk import Refused, refusals, requests
from indexer.documents import Document
from indexer.errors import ElasticsearchAway, ElasticsearchRefuses


def document(name: str, size: int = 0) -> Document:
    return Document("crypto-trades", name, {"text": "x" * size})


def item(status: int, kind: str | None = None, reason: str = "so it is", **error: Any) -> dict[str, Any]:
    outcome: dict[str, Any] = {"_index": "crypto-trades", "_id": "t", "status": status}
    if kind is not None:
        outcome["error"] = {"type": kind, "reason": reason, **error}
    return {"index": outcome}


def test_documents_that_fit_are_one_request_of_two_lines_each() -> None:
    (request,) = requests([document("a"), document("b")], 1000)
    assert request.first == 0
    assert [msgspec.json.decode(line) for line in request.lines] == [
        {"index": {"_index": "crypto-trades", "_id": "a"}},
        {"text": ""},
        {"index": {"_index": "crypto-trades", "_id": "b"}},
        {"text": ""},
    ]


def test_no_request_is_larger_than_allowed_but_for_a_document_that_is() -> None:
    given = [document("a", 300), document("b", 300), document("c", 5000), document("d", 300), document("e", 10)]
    cut = list(requests(given, 1000))
    assert [(request.first, len(request.lines) // 2) for request in cut] == [(0, 2), (2, 1), (3, 2)]
    assert all(sum(len(line) + 1 for line in request.lines) <= 1000 for request in cut if request.first != 2)


def test_nothing_makes_no_request() -> None:
    assert list(requests([], 1000)) == []


def test_refused_document_is_named_by_its_place_among_all() -> None:
    wrong = item(400, "document_parsing_exception", caused_by={"reason": "not a number"})
    assert list(refusals(10, [item(201), wrong, item(200)])) == [
        Refused(11, "crypto-trades does not take 't': so it is - not a number")
    ]


@pytest.mark.parametrize(
    "trouble",
    [
        item(429, "es_rejected_execution_exception"),
        item(503, "unavailable_shards_exception"),
        item(500, "unheard_of"),
        item(403, "cluster_block_exception"),
        item(400, "index_closed_exception"),
        item(400, "validation_exception"),
    ],
    ids=lambda trouble: trouble["index"]["error"]["type"],
)
def test_trouble_that_passes_is_no_fault_of_the_document(trouble: dict[str, Any]) -> None:
    with pytest.raises(ElasticsearchAway, match="so it is"):
        list(refusals(0, [item(201), trouble]))


@pytest.mark.parametrize(
    "trouble",
    [item(403, "security_exception"), item(404, "index_not_found_exception")],
    ids=lambda trouble: trouble["index"]["error"]["type"],
)
def test_trouble_of_rights_or_settings_is_no_fault_of_the_document(trouble: dict[str, Any]) -> None:
    with pytest.raises(ElasticsearchRefuses, match="so it is"):
        list(refusals(0, [trouble]))


def test_reason_without_words_is_its_kind() -> None:
    (refused,) = refusals(0, [item(400, "illegal_argument_exception", reason="")])
    assert refused.reason.endswith("illegal_argument_exception")
