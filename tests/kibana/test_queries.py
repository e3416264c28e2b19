"""The panels' queries on the real Elasticsearch, over documents that the indexer wrote."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from elasticsearch import Elasticsearch

from indexer.documents import Document, documents
from indexer.elasticsearch_writer import ElasticsearchWriter
from kibana.data_views import NAMES
from local.elasticsearch import ElasticsearchServer
from local.elasticsearch_accounts import ADMIN, INDEXER, READER
from market.records import Health
from tests.indexer import made_up
from tests.kibana.lens_query import aggregations, rows
from tests.kibana.opened import dashboards, delivered, lens, panels_of

Json = dict[str, Any]

SYMBOL = "KIBANA"
MINUTE, SPAN = made_up.MINUTE, 60_000
PANELS = [panel for dashboard in dashboards(delivered()) for panel in panels_of(dashboard)]


def journaled(kind: str, minute: int, **changes: Any) -> Document:
    """The made-up record of that kind, so many minutes later."""
    (record,) = (r for r in made_up.journal(SYMBOL) if r.__struct_config__.tag == kind)
    changes |= {"id": f"{SYMBOL}-{kind}-{minute}", "event_time": MINUTE + minute * SPAN}
    (document,) = documents("bot.events", made_up.as_value(msgspec.structs.replace(record, **changes)))
    return document


def health(part: str, minute: int, **metrics: int | float | str | None) -> Document:
    """A part's sample of a minute, of our symbol."""
    sample = Health(exchange="", symbol=SYMBOL, event_time=MINUTE + minute * SPAN, part=part, metrics=metrics)
    (document,) = documents("health", made_up.as_value(sample))
    return document


def written() -> Iterator[Document]:
    """Three minutes of a market and of a bot: a ratio, none, a ratio; two rounds; a correction."""
    for minute, value in enumerate(("0.5", None, "3.25")):
        record = msgspec.structs.replace(made_up.minute(SYMBOL, MINUTE + minute * SPAN), value=value)
        yield from documents("spark.out", made_up.as_value(record))
        yield journaled("ticker", minute, bid=f"{100 + minute}.5", ask=f"{101 + minute}.5")
        yield journaled("balance", minute, equity=f"{1000 - minute}.0", buy_and_hold="1001.0")
        yield journaled("decision", minute, reason="bought" if minute == 0 else "holding")
        yield health(
            "producer-gemini", minute, symbols_trusted=2 - minute % 2, delay_ms_p50=20, delay_ms_p99=90 + minute
        )
        yield health("indexer", minute, records_behind=10 * minute)
        yield from documents("gemini-feed", made_up.as_value(made_up.trade(SYMBOL, f"kibana-{minute}")))
    yield from documents("gemini-feed", made_up.as_value(made_up.gap(SYMBOL, MINUTE + SPAN, MINUTE + SPAN + 1)))
    yield journaled("score", 0, net="-3.25")
    yield journaled("score", 2, net="1.0")
    yield journaled("fill", 0, side="buy", fee="1.5")
    yield journaled("fill", 2, side="sell", fee="1.25")


@pytest.fixture(scope="module")
def reader(elasticsearch: ElasticsearchServer) -> Iterator[Elasticsearch]:
    """Elasticsearch for a user who may only look, the documents written by the indexer's writer."""
    writer = ElasticsearchWriter(elasticsearch.url, *elasticsearch.login(INDEXER))
    writer.put_templates()
    assert writer.write(list(written())) == ()
    writer.close()
    with Elasticsearch(elasticsearch.url, basic_auth=elasticsearch.login(ADMIN), request_timeout=60) as admin:
        admin.indices.refresh(index="crypto-*")
    with Elasticsearch(elasticsearch.url, basic_auth=elasticsearch.login(READER), request_timeout=60) as client:
        yield client


def drawn(reader: Elasticsearch, panel: Json, layer_id: str = "layer-0") -> list[Json]:
    """What a layer of a panel shows of our symbol."""
    attributes = lens(panel)
    layer = attributes["state"]["datasourceStates"]["formBased"]["layers"][layer_id]
    names = {r["name"].removeprefix("indexpattern-datasource-layer-"): r["id"] for r in attributes["references"]}
    kql = attributes["state"]["query"]["query"]
    only: list[Json] = [{"term": {"symbol": SYMBOL}}]
    if kql:
        field, value = kql.split(" : ")
        only.append({"wildcard" if "*" in value else "term": {field: value}})
    answer = reader.search(
        index=names[layer_id], query={"bool": {"filter": only}}, aggs=aggregations(layer), size=0, track_total_hits=True
    )
    return rows(layer, answer.body)


