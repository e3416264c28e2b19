"""Bulk requests: how documents are put into them, and what Elasticsearch's answer says of each document. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from indexer.documents import Document
from indexer.errors import ElasticsearchAway, ElasticsearchRefuses

TOO_BUSY = 429
SERVER_ERROR = 500
_WRONG_DOCUMENT = 400
# Troubles of an index, not of the document, whatever status they come with: an operator closed it, made it read-only,
# or the cluster holds as many as it may. They pass without any change of ours.
OF_THE_INDEX = frozenset(("cluster_block_exception", "index_closed_exception", "validation_exception"))

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Refused:
    """A document that Elasticsearch will never take: its place among those given, and the reason."""

    place: int
    reason: str


@dataclass(frozen=True)
class Request:
    """The lines of one request, and the place of its first document among all."""

    first: int
    lines: tuple[bytes, ...]


def requests(documents: Sequence[Document], largest_bytes: int) -> Iterator[Request]:
    """Cuts the documents into requests of at most so many bytes; a larger document has a request of its own."""
    first, size = 0, 0
    lines: list[bytes] = []
    for place, document in enumerate(documents):
        pair = (_encode({"index": {"_index": document.index, "_id": document.id}}), _encode(document.source))
        length = len(pair[0]) + len(pair[1]) + 2
        if lines and size + length > largest_bytes:
            yield Request(first, tuple(lines))
            first, size, lines = place, 0, []
        lines += pair
        size += length
    if lines:
        yield Request(first, tuple(lines))


def refusals(first: int, items: Sequence[Mapping[str, Any]]) -> Iterator[Refused]:
    """Which documents were refused for good, by the answer's items.

    Raises `ElasticsearchAway` when a document was not taken but may be later, `ElasticsearchRefuses` when the trouble
    is neither the document's nor one that passes.
    """
    for place, item in enumerate(items, start=first):
        outcome = item["index"]
        error = outcome.get("error")
        if error is None:
            continue
        status, kind, reason = outcome["status"], error.get("type"), own_words(error)
        where = f"{outcome['_index']} does not take {outcome['_id']!r}: {reason}"
        if status == TOO_BUSY or status >= SERVER_ERROR or kind in OF_THE_INDEX:
            raise ElasticsearchAway(f"Elasticsearch cannot write now: {where}")
        if status != _WRONG_DOCUMENT:
            raise ElasticsearchRefuses(f"Elasticsearch refuses to write (HTTP {status}): {where}")
        yield Refused(place, where)


def own_words(error: Mapping[str, Any]) -> str:
    """The reason that Elasticsearch gives."""
    cause = error.get("caused_by") or {}
    return " - ".join(str(part["reason"]) for part in (error, cause) if part.get("reason")) or str(error.get("type"))
