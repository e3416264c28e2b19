"""The demo: starts a whole run, shows ratio, decision and account as they come, and stops all of it when asked."""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from local.demo_output import Show, write_picture
from local.demo_screen import DemoView, PartView
from local.document_counts import CountsWatch
from local.elasticsearch_accounts import READER, password_file
from local.errors import LocalError
from local.forecast_kept import kept_origin
from local.minutes_seen import MinuteRow, MinutesSeen
from local.outside_watch import OutsideWatch
from local.part_plans import Tools
from local.settings import LocalSettings
from local.system import LocalSystem
from local.topic_reader import open_consumer
from local.trading_screen import TradingView
from local.trading_seen import TradingSeen
from local.watch import Watch
from local.whole_system import whole_system
from pipeline.topics import BOT_EVENTS

LOOK_SECONDS = 0.25
CONSUMER_SECONDS = 30.0
# How long the last picture waits for the decision about its last minute.
DECISION_SECONDS = 10.0


@dataclass(frozen=True)
class DemoOptions:
    """`minutes`: stop after so many finished minutes (None: when asked); `picture`: write the last screen there."""

    minutes: int | None = None
    picture: Path | None = None


def run_demo(settings: LocalSettings, tools: Tools, options: DemoOptions, show: Show, stop: Event) -> None:
    """Runs until `stop` is set; everything is stopped when it returns.

    Raises `StateInUse` before anything starts, and `PartFailed` when a part is down for good.
    """
    try:
        with whole_system(settings, tools, say=show.say, interrupted=stop) as system:
            try:
                if not stop.is_set():
                    _follow(system, settings, options, show, stop)
            finally:
                show.close()
                show.say("Stopping all parts …")
    except LocalError:
        # What was being started when the stop was asked for may have failed because of it.
        if not stop.is_set():
            raise
    told, then = settings.make_options, "plays it again" if settings.is_replay else "resumes where this ended"
    show.say(f"Stopped. make demo{told} {then}; make demo-reset{told} forgets it.")


def _follow(system: LocalSystem, settings: LocalSettings, options: DemoOptions, show: Show, stop: Event) -> None:
    with ExitStack() as stack:
        consumer = stack.enter_context(open_consumer(system.bootstrap, CONSUMER_SECONDS))
        journal = BOT_EVENTS if settings.runs_all else None
        watch = Watch(consumer, [settings.feed_topic], system.started_ms, journal=journal)
        counts = CountsWatch(settings.elasticsearch_port, settings.elasticsearch_dir)
        if settings.runs_all:
            stack.enter_context(counts)
        outside = OutsideWatch({name: part.log_path for name, part in system.parts.items()} if settings.is_live else {})
        enough_since: float | None = None
        while not stop.is_set() and not _is_over(watch, enough_since):
            new = watch.poll(LOOK_SECONDS)
            system.raise_if_failed()
            for text in outside.news(time.monotonic()):
                show.say(text)
            show.frame(demo_view(system, watch, counts, settings), new)
            if enough_since is None and is_enough(watch.seen, options):
                enough_since = time.monotonic()
        if options.picture is not None:
            write_picture(demo_view(system, watch, counts, settings), options.picture)


def is_enough(seen: MinutesSeen, options: DemoOptions) -> bool:
    """Whether as many minutes have finished as were asked for."""
    return options.minutes is not None and seen.finished >= options.minutes


def _is_over(watch: Watch, enough_since: float | None) -> bool:
    """Whether enough minutes were seen and the last of them is decided, or has not been for a while."""
    if enough_since is None:
        return False
    last = watch.seen.rows[-1]
    is_decided = isinstance(last, MinuteRow) and watch.trading.of(last) is not None
    return is_decided or not watch.has_journal or time.monotonic() > enough_since + DECISION_SECONDS


def demo_view(system: LocalSystem, watch: Watch, counts: CountsWatch, settings: LocalSettings) -> DemoView:
    """What one frame shows."""
    seen = watch.seen
    return DemoView(
        source=system.source,
        parts=tuple(
            PartView(part.plan.name, part.state, part.restarts)
            for part in system.parts.values()
            if part.state != "done"
        ),
        rows=tuple(seen.rows),
        counts=seen.counts,
        price=seen.price,
        now_ms=system.clock.wall_ms(int(time.time() * 1000)),
        first_time=seen.first_time,
        event_time=seen.event_time,
        speed=system.clock.speed,
        spark_ui=f"http://127.0.0.1:{settings.spark_ui_port}",
        ratio_seen=seen.finished > 0,
        delay_seconds=settings.liquidity_delay_seconds,
        trading=_trading_view(watch.trading, counts, settings) if watch.has_journal else None,
        feed=settings.feed,
        feed_topic=settings.feed_topic,
        make_options=settings.make_options,
    )


def _trading_view(seen: TradingSeen, counts: CountsWatch, settings: LocalSettings) -> TradingView:
    password = _from_here(password_file(settings.elasticsearch_dir, READER))
    return TradingView(
        seen=seen,
        forecast=kept_origin(settings.run_dir),
        documents=counts.latest,
        elasticsearch=f"{settings.elasticsearch_url} (user {READER}, password in {password})",
    )


def _from_here(path: Path) -> Path:
    """The path as short as it can be typed in the folder that we are in."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
