"""The stand-in as it runs in a container: a copy of its folder alone, started as a module or by its path."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kibana.settings import KibanaSettings
from kibana.setup import set_up
from pipeline.process import StopSignal
from pipeline.settings import load

FOLDER = Path(__file__).parent.parent / "kibana_stand_in"


@pytest.mark.parametrize("how", [["-m", "kibana_stand_in"], ["kibana_stand_in"]], ids=["module", "path"])
def test_copy_of_the_folder_serves_alone(
    how: list[str], tmp_path: Path, free_ports: Callable[[int], tuple[int, ...]]
) -> None:
    shutil.copytree(FOLDER, tmp_path / "kibana_stand_in", ignore=shutil.ignore_patterns("__pycache__"))
    (port,) = free_ports(1)
    # -I: neither our packages nor those installed are there.
    isolated = ["-I"] if how[0] != "-m" else ["-s", "-E"]
    process = subprocess.Popen(
        [sys.executable, *isolated, *how, "--host", "127.0.0.1", "--port", str(port), "--starting-seconds", "0.5"],
        cwd=tmp_path,
        env={"KIBANA_STAND_IN_USERNAME": "me", "KIBANA_STAND_IN_PASSWORD": "secret"},
    )
    try:
        given = {"KIBANA_URL": f"http://127.0.0.1:{port}", "KIBANA_USERNAME": "me", "KIBANA_PASSWORD": "secret"}
        set_up(load(KibanaSettings, given | {"KIBANA_WAIT_SECONDS": "30"}), StopSignal())
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(20)
    assert code == 0
