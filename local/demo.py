"""The demo: starts a whole run, shows each finished minute's ratio as it comes, and stops all of it when asked."""

import time
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from local.demo_output import Show, write_picture
from local.demo_screen import DemoView, PartView
from local.errors import LocalError
from local.minutes_seen import MinutesSeen
from local.part_plans import Tools
from local.settings import LocalSettings
from local.system import LocalSystem
from local.topic_reader import open_consumer
from local.watch import Watch
from local.whole_system import whole_system
from pipeline.topics import GEMINI_FEED

LOOK_SECONDS = 0.25
CONSUMER_SECONDS = 30.0


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
    show.say("Stopped. make demo resumes where this ended; make demo-reset forgets it.")


def _follow(system: LocalSystem, settings: LocalSettings, options: DemoOptions, show: Show, stop: Event) -> None:
    with open_consumer(system.bootstrap, CONSUMER_SECONDS) as consumer:
        watch = Watch(consumer, [GEMINI_FEED], system.started_ms)
        while not stop.is_set() and not is_enough(watch.seen, options):
            new = watch.poll(LOOK_SECONDS)
            system.raise_if_failed()
            show.frame(demo_view(system, watch.seen, settings), new)
    if options.picture is not None:
        write_picture(demo_view(system, watch.seen, settings), options.picture)


def is_enough(seen: MinutesSeen, options: DemoOptions) -> bool:
    """Whether as many minutes have finished as were asked for."""
    return options.minutes is not None and seen.finished >= options.minutes


def demo_view(system: LocalSystem, seen: MinutesSeen, settings: LocalSettings) -> DemoView:
    """What one frame shows."""
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
    )
