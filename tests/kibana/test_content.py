"""What is delivered: every panel of every dashboard can be drawn, and old and new Kibanas take the file."""

import json

import pytest

from bot.settings import BotSettings
from indexer.templates import INDICES
from kibana.dashboards import DASHBOARDS, FIRST, trading
from kibana.data_views import NAMES
from pipeline.settings import load
from tests.kibana.opened import columns, dashboards, delivered, index_fields, panels_of
from tests.kibana.panel_faults import faults

OBJECTS = delivered()


def test_every_panel_can_be_drawn() -> None:
    assert faults(OBJECTS, index_fields()) == []


def test_every_index_has_its_data_view() -> None:
    assert sorted(NAMES) == sorted(INDICES)
    assert sorted(o["id"] for o in OBJECTS if o["type"] == "index-pattern") == sorted(INDICES)


@pytest.mark.parametrize("saved", OBJECTS, ids=lambda saved: str(saved["id"]))
def test_object_names_the_oldest_form_in_use(saved: dict[str, str]) -> None:
    wanted = {"index-pattern": "8.0.0", "dashboard": "8.9.0"}[saved["type"]]
    assert (saved["coreMigrationVersion"], saved["typeMigrationVersion"]) == ("8.8.0", wanted)


def test_data_views_come_before_the_dashboards_that_need_them() -> None:
    kinds = [saved["type"] for saved in OBJECTS]
    assert kinds == sorted(kinds, reverse=True)


@pytest.mark.parametrize("dashboard", dashboards(OBJECTS), ids=lambda saved: str(saved["id"]))
def test_dashboard_opens_with_its_own_times_and_refreshes_itself(dashboard: dict[str, dict[str, object]]) -> None:
    attributes = dashboard["attributes"]
    assert attributes["timeRestore"] is True
    assert (attributes["timeFrom"], attributes["timeTo"]) == ("now-1h", "now")
    assert attributes["refreshInterval"] == {"pause": False, "value": 10_000}


def test_ids_of_dashboards_differ_and_the_first_is_one_of_them() -> None:
    ids = [dashboard.id for dashboard in DASHBOARDS]
    assert len(set(ids)) == len(ids)
    assert FIRST in DASHBOARDS


def test_thresholds_are_those_of_the_bot() -> None:
    bot = load(BotSettings, {})
    assert (str(bot.bot_ratio_min), str(bot.bot_ratio_max)) == (trading.RATIO_MIN, trading.RATIO_MAX)
    (ratio,) = (p for p in panels_of(dashboards(OBJECTS)[0]) if p["panelIndex"] == "ratio")
    drawn = [column["params"]["value"] for column in columns(ratio, "layer-1").values()]
    assert drawn == ["0.1", "2"]


def test_building_twice_gives_the_same_bytes() -> None:
    assert json.dumps(delivered()) == json.dumps(delivered())
