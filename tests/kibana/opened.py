"""Our objects as Kibana reads them, and with one change somewhere within."""

import json
from collections.abc import Callable
from typing import Any

from indexer.templates import INDICES, template
from kibana.content import saved_objects
from kibana.dashboards import dashboards as made
from kibana.saved_objects import ndjson
from tests.kibana.panel_faults import Fields

Json = dict[str, Any]


def delivered() -> list[Json]:
    """The objects of our file."""
    return delivered_with("0.1", "2")


def delivered_with(ratio_min: str, ratio_max: str) -> list[Json]:
    """The same for a bot with these bounds of the ratio."""
    objects = saved_objects(made(ratio_bounds=(ratio_min, ratio_max)))
    return [json.loads(line) for line in ndjson(objects).splitlines()]


def index_fields() -> Fields:
    """The fields of every index, as the indexer's templates make them."""
    return {
        index: {name: mapping["type"] for name, mapping in template(index)["mappings"]["properties"].items()}
        for index in INDICES
    }


def dashboards(objects: list[Json]) -> list[Json]:
    """The dashboards among them."""
    return [saved for saved in objects if saved["type"] == "dashboard"]


def panels_of(dashboard: Json) -> list[Json]:
    """A dashboard's panels."""
    panels: list[Json] = json.loads(dashboard["attributes"]["panelsJSON"])
    return panels


def with_panel(name: str, change: Callable[[Json], object]) -> list[Json]:
    """Our objects, that panel of the first dashboard changed."""
    objects = delivered()
    dashboard = dashboards(objects)[0]
    panels = panels_of(dashboard)
    (panel,) = (panel for panel in panels if panel["panelIndex"] == name)
    change(panel)
    dashboard["attributes"]["panelsJSON"] = json.dumps(panels)
    return objects


def lens(panel: Json) -> Json:
    """The Lens attributes of a panel."""
    attributes: Json = panel["embeddableConfig"]["attributes"]
    return attributes


def columns(panel: Json, layer: str = "layer-0") -> Json:
    """The columns of a panel's layer."""
    found: Json = lens(panel)["state"]["datasourceStates"]["formBased"]["layers"][layer]["columns"]
    return found


def look(panel: Json, number: int = 0) -> Json:
    """How a layer of a chart is drawn."""
    found: Json = lens(panel)["state"]["visualization"]["layers"][number]
    return found
