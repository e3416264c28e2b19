"""The search for faults finds each mistake that Kibana would take and show as nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.kibana.opened import columns, dashboards, delivered, index_fields, lens, look, with_panel
from tests.kibana.panel_faults import faults

Json = dict[str, Any]

MISTAKES: dict[str, tuple[str, Callable[[Json], object], str]] = {
    "unknown field": ("ratio", lambda p: columns(p)["ratio"].update(sourceField="valeu"), "which is no field"),
    "field of a wrong type": ("ratio", lambda p: columns(p)["ratio"].update(sourceField="symbol"), "which is keyword"),
    "unknown operation": ("ratio", lambda p: columns(p)["ratio"].update(operationType="mean"), "unknown operationType"),
    "unknown kind of chart": ("ratio", lambda p: lens(p).update(visualizationType="lnsZY"), "visualizationType"),
    "unknown accessor": ("ratio", lambda p: look(p).update(accessors=["ratoi"]), "accessor 'ratoi'"),
    "a layer that draws nothing": ("ratio", lambda p: look(p).update(accessors=[]), "draws nothing"),
    "bucket as a value": ("ratio", lambda p: look(p).update(accessors=["time"]), "is no number"),
    "no time axis": ("ratio", lambda p: look(p).pop("xAccessor"), "xAccessor"),
    "unknown split": ("ratio", lambda p: look(p).update(splitAccessor="ratio"), "splitAccessor"),
    "unknown series": ("ratio", lambda p: look(p).update(seriesType="lines"), "unknown layer"),
    "look of a line not drawn": ("ratio", lambda p: look(p, 1).update(accessors=["threshold-1"]), "line's look"),
    "layer without reference": ("ratio", lambda p: lens(p).update(references=[]), "references of layers []"),
    "layer that is not asked for": ("ratio", lambda p: look(p).update(layerId="layer-7"), "not those that are asked"),
    "sum of a column that is not there": (
        "profit", lambda p: columns(p)["profit-so-far"].update(references=["net"]), "cumulative_sum needs",
    ),
    "sum of a bucket": (
        "profit", lambda p: columns(p)["profit-so-far"].update(references=["time"]), "cumulative_sum needs",
    ),
    "metric without its number": (
        "net", lambda p: lens(p)["state"]["visualization"].pop("metricAccessor"), "metricAccessor None",
    ),
    "unknown type of panel": ("price", lambda p: p.update(type="lense"), "unknown type 'lense'"),
    "no panelIndex": ("price", lambda p: p.pop("panelIndex"), "panelIndex is no text"),
    "no gridData": ("price", lambda p: p.pop("gridData"), "gridData is missing"),
    "width as a text": ("price", lambda p: p["gridData"].update(w="24"), "whole numbers"),
    "outside the grid": ("price", lambda p: p["gridData"].update(w=25), "outside the grid"),
    "over another panel": ("price", lambda p: p["gridData"].update(x=23), "price and ratio overlap"),
    "an id in the grid that is another's": ("price", lambda p: p["gridData"].update(i="ratio"), "gridData.i"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_in_a_panel_is_found(mistake: str) -> None:
    panel, change, said = MISTAKES[mistake]
    found = faults(with_panel(panel, change), index_fields())
    assert any(said in fault for fault in found), found


@pytest.mark.parametrize("number", range(3))
def test_reference_missing_in_the_dashboard_is_found(number: int) -> None:
    objects = delivered()
    lost = dashboards(objects)[0]["references"].pop(number)
    assert faults(objects, index_fields()) == [
        f"real-time-crypto-trading: reference {lost['name']} to {lost['id']} is missing"
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": "crypto-liqudity"}, "there is no index 'crypto-liqudity'"),
        ({"timeFieldName": "time"}, "its time field 'time' is no date"),
        ({"fields": []}, "fields is no text"),
    ],
)
def test_mistake_in_a_data_view_is_found(change: Json, said: str) -> None:
    objects = delivered()
    (view,) = (saved for saved in objects if saved["id"] == "crypto-liquidity")
    view["attributes"].update(change)
    assert any(said in fault for fault in faults(objects, index_fields()))


def test_panels_that_do_not_parse_are_found() -> None:
    objects = delivered()
    dashboards(objects)[0]["attributes"]["panelsJSON"] = "[{]"
    assert faults(objects, index_fields()) == ["real-time-crypto-trading: panelsJSON is no JSON"]
