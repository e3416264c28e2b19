"""The writer on the real Elasticsearch, as the user with the fewest rights that do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import msgspec
import pytest
from elasticsearch import Elasticsearch

from indexer import templates
from indexer.documents import Document, documents
from indexer.elasticsearch_writer import LARGEST_REQUEST_BYTES, ElasticsearchWriter
from indexer.errors import ElasticsearchAway, ElasticsearchRefuses
from local.elasticsearch import ElasticsearchServer
from local.elasticsearch_accounts import READER
from market.records import encode
from pipeline import indices
from pipeline.topics import GEMINI_FEED
from tests.indexer.indexed import Indexed
from tests.indexer.made_up import as_value, one_of_each, trade


def documents_of_each_kind(symbol: str) -> list[Document]:
    return [document for topic, record in one_of_each(symbol) for document in documents(topic, as_value(record))]


def trades(symbol: str, *ids: str) -> list[Document]:
    return [document for id in ids for document in documents(GEMINI_FEED, encode(trade(symbol, id)))]


def test_record_of_each_kind_with_all_its_fields_is_taken(
    writer: ElasticsearchWriter, symbol: str, indexed: Indexed
) -> None:
    given = documents_of_each_kind(symbol)
    writer.put_templates()
    assert writer.write(given) == ()
    assert writer.write(given) == ()
    assert indexed.ids() == {document.id for document in given}


def test_document_can_be_read_as_what_it_means(writer: ElasticsearchWriter, symbol: str, admin: Elasticsearch) -> None:
    writer.put_templates()
    writer.write(documents_of_each_kind(symbol))
    admin.indices.refresh(index=indices.LIQUIDITY)
    found = admin.search(
        index=indices.LIQUIDITY,
        query={"bool": {"filter": [{"term": {"symbol": symbol}}, {"term": {"complete": True}}]}},
        aggs={"ask": {"sum": {"field": "ask"}}, "minutes": {"date_histogram": {"field": "@timestamp", **PER_MINUTE}}},
    )
    assert found["aggregations"]["ask"]["value"] == 10.5
    (bucket,) = found["aggregations"]["minutes"]["buckets"]
    assert bucket["key_as_string"] == "1700000040000"


PER_MINUTE = {"fixed_interval": "1m"}


def test_templates_are_put_again_and_again(writer: ElasticsearchWriter) -> None:
    writer.put_templates()
    writer.put_templates()


def test_index_made_before_a_field_was_added_takes_the_field(
    writer: ElasticsearchWriter, symbol: str, admin: Elasticsearch, indexed: Indexed
) -> None:
    admin.indices.delete(index=indices.SCORES, ignore_unavailable=True)
    admin.options(ignore_status=404).indices.delete_index_template(name=indices.SCORES)
    old = {name: kind for name, kind in template_properties(indices.SCORES).items() if name != "net_percent"}
    admin.indices.create(index=indices.SCORES, mappings={"dynamic": "strict", "properties": old})
    of_score = [document for document in documents_of_each_kind(symbol) if document.index == indices.SCORES]
    assert len(writer.write(of_score)) == 1
    writer.put_templates()
    assert writer.write(of_score) == ()
    assert indexed.ids(indices.SCORES) == {f"{symbol}-score"}


def template_properties(index: str) -> dict[str, object]:
    found: dict[str, object] = templates.template(index)["mappings"]["properties"]
    return found


def test_wrong_documents_are_refused_by_name_and_the_rest_is_written(
    writer: ElasticsearchWriter, symbol: str, indexed: Indexed
) -> None:
    writer.put_templates()
    right_first, wrong_type, not_finite, unknown_field, right_last = trades(symbol, "1", "2", "3", "4", "5")
    wrong_type.source["price"] = "abc"
    not_finite.source["size"] = "NaN"
    unknown_field.source["typo"] = 1
    refused = writer.write([right_first, wrong_type, not_finite, unknown_field, right_last])
    assert [each.place for each in refused] == [1, 2, 3]
    for each, named in zip(refused, ("price", "size", "typo"), strict=True):
        assert named in each.reason
    assert indexed.ids() == {right_first.id, right_last.id}


def test_documents_of_many_megabytes_go_in_several_requests_and_keep_their_places(
    writer: ElasticsearchWriter, symbol: str, indexed: Indexed
) -> None:
    writer.put_templates()
    (intent,) = (document for document in documents_of_each_kind(symbol) if document.index == indices.INTENTS)
    long = dict.fromkeys(("bot", "client_order_id", "side", "purpose"), "x" * 30_000)
    given = [Document(intent.index, f"{symbol}-{n}", intent.source | long) for n in range(60)]
    given[50].source["amount"] = "wrong"
    assert sum(len(msgspec.json.encode(document.source)) for document in given) > LARGEST_REQUEST_BYTES
    assert [each.place for each in writer.write(given)] == [50]
    assert len(indexed.ids(indices.INTENTS)) == 59


def test_index_that_an_operator_made_read_only_is_waited_for(
    writer: ElasticsearchWriter, symbol: str, admin: Elasticsearch, indexed: Indexed
) -> None:
    writer.put_templates()
    given = trades(symbol, "1")
    admin.indices.put_settings(index=indices.TRADES, settings={"index.blocks.write": True})
    try:
        with pytest.raises(ElasticsearchAway, match="blocked"):
            writer.write(given)
    finally:
        admin.indices.put_settings(index=indices.TRADES, settings={"index.blocks.write": None})
    assert writer.write(given) == ()
    assert indexed.ids() == {given[0].id}


def test_start_while_an_operator_made_all_read_only_waits_for_the_end_of_it(
    writer: ElasticsearchWriter, admin: Elasticsearch
) -> None:
    admin.cluster.put_settings(persistent={"cluster.blocks.read_only": True})
    try:
        with pytest.raises(ElasticsearchAway, match="block"):
            writer.put_templates()
    finally:
        admin.cluster.put_settings(persistent={"cluster.blocks.read_only": None})
    writer.put_templates()


def test_user_without_the_right_to_write_is_refused_not_its_documents(
    writer: ElasticsearchWriter, elasticsearch: ElasticsearchServer, symbol: str
) -> None:
    writer.put_templates()
    reader = ElasticsearchWriter(elasticsearch.url, *elasticsearch.login(READER))
    try:
        with pytest.raises(ElasticsearchRefuses):
            reader.write(trades(symbol, "1"))
        with pytest.raises(ElasticsearchRefuses, match="HTTP 403"):
            reader.put_templates()
    finally:
        reader.close()


def test_nothing_listens_is_away(free_ports: Callable[[int], tuple[int, ...]]) -> None:
    (port,) = free_ports(1)
    nowhere = ElasticsearchWriter(f"http://127.0.0.1:{port}", "indexer", "secret")
    with pytest.raises(ElasticsearchAway, match="does not answer"):
        nowhere.put_templates()
    nowhere.close()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        pytest.param(429, ElasticsearchAway, id="too busy"),
        pytest.param(502, ElasticsearchAway, id="a gateway before it cannot reach it"),
        pytest.param(503, ElasticsearchAway, id="starting"),
        pytest.param(401, ElasticsearchRefuses, id="unknown user"),
        pytest.param(413, ElasticsearchRefuses, id="request too large"),
        pytest.param(200, ElasticsearchRefuses, id="another server"),
    ],
)
def test_answer_says_whether_to_wait_or_to_mend(status: int, error: type[Exception], symbol: str) -> None:
    with answering(status) as url:
        connection = ElasticsearchWriter(url, "indexer", "secret")
        with pytest.raises(error) as raised:
            connection.write(trades(symbol, "1"))
        connection.close()
    assert "secret" not in str(raised.value)


@contextmanager
def answering(status: int) -> Iterator[str]:
    """A server that answers every request with that status and a page."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"<html>")

        do_PUT = do_POST = handle_any

        def log_message(self, format: str, *arguments: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()
