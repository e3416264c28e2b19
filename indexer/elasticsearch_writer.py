"""Writes documents to Elasticsearch: templates first, then bulk requests that say of each document how it went."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, AuthenticationException, AuthorizationException, Elasticsearch

from indexer.documents import Document
from indexer.errors import ElasticsearchAway, ElasticsearchRefuses
from indexer.templates import INDICES, template

_TOO_BUSY = 429
_SERVER_ERROR = 500


@dataclass(frozen=True)
class Refused:
    """A document that Elasticsearch will never take: its place among those given, and the reason."""

    place: int
    reason: str


class ElasticsearchWriter:
    """One connection. Calls raise `ElasticsearchAway` when they may be tried again, `ElasticsearchRefuses` when not."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = url
        self._client = Elasticsearch(url, basic_auth=(user, password), request_timeout=30, max_retries=0)

    def put_templates(self) -> None:
        """Puts the template of every index. Can be repeated."""
        for index in INDICES:
            self._call(
                self._client.indices.put_index_template,
                name=index,
                index_patterns=[index],
                priority=200,
                template=template(index),
            )

    def write(self, documents: Sequence[Document]) -> tuple[Refused, ...]:
        """Writes the documents, each under its id, and returns those that are refused for good.

        Raises `ElasticsearchAway` when any of them may still be taken later: all are to be written again then, which
        changes nothing about those that are there already.
        """
        if not documents:
            return ()
        operations: list[dict[str, Any]] = []
        for document in documents:
            operations += [{"index": {"_index": document.index, "_id": document.id}}, document.source]
        answer = self._call(self._client.bulk, operations=operations)
        refused = []
        for place, item in enumerate(answer["items"]):
            status, error = item["index"]["status"], item["index"].get("error")
            if status == _TOO_BUSY or status >= _SERVER_ERROR:
                raise ElasticsearchAway(f"Elasticsearch at {self._url} cannot take more now: {_reason(error)}")
            if error is not None:
                refused.append(
                    Refused(place, f"{documents[place].index} refuses {documents[place].id}: {_reason(error)}")
                )
        return tuple(refused)

    def count(self, index: str) -> int:
        """How many documents an index holds; 0 when there is none of that name."""
        answer = self._call(self._client.count, index=index, ignore_unavailable=True)
        return int(answer["count"])

    def refresh(self) -> None:
        """Makes what was written visible to searches and counts."""
        self._call(self._client.indices.refresh, index="crypto-*", ignore_unavailable=True)

    def close(self) -> None:
        """Ends the connection."""
        self._client.close()

    def _call(self, call: Any, **arguments: Any) -> Any:
        try:
            return call(**arguments)
        except (AuthenticationException, AuthorizationException) as error:
            raise ElasticsearchRefuses(
                f"Elasticsearch at {self._url} refuses the user or what it may do (HTTP {error.status_code}): "
                "look at ELASTICSEARCH_USER, its password and its role"
            ) from None
        except ApiError as error:
            if error.status_code == _TOO_BUSY or error.status_code >= _SERVER_ERROR:
                raise ElasticsearchAway(f"Elasticsearch at {self._url} answers HTTP {error.status_code}") from error
            raise ElasticsearchRefuses(f"Elasticsearch at {self._url} refuses a request: {error}") from error
        except TransportError as error:
            raise ElasticsearchAway(f"Elasticsearch at {self._url} does not answer: {error.message}") from error


def _reason(error: Any) -> str:
    if not isinstance(error, dict):
        return "no reason given"
    cause = error.get("caused_by") or {}
    return " - ".join(str(part["reason"]) for part in (error, cause) if part.get("reason")) or str(error.get("type"))
