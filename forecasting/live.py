"""The forecast of a bot on live data: candles are kept, and a model is trained on them again and again."""

import argparse
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from forecasting.candle_history import Kept, keep_candles
from forecasting.candle_source import TRIES, CandleSource, with_patience
from forecasting.candles import Candle
from forecasting.errors import CandlesRefused, CannotWrite, ExchangeAway, FitFailed, TooLittleHistory
from forecasting.history import MINUTE
from forecasting.history_columns import utc
from forecasting.history_file import HistoryFile, read_history
from forecasting.model import DAY, MINIMUM_POINTS, FitSettings, suited_span
from forecasting.publishing import publish
from forecasting.report import short_history
from forecasting.settings import ForecastingSettings
from forecasting.steps import Steps
from forecasting.training import TABLE_FILE, Request, Trained, train, write_outputs
from market.records import encode
from pipeline.back_off import BackOff
from pipeline.errors import TemporarilyUnavailable
from pipeline.kafka_clients import Publisher
from pipeline.log import get_log
from pipeline.metrics import HealthReporter, Metrics
from pipeline.process import StopSignal
from pipeline.topics import HEALTH

PART = "forecast"
NO_FORECAST = "there is no forecast yet: until then the bot opens nothing"
KEPT_FORECAST = "the bot goes on with the forecast that there is, as far as that reaches"
# The last three months, as in the long measurement: what was before them says nothing of the next day.
LONGEST_DAYS = 90
# A history that is too short is looked at again so soon.
_SOON_SECONDS = 5 * MINUTE
# Of a history only so much is left to fit when a part of it is held out.
_LEFT_TO_FIT = 0.75

log = get_log(PART)


@dataclass(frozen=True)
class LiveOptions:
    """What to follow. `history` and `out` None: their places in STATE_DIR; `minutes` are predicted."""

    exchange: str
    symbol: str
    history: Path | None
    out: Path | None
    minutes: int
    every_seconds: float
    holdout_days: float
    publish: bool
    once: bool


def live_options(arguments: argparse.Namespace) -> LiveOptions:
    """What the command line says."""
    return LiveOptions(
        exchange=arguments.exchange,
        symbol=arguments.symbol,
        history=arguments.history,
        out=arguments.out,
        minutes=arguments.periods,
        every_seconds=arguments.every * MINUTE,
        holdout_days=arguments.holdout_days,
        publish=arguments.publish,
        once=arguments.once,
    )


def follow(options: LiveOptions, settings: ForecastingSettings, stop: StopSignal) -> None:
    """Fetch, keep, train, write, wait; until stopped, or once.

    Raises `HistoryRefused`, and, before a round went well, `CandlesRefused` and `CannotWrite`; with `once` also what
    would be tried again.
    """
    follower = _Follower(options, settings, stop)
    with ExitStack() as stack:
        stack.enter_context(follower.source)
        if options.publish and not options.once:
            stack.enter_context(_health(settings, follower.metrics, stack))
        log.info("following candles", url=settings.candles_url, symbol=options.symbol, history=str(follower.history))
        if options.once:
            follower.one_round()
            return
        while not stop.is_set():
            stop.wait(follower.round_and_pause())


class _Follower:
    def __init__(self, options: LiveOptions, settings: ForecastingSettings, stop: StopSignal) -> None:
        self.source = CandleSource(settings.candles_url, settings.candles_answer_seconds)
        self.history = options.history or settings.state_dir / "candles" / f"{options.symbol}.csv"
        self.metrics = Metrics()
        self._out = options.out or settings.state_dir / "forecast"
        self._options = options
        self._settings = settings
        self._stop = stop
        self._back_off = BackOff(first=1.0, cap=60.0)
        self._went_well = False

    def round_and_pause(self) -> float:
        """One round, whatever passes told; seconds until the next."""
        try:
            self.one_round()
        except ExchangeAway as error:
            self.metrics.count("exchange_away")
            pause = max(self._back_off.next(), error.after or 0.0)
            log.warning("no candles; trying again", why=str(error), then=self._then(), again_in_s=round(pause, 1))
            return pause
        except (CandlesRefused, CannotWrite) as error:
            # What went well before is no wrong setting: a page of something on the way, or a disk that is full for now.
            if not self._went_well:
                raise
            pause = self._back_off.next()
            log.warning("no new forecast; trying again", why=str(error), then=self._then(), again_in_s=round(pause, 1))
            return pause
        except (TooLittleHistory, FitFailed) as error:
            self._back_off.reset()
            log.warning("no new forecast", why=str(error), then=self._then())
            return min(_SOON_SECONDS, self._options.every_seconds)
        except TemporarilyUnavailable as error:
            log.warning("the forecast is written, but the topic could not be told", why=str(error))
        self._back_off.reset()
        return self._options.every_seconds

    def one_round(self) -> None:
        """Fetch, keep, train, write. Raises whatever stands in the way."""
        # Who asks once has a few tries; else the next round is the next try.
        tries = TRIES if self._options.once else 1
        candles = with_patience(self._fetched, self._back_off, self._stop.wait, tries)
        kept = keep_candles(self.history, candles)
        whole = read_history(self.history, lambda _done, _whole: None)
        source = replace(whole, history=whole.history.since(whole.history.last - LONGEST_DAYS * DAY))
        self._tell(kept, source)
        trained = self._trained(source)
        try:
            write_outputs(self._out, trained)
        except OSError as error:
            raise CannotWrite(f"{self._out} cannot be written to: {error.strerror or error}") from error
        self._went_well = True
        self.metrics.count("forecasts")
        log.info(
            "forecast written",
            table=str(self._out / TABLE_FILE),
            model=trained.model.settings.label,
            first=utc(trained.table.first // 1000),
            last=utc(trained.table.last // 1000),
        )
        if self._options.publish:
            publish(self._settings.kafka_bootstrap, trained.origin, trained.table)

    def _fetched(self) -> tuple[Candle, ...]:
        return self.source.candles(self._options.symbol)

    def _trained(self, source: HistoryFile) -> Trained:
        options, span = self._options, suited_span(source.history)
        points = len(source.history.traded()) * MINUTE // span
        request = Request(
            exchange=options.exchange,
            symbol=options.symbol,
            fit=FitSettings(resample_seconds=span),
            minutes=options.minutes,
            # What is barely enough to fit is not parted.
            holdout_days=options.holdout_days if points * _LEFT_TO_FIT >= MINIMUM_POINTS else 0.0,
        )
        return train(source, request, self._settings.clock().wall_ms(), Steps(Console(quiet=True), lambda: 0.0))

    def _tell(self, kept: Kept, source: HistoryFile) -> None:
        history = source.history
        self.metrics.gauge("history_minutes", kept.minutes)
        log.info("candles kept", new=kept.added, minutes=kept.minutes, first=utc(history.first), last=utc(history.last))
        short = short_history(history.first, history.last)
        if short:
            log.warning(short)

    def _then(self) -> str:
        return KEPT_FORECAST if (self._out / TABLE_FILE).exists() else NO_FORECAST


def _health(settings: ForecastingSettings, metrics: Metrics, stack: ExitStack) -> HealthReporter:
    publisher = Publisher(settings.kafka_bootstrap)
    stack.callback(publisher.abandon)
    return HealthReporter(
        PART,
        metrics,
        lambda health: publisher.publish(HEALTH, PART, encode(health)),
        settings.clock(),
        settings.health_interval_seconds,
        lambda: None,
    )
