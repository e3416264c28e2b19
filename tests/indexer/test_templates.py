"""The templates: strict, one an index, and each field of the type that charts need."""

import re
from typing import Any

import msgspec
import pytest

from indexer.documents import documents
from indexer.templates import INDICES, template
from tests.indexer.made_up import as_value, one_of_each

ALL = one_of_each("BTCUSD")
DOCUMENTS = [document for topic, record in ALL for document in documents(topic, as_value(record))]


def properties(index: str) -> dict[str, Any]:
    found: dict[str, Any] = template(index)["mappings"]["properties"]
    return found


def expected_type(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return "flattened"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "date" if value > 10**12 or name == "timestamp" else "long"
    return "double" if re.fullmatch(r"-?\d+\.\d+", value) else "keyword"


@pytest.mark.parametrize("record", [record for _, record in ALL], ids=lambda record: record.__struct_config__.tag)
def test_made_up_record_sets_every_field(record: msgspec.Struct) -> None:
    if record.__struct_config__.tag in ("gap", "forecast_day"):
        return
    written = msgspec.json.decode(as_value(record))
    assert written.keys() == {"type", *record.__struct_encode_fields__}
    assert None not in written.values()


def test_every_index_has_a_document_made_up_here() -> None:
    assert {document.index for document in DOCUMENTS} == set(INDICES)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: f"{document.index} {document.source['type']}")
def test_every_field_is_mapped_as_what_it_is(document: Any) -> None:
    mapped = {name: properties(document.index)[name]["type"] for name in document.source}
    assert mapped == {name: expected_type(name, value) for name, value in document.source.items()}


@pytest.mark.parametrize("index", INDICES)
def test_template_is_strict_and_needs_one_node_only(index: str) -> None:
    wanted = template(index)
    assert wanted["mappings"]["dynamic"] == "strict"
    assert wanted["settings"] == {"number_of_shards": 1, "number_of_replicas": 0}


def test_windows_start_in_seconds_is_the_same_moment_as_in_milliseconds() -> None:
    of_liquidity = properties("crypto-liquidity")
    assert of_liquidity["timestamp"]["format"] == "epoch_second"
    assert of_liquidity["window_start"]["format"] == "epoch_millis"