def panel(name: str) -> Json:
    (found,) = (panel for panel in PANELS if panel["panelIndex"] == name)
    return found


@pytest.mark.parametrize("name", [panel["panelIndex"] for panel in PANELS])
def test_elasticsearch_answers_every_panel_with_something_to_draw(reader: Elasticsearch, name: str) -> None:
    visualization = lens(panel(name))["state"]["visualization"]
    values = visualization["layers"][0]["accessors"] if "layers" in visualization else [visualization["metricAccessor"]]
    shown = drawn(reader, panel(name))
    for value in values:
        assert any(isinstance(row[value], int | float) for row in shown), value


def test_ratio_is_that_of_each_minute_and_nothing_where_there_is_none(reader: Elasticsearch) -> None:
    shown = [(row["split"], row["time"], row["ratio"]) for row in drawn(reader, panel("ratio"))]
    assert shown == [(SYMBOL, MINUTE, 0.5), (SYMBOL, MINUTE + SPAN, None), (SYMBOL, MINUTE + 2 * SPAN, 3.25)]


def test_price_is_bid_and_ask(reader: Elasticsearch) -> None:
    assert [(row["bid"], row["ask"]) for row in drawn(reader, panel("price"))] == [
        (100.5, 101.5), (101.5, 102.5), (102.5, 103.5),
    ]  # fmt: skip


def test_profit_sums_up_over_minutes_without_a_round(reader: Elasticsearch) -> None:
    shown = drawn(reader, panel("profit"))
    assert [row["profit-so-far"] for row in shown] == [-3.25, -3.25, -2.25]
    assert {row["split"] for row in shown} == {f"rtc-paper-{SYMBOL}"}


def test_equity_stands_beside_buy_and_hold(reader: Elasticsearch) -> None:
    assert [(row["equity"], row["hold"]) for row in drawn(reader, panel("equity"))] == [
        (1000.0, 1001.0), (999.0, 1001.0), (998.0, 1001.0),
    ]  # fmt: skip


def test_decisions_are_counted_by_reason(reader: Elasticsearch) -> None:
    counts = {
        (row["split"], (row["time"] - MINUTE) // SPAN): row["decisions"] for row in drawn(reader, panel("decisions"))
    }
    assert counts == {("bought", 0): 1, ("holding", 1): 1, ("holding", 2): 1}


def test_fills_are_counted_by_side(reader: Elasticsearch) -> None:
    assert [(row["split"], row["fills"]) for row in drawn(reader, panel("fills"))] == [("buy", 1), ("sell", 1)]


@pytest.mark.parametrize(
    ("name", "value"),
    [("net", -2.25), ("fees", 2.75), ("rounds", 2), ("fill-count", 2), ("decision-count", 3), ("incomplete", 1)],
)
def test_number_at_the_top(reader: Elasticsearch, name: str, value: float) -> None:
    assert drawn(reader, panel(name)) == [{"value": value}]


def test_feed_is_told_by_producer_and_other_parts_are_not_among_them(reader: Elasticsearch) -> None:
    shown = [(row["split"], row["trusted"]) for row in drawn(reader, panel("whole-books"))]
    assert shown == [("producer-gemini", 2.0), ("producer-gemini", 1.0), ("producer-gemini", 2.0)]
    assert [(row["p50"], row["p99"]) for row in drawn(reader, panel("delay"))] == [(20, 90), (20, 91), (20, 92)]


def test_what_waits_is_told_by_reader(reader: Elasticsearch) -> None:
    behind = [row["behind"] for row in drawn(reader, panel("behind")) if row["split"] == "indexer"]
    assert behind == [0, 10, 20]


def test_minutes_that_were_not_seen_whole_are_told_by_symbol(reader: Elasticsearch) -> None:
    assert [(row["split"], row["minutes"]) for row in drawn(reader, panel("not-whole"))] == [(SYMBOL, 1)]


def test_what_arrives_is_counted_by_minute(reader: Elasticsearch) -> None:
    assert [row["changes"] for row in drawn(reader, panel("changes"))] == [12, 12, 12]
    assert sum(row["trades"] for row in drawn(reader, panel("trades"))) == 3
    assert drawn(reader, panel("minute-count")) == [{"value": 3}]


def test_every_data_view_names_an_index_with_a_time(reader: Elasticsearch) -> None:
    for index in NAMES:
        found = reader.field_caps(index=index, fields="@timestamp")["fields"]["@timestamp"]
        assert list(found) == ["date"], index
