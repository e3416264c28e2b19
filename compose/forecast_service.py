"""The service `forecast`: makes the run's forecast, and makes it anew before it grows old or ends."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack

import msgspec

from compose.forecast_run import (
    HOUR_MS,
    Step,
    forget_forecast,
    is_due,
    is_of_another_market,
    make_forecast,
    only_maker,
    serves,
)
from compose.settings import ComposeSettings
from local.forecast_kept import table_end
from market.records import encode
from pipeline.alive import SignOfLife
from pipeline.back_off import BackOff
from pipeline.errors import EXIT_OK, GaveUp, TemporarilyUnavailable
from pipeline.kafka_clients import Publisher
from pipeline.log import get_log
from pipeline.metrics import HealthReporter, Metrics
from pipeline.metrics_endpoint import metrics_endpoint
from pipeline.process import StopSignal
from pipeline.topics import HEALTH

PART = "forecast"
LOOK_SECONDS = 5.0
# A step is looked at so often; one that takes longer than half an hour will not end.
STEP_LOOK_SECONDS = 0.5
LONGEST_STEP_SECONDS = 1800.0
# A step that was asked to end has so long for it.
FAREWELL_SECONDS = 5.0
EXIT_STOPPED = -15

log = get_log(PART)


def keep_forecast(settings: ComposeSettings, stop: StopSignal) -> None:
    """Until stopped. What cannot be made is tried again; the bot goes on with the forecast that there is."""
    metrics, alive = Metrics(), settings.sign_of_life()
    steps = WatchedSteps(stop, alive)
    keeper = ForecastKeeper(settings, steps, stop, alive, metrics)
    with ExitStack() as opened:
        opened.enter_context(metrics_endpoint(PART, metrics, settings))
        publisher = Publisher(settings.kafka_bootstrap)
        opened.callback(publisher.abandon)
        opened.enter_context(
            HealthReporter(
                PART,
                metrics,
                lambda health: publisher.publish(HEALTH, PART, encode(health)),
                settings.clock(),
                settings.health_interval_seconds,
            )
        )
        while not stop.is_set():
            keeper.look()
            stop.wait(LOOK_SECONDS)


class ForecastKeeper:
    """Makes the forecast when it is due. Gives a sign of life while there is one that the bot can go by."""

    def __init__(
        self,
        settings: ComposeSettings,
        run: Callable[[Step], int],
        stop: StopSignal,
        alive: SignOfLife,
        metrics: Metrics,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._run = run
        self._stop = stop
        self._alive = alive
        self._metrics = metrics
        self._monotonic = monotonic
        self._clock = settings.clock()
        self._back_off = BackOff(first=10.0, cap=600.0)
        self._not_before = 0.0
        metrics.watch("forecast_hours_left", self._hours_left)

    def look(self) -> None:
        """Looks at the forecast that is there, and makes one if it is due."""
        if is_of_another_market(self._settings):
            log.warning("the forecast that is there is of another market: it is put away")
            forget_forecast(self._settings)
        if self._monotonic() >= self._not_before and is_due(self._settings, self._clock.wall_ms()):
            with only_maker(self._settings, waits=False) as is_ours:
                if is_ours:
                    self._make()
        if serves(self._settings, self._clock.wall_ms()):
            self._alive.give()

    def _make(self) -> None:
        log.info("making a forecast", symbol=self._settings.bot_symbol)
        try:
            make_forecast(self._settings, self._run)
        except (TemporarilyUnavailable, GaveUp) as error:
            if not self._stop.is_set():
                self._wait_for_better(str(error))
            return
        if is_due(self._settings, self._clock.wall_ms()):
            # The clocks differ, or the candles are of long ago: the next one would be no better.
            self._wait_for_better("one was made, but it does not reach from now over the next hours")
            return
        self._back_off.reset()
        self._metrics.count("forecasts")
        log.info("the forecast is made", hours=self._hours_left())

    def _wait_for_better(self, why: str) -> None:
        self._metrics.count("forecasts_failed")
        pause = self._back_off.next()
        self._not_before = self._monotonic() + pause
        log.warning("no new forecast; trying again", why=why, then=self._then(), again_in_s=round(pause, 1))

    def _then(self) -> str:
        if serves(self._settings, self._clock.wall_ms()):
            return f"the bot goes on with the one that there is, for {self._hours_left()} hours"
        return "until there is one, the bot opens nothing"

    def _hours_left(self) -> float | None:
        end = table_end(self._settings.state_dir)
        return None if end is None else round((end - self._clock.wall_ms()) / HOUR_MS, 1)


def make_once(settings: ComposeSettings, stop: StopSignal) -> None:
    """Makes it now, in sight of whoever asked, after any that is being made. Raises as `make_forecast`."""
    with only_maker(settings, waits=True):
        make_forecast(settings, VisibleSteps(stop))


class VisibleSteps:
    """Called, it runs a step in a process whose output is ours, and returns its exit code. A stop ends it."""

    def __init__(self, stop: StopSignal) -> None:
        self._stop = stop

    def __call__(self, step: Step) -> int:
        return EXIT_STOPPED if self._stop.is_set() else _ended(subprocess.Popen(_command(step)), self._stop)


class WatchedSteps:
    """Called, it runs a step in a process of its own and returns its exit code.

    Meanwhile signs of life are given. What the step says becomes lines of our log. A stop ends it.
    """

    def __init__(self, stop: StopSignal, alive: SignOfLife) -> None:
        self._stop = stop
        self._alive = alive

    def __call__(self, step: Step) -> int:
        if self._stop.is_set():
            return EXIT_STOPPED
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(_command(step), stdout=said, stderr=subprocess.STDOUT)
            code = _ended(process, self._stop, self._alive.give)
            said.seek(0)
            for line in said.read().decode(errors="replace").split("\n"):
                _tell(step, line.strip(), log.info if code == EXIT_OK else log.warning)
        return code


def _command(step: Step) -> list[str]:
    return [sys.executable, "-m", *step]


def _ended(process: subprocess.Popen[bytes], stop: StopSignal, meanwhile: Callable[[], None] = lambda: None) -> int:
    """The exit code of a process that ends by itself, or is asked to."""
    for _ in range(int(LONGEST_STEP_SECONDS / STEP_LOOK_SECONDS)):
        meanwhile()
        if stop.is_set():
            break
        try:
            return process.wait(STEP_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            continue
    process.terminate()
    try:
        return process.wait(FAREWELL_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _tell(step: Step, line: str, write: Callable[..., None]) -> None:
    if _is_record(line):
        # Of the step's own log.
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
    elif line:
        write(line, step=" ".join(step[:2]))


def _is_record(line: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except msgspec.DecodeError:
        return False
