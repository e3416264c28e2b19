"""What a real Kibana takes at import and then shows as nothing: looked for in a file of objects. Pure.

Each rule stands for a mistake that was made on purpose at a Kibana 8.12 and looked at in a browser.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]
# Index name → its fields and their types in Elasticsearch.
Fields = Mapping[str, Mapping[str, str]]

RECORDS = "___records___"
_NUMBERS, _WORDS = {"double", "long"}, {"keyword", "boolean"}
# What each operation can be asked of.
_FIELD_TYPES: dict[str, set[str]] = {
    "date_histogram": {"date"},
    "terms": _WORDS,
    "average": _NUMBERS,
    "sum": _NUMBERS,
    "unique_count": _NUMBERS | _WORDS | {"date"},
}
_WITHOUT_FIELD = {"cumulative_sum", "static_value"}
_SERIES = {"line", "bar_stacked"}
_GRID_COLUMNS = 48


def faults(objects: list[Json], fields: Fields) -> list[str]:
    """Every fault of every object; none when all panels can be drawn."""
    views = {o["id"]: o["attributes"] for o in objects if o["type"] == "index-pattern"}
    found = [f"data view {id}: {fault}" for id, view in views.items() for fault in _view_faults(view, fields)]
    for saved in objects:
        if saved["type"] == "dashboard":
            found += [f"{saved['id']}: {fault}" for fault in _dashboard_faults(saved, views, fields)]
    return found


def _view_faults(view: Json, fields: Fields) -> Iterator[str]:
    title, time_field = view.get("title", ""), view.get("timeFieldName")
    if title not in fields:
        yield f"there is no index {title!r}"
    elif fields[title].get(str(time_field)) != "date":
        yield f"its time field {time_field!r} is no date of {title}"
    if not isinstance(view.get("fields", ""), str):
        yield "fields is no text"


def _dashboard_faults(saved: Json, views: Mapping[str, Json], fields: Fields) -> Iterator[str]:
    attributes = saved["attributes"]
    for name in ("panelsJSON", "optionsJSON"):
        try:
            json.loads(attributes[name])
        except (KeyError, TypeError, ValueError):
            yield f"{name} is no JSON"
            return
    panels: list[Json] = json.loads(attributes["panelsJSON"])
    if not panels:
        yield "it has no panels"
    wanted = {(f"{panel.get('panelIndex')}:{r['name']}", r["id"]) for panel in panels for r in _references(panel)}
    given = {(reference["name"], reference["id"]) for reference in saved["references"]}
    yield from (f"reference {name} to {id} is missing" for name, id in sorted(wanted - given))
    yield from (f"reference {name} to {id} is of no panel" for name, id in sorted(given - wanted))
    indices = [panel.get("panelIndex") for panel in panels]
    yield from (f"panelIndex {index!r} is there twice" for index in {i for i in indices if indices.count(i) > 1})
    for panel in panels:
        yield from (f"panel {panel.get('panelIndex')}: {fault}" for fault in _panel_faults(panel, views, fields))
    yield from _overlaps(panels)


def _panel_faults(panel: Json, views: Mapping[str, Json], fields: Fields) -> Iterator[str]:
    if panel.get("type") != "lens":
        yield f"unknown type {panel.get('type')!r}"
        return
    if not isinstance(panel.get("panelIndex"), str):
        yield "panelIndex is no text"
    yield from _grid_faults(panel)
    yield from _lens_faults(panel["embeddableConfig"]["attributes"], views, fields)


def _grid_faults(panel: Json) -> Iterator[str]:
    grid = panel.get("gridData")
    if not isinstance(grid, dict):
        yield "gridData is missing"
        return
    if any(type(grid.get(name)) is not int for name in "xywh"):
        yield f"gridData is not made of whole numbers: {grid}"
    elif grid["x"] < 0 or grid["y"] < 0 or grid["w"] < 1 or grid["h"] < 1 or grid["x"] + grid["w"] > _GRID_COLUMNS:
        yield f"gridData lies outside the grid: {grid}"
    if grid.get("i") != panel.get("panelIndex"):
        yield "gridData.i is not the panelIndex"


def _overlaps(panels: list[Json]) -> Iterator[str]:
    taken: dict[tuple[int, int], str] = {}
    for panel in panels:
        if next(_grid_faults(panel), None) is not None:
            continue
        grid, name = panel["gridData"], panel["panelIndex"]
        cells = {(grid["x"] + x, grid["y"] + y) for x in range(grid["w"]) for y in range(grid["h"])}
        yield from (f"panels {name} and {other} overlap" for other in {taken[cell] for cell in cells & taken.keys()})
        taken |= dict.fromkeys(cells, name)


def _lens_faults(lens: Json, views: Mapping[str, Json], fields: Fields) -> Iterator[str]:
    layers = lens["state"]["datasourceStates"]["formBased"]["layers"]
    shown = lens["state"]["visualization"]
    of_layer = {reference["name"].removeprefix("indexpattern-datasource-layer-"): reference["id"]
                for reference in lens["references"]}  # fmt: skip
    if set(of_layer) != set(layers):
        yield f"references of layers {sorted(of_layer)}, but there are {sorted(layers)}"
    for id, layer in layers.items():
        view = views.get(of_layer.get(id, ""))
        if view is None:
            yield f"{id}: its data view is not in the file"
        else:
            yield from (f"{id}: {fault}" for fault in _column_faults(layer, fields.get(view.get("title", ""), {})))
    if lens["visualizationType"] not in ("lnsXY", "lnsMetric"):
        yield f"unknown visualizationType {lens['visualizationType']!r}"
        return
    looks = shown["layers"] if lens["visualizationType"] == "lnsXY" else [shown]
    if {look.get("layerId") for look in looks} != set(layers):
        yield "the layers that are drawn are not those that are asked for"
    for look in looks:
        columns = layers.get(look.get("layerId"), {"columns": {}})["columns"]
        yield from _look_faults(lens["visualizationType"], look, columns)


def _column_faults(layer: Json, types: Mapping[str, str]) -> Iterator[str]:
    columns = layer["columns"]
    if sorted(layer["columnOrder"]) != sorted(columns):
        yield "columnOrder does not name each column once"
    buckets = [columns[name]["isBucketed"] for name in layer["columnOrder"] if name in columns]
    if buckets != sorted(buckets, reverse=True):
        yield "columnOrder does not begin with the buckets"
    for name, column in columns.items():
        operation, field = column["operationType"], column.get("sourceField")
        if operation == "cumulative_sum":
            of = [columns.get(reference, {}).get("operationType") for reference in column["references"]]
            if len(of) != 1 or of[0] not in ("sum", "count"):
                yield f"{name}: a cumulative_sum needs one sum or count of its layer, not {column['references']}"
        elif operation == "count":
            if field != RECORDS:
                yield f"{name}: count counts {RECORDS}, not {field}"
        elif operation in _FIELD_TYPES:
            if types.get(str(field)) not in _FIELD_TYPES[operation]:
                yield f"{name}: {operation} of {field!r}, which is {types.get(str(field), 'no field')}"
        elif operation not in _WITHOUT_FIELD:
            yield f"{name}: unknown operationType {operation!r}"
        if operation == "static_value":
            float(column["params"]["value"])


def _look_faults(kind: str, look: Json, columns: Mapping[str, Json]) -> Iterator[str]:
    if kind == "lnsMetric":
        if columns.get(look.get("metricAccessor", ""), {"isBucketed": True})["isBucketed"]:
            yield f"metricAccessor {look.get('metricAccessor')!r} is no number of its layer"
        return
    if not look.get("accessors"):
        yield "a layer draws nothing"
    for name in look.get("accessors", []):
        if columns.get(name, {"isBucketed": True})["isBucketed"]:
            yield f"accessor {name!r} is no number of its layer"
    if look["layerType"] == "referenceLine":
        for style in look["yConfig"]:
            if style["forAccessor"] not in look["accessors"]:
                yield f"a line's look is for {style['forAccessor']!r}, which is not drawn"
        return
    if look["layerType"] != "data" or look.get("seriesType") not in _SERIES:
        yield f"unknown layer {look['layerType']!r} or series {look.get('seriesType')!r}"
    if columns.get(look.get("xAccessor", ""), {}).get("operationType") != "date_histogram":
        yield f"xAccessor {look.get('xAccessor')!r} is no time of its layer"
    if "splitAccessor" in look and columns.get(look["splitAccessor"], {}).get("operationType") != "terms":
        yield f"splitAccessor {look['splitAccessor']!r} are no values of its layer"


def _references(panel: Json) -> list[Json]:
    references: list[Json] = panel.get("embeddableConfig", {}).get("attributes", {}).get("references", [])
    return references
