"""A dashboard: rows of panels on Kibana's grid of 48 columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kibana.charts import Chart
from kibana.saved_objects import Json, Reference, SavedObject, json_text

COLUMNS = 48


@dataclass(frozen=True)
class Panel:
    """A chart with its place: `width` in columns, `height` in rows of the grid. `id` is unique in its dashboard.

    Without a `title` none is shown.
    """

    id: str
    chart: Chart
    width: int
    height: int
    title: str = ""

    def json(self, x: int, y: int) -> Json:
        """The panel at that place, counted from the top left corner."""
        return {
            "type": "lens",
            "panelIndex": self.id,
            "gridData": {"x": x, "y": y, "w": self.width, "h": self.height, "i": self.id},
            "title": self.title,
            "embeddableConfig": {
                "attributes": self.chart.json(),
                "enhancements": {},
                "hidePanelTitles": not self.title,
            },
        }

    @property
    def references(self) -> Iterator[Reference]:
        """What its chart needs, as its dashboard has to name it."""
        for reference in self.chart.references:
            yield Reference(f"{self.id}:{reference.name}", reference.id, reference.type)


@dataclass(frozen=True)
class Dashboard:
    """What a dashboard's module says: `rows` from top to bottom, each from left to right, at most 48 columns wide."""

    id: str
    title: str
    description: str
    rows: Sequence[Sequence[Panel]]
    time_from: str = "now-1h"
    refresh_ms: int = 10_000

    def saved_object(self) -> SavedObject:
        """The dashboard as Kibana stores it; it opens with its own time range and goes on refreshing itself."""
        references = (reference for row in self.rows for panel in row for reference in panel.references)
        options = {
            "useMargins": True,
            "syncColors": False,
            "syncCursor": True,
            "syncTooltips": False,
            "hidePanelTitles": False,
        }
        search = {"query": {"query": "", "language": "kuery"}, "filter": []}
        attributes = {
            "title": self.title,
            "description": self.description,
            "version": 1,
            "timeRestore": True,
            "timeFrom": self.time_from,
            "timeTo": "now",
            "refreshInterval": {"pause": False, "value": self.refresh_ms},
            "kibanaSavedObjectMeta": {"searchSourceJSON": json_text(search)},
            "optionsJSON": json_text(options),
            "panelsJSON": json_text(list(self._panels())),
        }
        return SavedObject("dashboard", self.id, attributes, tuple(references))

    def _panels(self) -> Iterator[Json]:
        y = 0
        for row in self.rows:
            x = 0
            for panel in row:
                yield panel.json(x, y)
                x += panel.width
            y += max(panel.height for panel in row)
