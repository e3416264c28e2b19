"""Writes documents to Elasticsearch: templates first, then bulk requests that say of each document how it went."""

from collections.abc import Sequence
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, AuthenticationException, AuthorizationException, Elasticsearch

from indexer.bulk import OF_THE_INDEX, SERVER_ERROR, TOO_BUSY, Refused, own_words, refusals, requests
from indexer.documents import Document
from indexer.errors import ElasticsearchAway, ElasticsearchRefuses
from indexer.templates import INDICES, template

# Far below the 100 MB that Elasticsearch takes: larger requests are no faster, and it answers them by hanging up.
LARGEST_REQUEST_BYTES = 4 << 20
# How long a stop may have to wait for an answer. What was not answered is written again, which changes nothing.
_ANSWER_SECONDS = 10.0
# How long Elasticsearch waits for an index that is just coming up, before it says so.
_INDEX_SECONDS = "5s"
_WRONG_REQUEST = 400


class ElasticsearchWriter:
    """One connection. Calls raise `ElasticsearchAway` when they may be tried again, `ElasticsearchRefuses` when not."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = url
        self._client = Elasticsearch(url, basic_auth=(user, password), request_timeout=_ANSWER_SECONDS, max_retries=0)

    def put_templates(self) -> None:
        """Puts the template of every index, and brings every index up to it. Can be repeated.

        A field that is new since an index was made is added to it: else its strict mapping would refuse every document.
        """
        for index in INDICES:
            wanted = template(index)
            self._call(
                self._client.indices.put_index_template,
                name=index,
                index_patterns=[index],
                priority=200,
                template=wanted,
            )
            # That it is there already is most often the answer; any other trouble shows in the next request.
            self._call(self._client.options(ignore_status=_WRONG_REQUEST).indices.create, index=index)
            self._call(self._client.indices.put_mapping, index=index, properties=wanted["mappings"]["properties"])

    def write(self, documents: Sequence[Document]) -> tuple[Refused, ...]:
        """Writes the documents, each under its id, and returns those that are refused for good.

        Raises `ElasticsearchAway` when any of them may still be taken later: all are to be written again then, which
        changes nothing about those that are there already.
        """
        refused: list[Refused] = []
        for request in requests(documents, LARGEST_REQUEST_BYTES):
            answer = self._call(self._client.bulk, operations=request.lines, timeout=_INDEX_SECONDS)
            refused += refusals(request.first, answer["items"])
        return tuple(refused)

    def close(self) -> None:
        """Ends the connection."""
        self._client.close()

    def _call(self, call: Any, **arguments: Any) -> Any:
        try:
            return call(**arguments)
        except (AuthenticationException, AuthorizationException) as error:
            if error.message in OF_THE_INDEX:
                words = own_words(error.body["error"])
                raise ElasticsearchAway(f"Elasticsearch at {self._url} cannot write now: {words}") from None
            raise ElasticsearchRefuses(
                f"Elasticsearch at {self._url} refuses the user or what it may do (HTTP {error.status_code}): "
                "look at ELASTICSEARCH_USER, its password and its role"
            ) from None
        except ApiError as error:
            if error.status_code == TOO_BUSY or error.status_code >= SERVER_ERROR:
                raise ElasticsearchAway(
                    f"Elasticsearch at {self._url} cannot answer now (HTTP {error.status_code})"
                ) from error
            raise ElasticsearchRefuses(f"Elasticsearch at {self._url} refuses a request: {error}") from error
        except TransportError as error:
            raise ElasticsearchAway(f"Elasticsearch at {self._url} does not answer: {error.message}") from error
