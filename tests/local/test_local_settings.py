"""Settings of a run: the feeds keep apart."""

from pathlib import Path

import pytest

from local.settings import LocalSettings
from pipeline.errors import WrongSettings
from pipeline.settings import load


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({}, "simulator"),
        ({"FEED": "live"}, "gemini"),
        ({"FEED": "live", "DEMO_SOURCE": "mine"}, "mine"),
        ({"DEMO_SOURCE": "other"}, "other"),
        ({"FEED": "replay", "DEMO_FILE": "/x/My_BTC.1.jsonl.gz"}, "replay-gemini-my-btc"),
        ({"FEED": "replay", "DEMO_FILE": "a.zst", "DEMO_EXCHANGE": "upbit"}, "replay-upbit-a"),
        ({"FEED": "replay", "DEMO_FILE": "a.zst", "DEMO_SOURCE": "mine"}, "mine"),
    ],
)
def test_each_source_has_a_folder_of_its_own(environ: dict[str, str], folder: str) -> None:
    assert load(LocalSettings, environ | {"STATE_DIR": "/state"}).run_dir == Path("/state") / folder


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"FEED": "gemini"}, "FEED=gemini"),
        ({"FEED": "live", "DEMO_SPEED": "4"}, "DEMO_SPEED=4: with FEED=live time passes as it does"),
        ({"FEED": "live", "DEMO_SOURCE": "simulator"}, "DEMO_SOURCE=simulator is not that of FEED=live"),
        ({"DEMO_SOURCE": "gemini"}, "DEMO_SOURCE=gemini is not that of FEED=simulator"),
        ({"FEED": "replay"}, "FEED=replay needs a recording: make demo FEED=replay FILE="),
        (
            {"FEED": "replay", "DEMO_FILE": "a", "DEMO_SOURCE": "gemini"},
            "DEMO_SOURCE=gemini is not that of FEED=replay",
        ),
        ({"FEED": "replay", "DEMO_FILE": "a", "DEMO_EXCHANGE": "x"}, "DEMO_EXCHANGE=x"),
    ],
)
def test_what_does_not_fit_together_is_named(environ: dict[str, str], said: str) -> None:
    with pytest.raises(WrongSettings, match=said):
        load(LocalSettings, environ)


def test_live_run_takes_no_port_for_a_simulator() -> None:
    assert "SIMULATOR_PORT" in load(LocalSettings, {}).ports
    assert "SIMULATOR_PORT" not in load(LocalSettings, {"FEED": "live"}).ports
    assert "SIMULATOR_PORT" not in load(LocalSettings, {"FEED": "replay", "DEMO_FILE": "a"}).ports


def test_what_make_is_told_names_the_run() -> None:
    assert load(LocalSettings, {}).make_options == ""
    assert load(LocalSettings, {"FEED": "live"}).make_options == " FEED=live"
    replayed = load(LocalSettings, {"FEED": "replay", "DEMO_FILE": "a.zst", "DEMO_EXCHANGE": "upbit"})
    assert replayed.make_options == " FEED=replay FILE=a.zst EXCHANGE=upbit"
