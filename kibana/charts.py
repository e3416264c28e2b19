"""Lens charts by value: lines and bars over time, reference lines, single numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from kibana.columns import MOST_SERIES, by_minute, by_value, constant
from kibana.saved_objects import Json, Reference

Series = Literal["line", "bar_stacked"]
TIME, SPLIT, VALUE = "time", "split", "value"
_THRESHOLD_COLOUR = "#BD271E"


@dataclass(frozen=True)
class Layer:
    """A query and how its answer is drawn.

    `columns` by id, buckets first; `look` is the layer's part of the visualization, which names columns by id.
    """

    data_view: str
    columns: Mapping[str, Json]
    look: Json


@dataclass(frozen=True)
class Chart:
    """A chart: its kind, its layers, and what is said about all of them. `query` (KQL) says which documents count."""

    kind: Literal["lnsXY", "lnsMetric"]
    layers: tuple[Layer, ...]
    look: Json = field(default_factory=dict)
    query: str = ""

    @property
    def references(self) -> tuple[Reference, ...]:
        """The data view of each layer. Without one of them a panel never finishes loading."""
        layers = enumerate(self.layers)
        return tuple(
            Reference(f"indexpattern-datasource-layer-{layer_id(number)}", layer.data_view) for number, layer in layers
        )

    def json(self) -> Json:
        """The attributes of a Lens object."""
        layers = {
            layer_id(number): {
                "columns": dict(layer.columns),
                "columnOrder": list(layer.columns),
                "incompleteColumns": {},
                "sampling": 1,
            }
            for number, layer in enumerate(self.layers)
        }
        return {
            "title": "",
            "type": "lens",
            "visualizationType": self.kind,
            "references": [reference.json() for reference in self.references],
            "state": {
                "visualization": self._visualization(),
                "query": {"query": self.query, "language": "kuery"},
                "filters": [],
                "datasourceStates": {"formBased": {"layers": layers}},
                "internalReferences": [],
                "adHocDataViews": {},
            },
        }

    def _visualization(self) -> Json:
        looks = [{"layerId": layer_id(number), **layer.look} for number, layer in enumerate(self.layers)]
        if self.kind == "lnsMetric":
            return {**looks[0], **self.look}
        return {**self.look, "layers": looks}


def layer_id(number: int) -> str:
    """The id of a chart's layer."""
    return f"layer-{number}"


def over_time(
    data_view: str, values: Mapping[str, Json], *, series: Series = "line", split: tuple[str, str] | None = None,
    most: int = MOST_SERIES, hidden: Mapping[str, Json] | None = None,
) -> Layer:  # fmt: skip
    """Values of each minute, drawn as lines or bars.

    `split` (field, label) makes a series a value of that field, of the `most` first ones.
    `hidden` columns are asked for but not drawn: other columns are made from them.
    """
    buckets = {SPLIT: by_value(*split, most)} if split else {}
    columns = {**buckets, TIME: by_minute(), **values, **(hidden or {})}
    look = {"layerType": "data", "seriesType": series, "xAccessor": TIME, "accessors": list(values)}
    return Layer(data_view, columns, look | ({"splitAccessor": SPLIT} if split else {}))


def thresholds(data_view: str, values: Mapping[str, str]) -> Layer:
    """Dashed horizontal lines: the number (as text) of each label."""
    columns = {f"threshold-{number}": constant(value, label) for number, (label, value) in enumerate(values.items())}
    lines = [
        {
            "forAccessor": column,
            "axisMode": "left",
            "color": _THRESHOLD_COLOUR,
            "lineStyle": "dashed",
            "lineWidth": 1,
            "fill": "none",
            "textVisibility": True,
        }
        for column in columns
    ]
    return Layer(data_view, columns, {"layerType": "referenceLine", "accessors": list(columns), "yConfig": lines})


def xy(layers: Sequence[Layer], *, logarithmic: bool = False, from_zero: bool = False, query: str = "") -> Chart:
    """Layers over one time axis. A hole in the data stays one: nothing is drawn over minutes that nobody saw."""
    series = [layer.look["seriesType"] for layer in layers if layer.look["layerType"] == "data"]
    sides = {"x": True, "yLeft": True, "yRight": True}
    look = {
        "preferredSeriesType": series[0],
        "legend": {"isVisible": True, "position": "bottom"},
        "valueLabels": "hide",
        "fittingFunction": "None",
        "yLeftScale": "log" if logarithmic else "linear",
        "yLeftExtent": {"mode": "full" if from_zero else "dataBounds"},
        "axisTitlesVisibilitySettings": {"x": False, "yLeft": False, "yRight": False},
        "tickLabelsVisibilitySettings": sides,
        "gridlinesVisibilitySettings": sides,
        "labelsOrientation": {"x": 0, "yLeft": 0, "yRight": 0},
    }
    return Chart("lnsXY", tuple(layers), look, query)


def number(data_view: str, value: Json, *, query: str = "") -> Chart:
    """One number, large; the column's label is its title."""
    return Chart("lnsMetric", (Layer(data_view, {VALUE: value}, {"layerType": "data", "metricAccessor": VALUE}),),
                 query=query)  # fmt: skip
