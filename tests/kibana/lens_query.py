"""What a Lens layer asks Elasticsearch for: the aggregations that its columns imply. Pure."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

_METRICS = {"average": "avg", "sum": "sum", "unique_count": "cardinality"}


def aggregations(layer: Json) -> Json:
    """The aggregations of a layer, the buckets around the numbers; none for a layer of constants alone."""
    columns = layer["columns"]
    inner: Json = {}
    for name, column in columns.items():
        operation = column["operationType"]
        if operation in _METRICS:
            inner[name] = {_METRICS[operation]: {"field": column["sourceField"]}}
        elif operation == "cumulative_sum":
            # Kibana sums up by itself what Elasticsearch can as well.
            inner[name] = {"cumulative_sum": {"buckets_path": column["references"][0]}}
    for name in reversed(layer["columnOrder"]):
        column = columns[name]
        if column["operationType"] == "date_histogram":
            wanted = {"field": column["sourceField"], "fixed_interval": column["params"]["interval"]}
            inner = {name: {"date_histogram": wanted | {"time_zone": "UTC", "min_doc_count": 0}, "aggs": inner}}
        elif column["operationType"] == "terms":
            terms = {"field": column["sourceField"], "size": column["params"]["size"], "order": {"_key": "asc"}}
            inner = {name: {"terms": terms, "aggs": inner}}
    return inner


def rows(layer: Json, answer: Json) -> list[Json]:
    """The answer as Kibana's table: a row for each bucket of the innermost kind, with a value for each column."""
    return list(_rows(layer, answer.get("aggregations", {}) | {"doc_count": answer["hits"]["total"]["value"]}))


def _rows(layer: Json, found: Json) -> Iterator[Json]:
    buckets = [name for name in layer["columnOrder"] if layer["columns"][name]["isBucketed"] and name in found]
    if buckets:
        for bucket in found[buckets[0]]["buckets"]:
            yield from ({buckets[0]: bucket["key"]} | row for row in _rows(layer, bucket))
        return
    counted = {name for name, column in layer["columns"].items() if column["operationType"] == "count"}
    yield {name: found["doc_count"] if name in counted else found[name]["value"]
           for name, column in layer["columns"].items() if name in counted or name in found}  # fmt: skip
