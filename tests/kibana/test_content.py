"""What is delivered: every panel of every dashboard can be drawn, and old and new Kibanas take the file."""

import inspect
import json
import re
from pathlib import Path

import pytest

from bot import decide, trader
from bot.settings import BotSettings
from indexer.templates import INDICES
from kibana.dashboards import FIRST_ID
from kibana.data_views import NAMES
from kibana.settings import KibanaSettings
from pipeline.settings import load
from tests.kibana.opened import columns, dashboards, delivered, delivered_with, index_fields, panels_of
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
    ids = [dashboard["id"] for dashboard in dashboards(OBJECTS)]
    assert len(set(ids)) == len(ids)
    assert FIRST_ID in ids


@pytest.mark.parametrize("environ", [{}, {"BOT_RATIO_MIN": "0.25", "BOT_RATIO_MAX": "3"}], ids=["default", "set"])
def test_thresholds_are_those_of_the_bot(environ: dict[str, str]) -> None:
    bot, bounds = load(BotSettings, environ), load(KibanaSettings, environ).ratio_bounds
    assert bounds == (str(bot.bot_ratio_min), str(bot.bot_ratio_max))
    (ratio,) = (p for p in panels_of(dashboards(delivered_with(*bounds))[0]) if p["panelIndex"] == "ratio")
    lines = [(column["label"], column["params"]["value"]) for column in columns(ratio, "layer-1").values()]
    assert lines == [
        (f"no buy at {bounds[0]} or below", bounds[0]),
        (f"or at {bounds[1]} or above", bounds[1]),
    ]


def test_every_reason_of_a_decision_has_its_series() -> None:
    (decisions,) = (p for p in panels_of(dashboards(OBJECTS)[0]) if p["panelIndex"] == "decisions")
    split = columns(decisions, "layer-0")["split"]
    # Words in quotes behind an action, which is how `decide` and the trader say why.
    said = "".join(Path(inspect.getfile(module)).read_text(encoding="utf-8") for module in (decide, trader))
    reasons = set(re.findall(r'"(?:none|buy|sell)", "(\w+)"', said)) | {"too_small", "no_balance"}
    assert {"trouble", "stale_ratio", "forecast_buy"} < reasons
    assert split["params"]["size"] > len(reasons)


@pytest.mark.parametrize("panel", ["price", "equity", "profit"])
def test_bots_do_not_become_one(panel: str) -> None:
    (shown,) = (p for p in panels_of(dashboards(OBJECTS)[0]) if p["panelIndex"] == panel)
    assert columns(shown, "layer-0")["split"]["sourceField"] == "bot"


def test_building_twice_gives_the_same_bytes() -> None:
    assert json.dumps(delivered()) == json.dumps(delivered())
