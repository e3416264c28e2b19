"""The forecast on live data: against the simulated exchange and a scripted one, over real sockets."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.forecast_file import ForecastFile
from forecasting.__main__ import main
from forecasting.errors import CandlesRefused
from forecasting.history_file import read_history
from forecasting.live import LiveOptions, follow
from forecasting.settings import ForecastingSettings
from local.kafka import KafkaServer
from market.forecast import ForecastOrigin, ForecastTable, decode_forecast
from market.records import decode_health
from pipeline.kafka_clients import read_to_end
from pipeline.process import StopSignal
from pipeline.settings import load
from pipeline.topics import FORECASTS, HEALTH, create_topics
from tests.bot.scripted_rest import Reply, ScriptedRest
from tests.forecasting.made_up import HEADER, line_of
from tests.simulator.running_exchange import running_exchange

ROOT = Path(__file__).resolve().parents[2]
START_MS = 1_767_225_600_000
AWAY = Reply("<html>maintenance</html>", 503)
PATIENCE = 60.0


def rows(minutes: int) -> Reply:
    """So many finished candles and one that goes on, newest first."""
    return Reply([[START_MS + 60_000 * m, 100 + m % 7, 108, 99, 101 + m % 5, 1.5] for m in range(minutes, -1, -1)])


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def table(state: Path) -> ForecastTable | str:
    """What the bot sees."""
    return ForecastFile(state / "forecast" / "forecast.csv")()


def test_bot_gets_a_table_made_of_the_exchanges_candles(
    state: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with running_exchange() as exchange:
        monkeypatch.setenv("CANDLES_URL", f"http://127.0.0.1:{exchange.port}")
        assert main(["live", "--once"]) == 0
    forecast = table(state)
    assert isinstance(forecast, ForecastTable)
    assert len(forecast) == 1440
    history = read_history(state / "candles" / "BTCUSD.csv", lambda _done, _whole: None).history
    assert forecast.first == (history.last + 60) * 1000
    assert -60_000 < forecast.age_ms(int(time.time() * 1000)) < 120_000
    assert "a SHORT history, 24.0 h" in capfd.readouterr().err


def test_candles_command_keeps_a_history_that_train_reads(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "candles.csv"
    with ScriptedRest(rows(200), rows(210)) as rest:
        monkeypatch.setenv("CANDLES_URL", rest.url)
        assert main(["candles", "--symbol", "btcusd", "--out", str(file)]) == 0
        assert main(["candles", "--symbol", "btcusd", "--out", str(file)]) == 0
    assert "210 finished minutes, 10 of them new" in capsys.readouterr().out
    assert main(["train", "--history", str(file), "--periods", "1h"]) == 0
    assert isinstance(table(state), ForecastTable)


def test_refused_candles_end_the_command_with_one_line(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedRest(Reply({"reason": "InvalidSymbol", "message": "unknown"}, 400)) as rest:
        monkeypatch.setenv("CANDLES_URL", rest.url)
        assert main(["candles", "--symbol", "XXXYYY", "--out", str(tmp_path / "c.csv")]) == 78
    assert "HTTP 400: InvalidSymbol" in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "c.csv").exists()


def test_too_short_a_history_is_kept_and_no_table_made(
    state: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with ScriptedRest(rows(60)) as rest:
        monkeypatch.setenv("CANDLES_URL", rest.url)
        assert main(["live", "--once"]) == 78
    assert "60 points of 1 min are too few" in capfd.readouterr().err
    assert (state / "candles" / "BTCUSD.csv").exists()
    assert "there is no forecast" in str(table(state))


def test_only_the_last_three_months_are_trained_on(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = state / "candles" / "BTCUSD.csv"
    file.parent.mkdir(parents=True)
    old = START_MS // 1000 - 91 * 86_400
    file.write_text("\n".join([HEADER, *(line_of(old + 60 * minute) for minute in range(5))]) + "\n")
    with ScriptedRest(rows(200)) as rest:
        monkeypatch.setenv("CANDLES_URL", rest.url)
        assert main(["live", "--once"]) == 0
    origin = decode_forecast((state / "forecast" / "origin.json").read_bytes())
    assert isinstance(origin, ForecastOrigin)
    assert (origin.history_rows, origin.history_first) == (200, START_MS)
    assert len(file.read_text().splitlines()) == 206


class Following:
    """`live` in a process of its own, until it is told to stop."""

    def __init__(self, folder: Path, url: str, *words: str, **environ: str) -> None:
        self._log = folder / "live.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "forecasting", "live", *words],
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], "STATE_DIR": str(folder / "state"), "CANDLES_URL": url, **environ},
                stderr=log,
            )

    def await_said(self, text: str, times: int = 1) -> str:
        deadline = time.monotonic() + PATIENCE
        while self._log.read_text().count(text) < times:
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.05)
        return self._log.read_text()

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(PATIENCE)


def test_exchange_that_cannot_be_reached_is_tried_again_until_it_can(tmp_path: Path) -> None:
    with ScriptedRest(AWAY, Reply(drops=True), rows(200)) as rest:
        following = Following(tmp_path, rest.url)
        try:
            said = following.await_said('"message":"forecast written"')
        finally:
            code = following.stop()
    assert code == 0
    assert said.count("no candles; trying again") == 2
    assert said.count("there is no forecast yet: until then the bot opens nothing") == 2
    assert isinstance(table(tmp_path / "state"), ForecastTable)


def test_forecast_is_made_anew_as_the_history_grows_and_told_to_kafka(tmp_path: Path, kafka: KafkaServer) -> None:
    create_topics(kafka.bootstrap)
    before = len(origins(kafka.bootstrap))
    options = LiveOptions("gemini", "BTCUSD", None, None, 60, 0.2, 0.25, publish=True, once=False)
    stop = StopSignal()
    with ScriptedRest(rows(200), rows(201)) as rest, ThreadPoolExecutor(1) as pool:
        given = {"CANDLES_URL": rest.url, "STATE_DIR": str(tmp_path), "KAFKA_BOOTSTRAP": kafka.bootstrap}
        running = pool.submit(follow, options, load(ForecastingSettings, given), stop)
        try:
            await_true(lambda: len(origins(kafka.bootstrap)) >= before + 2)
        finally:
            stop.set()
            running.result(PATIENCE)
    first, second = origins(kafka.bootstrap)[before : before + 2]
    assert (first.history_rows, second.history_rows) == (200, 201)
    assert second.first == first.first + 60_000
    assert (first.symbol, first.cycle_seconds) == ("BTCUSD", None)
    samples = [decode_health(value) for value in read_to_end(kafka.bootstrap, HEALTH)]
    assert "forecast" in {sample.part for sample in samples}


REFUSED = Reply("<html>Forbidden</html>", 403)


def test_refusal_after_a_round_that_went_well_is_tried_again(tmp_path: Path) -> None:
    options = LiveOptions("gemini", "BTCUSD", None, None, 60, 0.2, 0, publish=False, once=False)
    stop = StopSignal()
    with ScriptedRest(rows(200), REFUSED, rows(201)) as rest, ThreadPoolExecutor(1) as pool:
        given = {"CANDLES_URL": rest.url, "STATE_DIR": str(tmp_path)}
        running = pool.submit(follow, options, load(ForecastingSettings, given), stop)
        try:
            await_true(lambda: len(rest.asked) >= 4 or running.done())
        finally:
            stop.set()
            running.result(PATIENCE)
    assert isinstance(table(tmp_path), ForecastTable)


def test_refusal_at_first_ends_it_with_its_reason(tmp_path: Path) -> None:
    options = LiveOptions("gemini", "BTCUSD", None, None, 60, 0.2, 0, publish=False, once=False)
    with ScriptedRest(REFUSED) as rest:
        given = {"CANDLES_URL": rest.url, "STATE_DIR": str(tmp_path)}
        with pytest.raises(CandlesRefused, match="HTTP 403"):
            follow(options, load(ForecastingSettings, given), StopSignal())


def test_history_too_short_to_hold_some_of_it_out_is_trained_on_and_not_measured(state: Path, tmp_path: Path) -> None:
    file = tmp_path / "short.csv"
    file.write_text("\n".join([HEADER, *(line_of(START_MS // 1000 + 60 * minute) for minute in range(120))]) + "\n")
    assert main(["train", "--history", str(file), "--periods", "1h"]) == 0
    assert isinstance(table(state), ForecastTable)
    origin = decode_forecast((state / "forecast" / "origin.json").read_bytes())
    assert isinstance(origin, ForecastOrigin)
    assert origin.holdout_minutes is None


def origins(bootstrap: str) -> list[ForecastOrigin]:
    records = [decode_forecast(value) for value in read_to_end(bootstrap, FORECASTS)]
    return [record for record in records if isinstance(record, ForecastOrigin)]


def await_true(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
