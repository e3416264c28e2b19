"""How many documents Elasticsearch holds, asked as the user that may only look."""

import http.client
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

import msgspec

from local.elasticsearch_accounts import READER, password_file
from local.ports import LOOPBACK

SECONDS = 4.0
PAUSE_SECONDS = 2.0
# A search counts what a plain count of an index that nobody searches would leave out for a while.
_QUESTION = b'{"size":0,"aggs":{"index":{"terms":{"field":"_index","size":1000}}}}'

Documents = Mapping[str, int] | str


class _Bucket(msgspec.Struct):
    key: str
    doc_count: int


class _Index(msgspec.Struct):
    buckets: list[_Bucket]


class _Aggregations(msgspec.Struct):
    index: _Index | None = None


class _Answer(msgspec.Struct):
    aggregations: _Aggregations = msgspec.field(default_factory=_Aggregations)


def document_counts(port: int, folder: Path, seconds: float = SECONDS) -> Documents:
    """The documents of each index that has any; or, as a text, why that is not known.

    `folder` is what the run's Elasticsearch keeps: the reader's password is in it.
    """
    try:
        password = password_file(folder, READER).read_text(encoding="utf-8")
    except OSError:
        return "has not been started yet"
    return counted(LOOPBACK, port, password, seconds)


def counted(host: str, port: int, password: str, seconds: float = SECONDS) -> Documents:
    """As `document_counts`, with the reader's password as it is."""
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    login = b64encode(f"{READER}:{password}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
    try:
        connection.request("GET", "/crypto-*/_search", body=_QUESTION, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        return f"does not answer at {host}:{port}"
    finally:
        connection.close()
    return counts_in(answer.status, body)


def counts_in(status: int, body: bytes) -> Documents:
    """The counts that an answer holds; or, as a text, why it holds none."""
    if status != http.client.OK:
        return f"does not tell its documents (status {status})"
    try:
        index = msgspec.json.decode(body, type=_Answer).aggregations.index
    except msgspec.DecodeError:
        return "gave an answer that is not understood"
    return {bucket.key: bucket.doc_count for bucket in index.buckets} if index is not None else {}


@dataclass
class CountsWatch:
    """Asks every few seconds, in a thread of its own, so that a slow answer does not hold the screen up.

    `latest` is the newest answer. A context manager.
    """

    port: int
    folder: Path
    latest: Documents = "not asked yet"
    _stop: Event = field(default_factory=Event)
    _thread: Thread | None = None

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._run, name="document counts", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.latest = document_counts(self.port, self.folder)
            self._stop.wait(PAUSE_SECONDS)
