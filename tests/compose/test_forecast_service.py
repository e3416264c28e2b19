"""The service that keeps the forecast of a run in containers."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from compose.forecast_run import HOUR_MS, Step, only_maker, serves
from compose.forecast_service import EXIT_STOPPED, ForecastKeeper, WatchedSteps, _tell, keep_forecast
from compose.settings import ComposeSettings
from local.forecast_kept import table_file
from local.kafka import KafkaServer
from market.records import decode_health
from pipeline.alive import SignOfLife
from pipeline.kafka_clients import read_to_end
from pipeline.log import get_log
from pipeline.metrics import Metrics
from pipeline.process import StopSignal
from pipeline.settings import load
from pipeline.topics import HEALTH, create_topics
from tests.bot.scripted_rest import Reply, ScriptedRest
from tests.compose.test_forecast_run import Runner, keep, now, settings
from tests.forecasting.test_live import await_true, origins

PATIENCE = 60.0


class Keeper:
    """A keeper with a clock that the test moves; it gives its signs of life by a file that is taken away."""

    def __init__(self, state: Path, run: Callable[[Step], int], **more: str) -> None:
        self.seconds = 1_000.0
        self.stop = StopSignal()
        self.metrics = Metrics()
        self._file = state / "alive"
        alive = SignOfLife(self._file, lambda: self.seconds)
        self._keeper = ForecastKeeper(
            settings(state, **more), run, self.stop, alive, self.metrics, lambda: self.seconds
        )

    def look(self, after: float = 5) -> bool:
        """Looks, so many seconds later; whether there was a sign of life."""
        self._file.unlink(missing_ok=True)
        self.seconds += after
        self._keeper.look()
        return self._file.exists()


def test_forecast_is_made_where_there_is_none_and_then_kept(tmp_path: Path) -> None:
    runner = Runner(act=lambda: keep(tmp_path, 720, age_hours=0))
    keeper = Keeper(tmp_path, runner)
    assert keeper.look()
    assert len(runner.ran) == 2
    assert keeper.look()
    assert len(runner.ran) == 2
    assert keeper.metrics.snapshot() == {"forecast_hours_left": 48.0, "forecasts": 1}


def test_forecast_is_made_anew_before_it_ends(tmp_path: Path) -> None:
    keep(tmp_path, 720, age_hours=37, hours_left=11)
    runner = Runner(act=lambda: keep(tmp_path, 720, age_hours=0))
    keeper = Keeper(tmp_path, runner)
    keeper.look()
    assert len(runner.ran) == 2
    assert keeper.metrics.snapshot()["forecast_hours_left"] == 48.0


@pytest.mark.parametrize("code", [75, 78, -9])
def test_what_cannot_be_made_is_tried_again_later_and_later(
    tmp_path: Path, code: int, capfd: pytest.CaptureFixture[str]
) -> None:
    runner = Runner(code)
    keeper = Keeper(tmp_path, runner)
    tried_at = []
    for _ in range(1_000):
        before = len(runner.ran)
        assert not keeper.look()
        if len(runner.ran) > before:
            tried_at.append(keeper.seconds)
    pauses = [later - earlier for earlier, later in pairwise(tried_at)]
    assert 5 <= pauses[0] <= 15
    assert pauses[:4] == sorted(pauses[:4])
    assert all(300 <= pause <= 605 for pause in pauses[7:])
    assert keeper.metrics.snapshot()["forecasts_failed"] == len(tried_at)
    assert "until there is one, the bot opens nothing" in capfd.readouterr().err


def test_forecast_that_cannot_be_made_anew_serves_until_its_end(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keep(tmp_path, 720, hours_left=3)
    keeper = Keeper(tmp_path, Runner(75))
    assert keeper.look()
    assert "the bot goes on with the one that there is, for 3.0 hours" in capfd.readouterr().err
    keep(tmp_path, 720, hours_left=-0.01)
    assert not keeper.look()


def test_forecast_that_is_due_again_as_soon_as_it_is_made_is_not_made_without_a_pause(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # As with candles of long ago, or a clock that is behind the exchange's.
    runner = Runner(act=lambda: keep(tmp_path, 720, age_hours=0, hours_left=1))
    keeper = Keeper(tmp_path, runner)
    assert keeper.look()
    assert keeper.look(after=1)
    assert keeper.look(after=1)
    assert len(runner.ran) == 2
    assert "it does not reach from now over the next hours" in capfd.readouterr().err
    assert keeper.metrics.snapshot()["forecasts_failed"] == 1


def test_forecast_of_another_symbol_is_put_away_before_one_is_made(tmp_path: Path) -> None:
    keep(tmp_path, 720)
    keeper = Keeper(tmp_path, Runner(75), BOT_SYMBOL="ETHUSD")
    assert not keeper.look()
    assert not table_file(tmp_path).exists()


def test_nothing_is_made_while_somebody_else_makes_one(tmp_path: Path) -> None:
    runner = Runner(act=lambda: keep(tmp_path, 720, age_hours=0))
    keeper = Keeper(tmp_path, runner)
    with only_maker(settings(tmp_path), waits=False):
        assert not keeper.look()
    assert runner.ran == []
    assert keeper.look()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('{"level":"info","message":"a\u2028b"}', '{"level":"info","message":"a\u2028b"}'),
        ("{half a record", '"message":"{half a record","step":"forecasting train"'),
        ("  plain words ", '"message":"plain words","step":"forecasting train"'),
        ("5", '"message":"5"'),
    ],
)
def test_each_line_of_a_step_is_a_record(said: str, expected: str, capfd: pytest.CaptureFixture[str]) -> None:
    _tell(("forecasting", "train"), said.strip(), get_log("forecast").info)
    (line,) = capfd.readouterr().err.rstrip("\n").split("\n")
    assert expected in line
    assert isinstance(json.loads(line), dict)


def test_step_gives_signs_of_life_and_tells_what_it_says(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "alive"
    run = WatchedSteps(StopSignal(), SignOfLife(file))
    assert run(("forecasting", "check", "--history", str(tmp_path / "none.csv"))) == 78
    assert file.exists()
    said = capfd.readouterr().err
    assert '"level":"warning"' in said
    assert '"step":"forecasting check"' in said
    assert "none.csv" in said


def test_stop_ends_a_step(tmp_path: Path) -> None:
    stop, file = StopSignal(), tmp_path / "alive"
    run = WatchedSteps(stop, SignOfLife(file))
    forever = ("http.server", "--bind", "127.0.0.1", "0")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, forever)
        try:
            # Such a sign is given when the step has begun.
            await_true(file.exists)
        finally:
            stop.set()
        assert running.result(PATIENCE) == EXIT_STOPPED
    assert run(forever) == EXIT_STOPPED


@pytest.mark.slow
def test_forecast_is_renewed_told_to_kafka_and_reported(
    tmp_path: Path, kafka: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_topics(kafka.bootstrap)
    before = len(origins(kafka.bootstrap))
    stop = StopSignal()
    with ScriptedRest(candles(200), candles(201)) as rest, ThreadPoolExecutor(1) as pool:
        given = {"STATE_DIR": str(tmp_path), "KAFKA_BOOTSTRAP": kafka.bootstrap, "CANDLES_URL": rest.url}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        # Some twenty seconds: what a training takes does not make it old.
        keeping = load(ComposeSettings, {**given, "HEALTH_INTERVAL_SECONDS": "1", "FORECAST_RENEW_HOURS": "0.006"})
        running = pool.submit(keep_forecast, keeping, stop)
        try:
            await_true(lambda: len(origins(kafka.bootstrap)) >= before + 2 or running.done())
        finally:
            began = time.monotonic()
            stop.set()
            running.result(PATIENCE)
    assert time.monotonic() - began < PATIENCE / 2
    first, second = origins(kafka.bootstrap)[before : before + 2]
    assert (first.history_rows, second.history_rows) == (200, 201)
    assert second.event_time - first.event_time >= 0.006 * HOUR_MS
    assert serves(keeping, now(tmp_path))
    reported = [decode_health(value) for value in read_to_end(kafka.bootstrap, HEALTH)]
    newest = next(sample for sample in reversed(reported) if sample.part == "forecast")
    made, hours_left = newest.metrics["forecasts"], newest.metrics["forecast_hours_left"]
    assert isinstance(made, int)
    assert made >= 1
    assert isinstance(hours_left, float)
    assert 160 < hours_left <= 168.1


def candles(minutes: int) -> Reply:
    """So many finished candles up to now and one that goes on, newest first."""
    now_ms = int(time.time() * 1000) // 60_000 * 60_000
    return Reply([[now_ms - 60_000 * ago, 100 + ago % 7, 108, 99, 101 + ago % 5, 1.5] for ago in range(minutes + 1)])
