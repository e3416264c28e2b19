"""The life of a part's process: settings, logs, signals, exit code."""

import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any, TypeVar

from pipeline.errors import EXIT_BUG, EXIT_OK, PipelineError
from pipeline.log import get_log, set_up_logs
from pipeline.settings import PartSettings, load

S = TypeVar("S", bound=PartSettings)


class StopSignal(Event):
    """Set when the process is asked to stop. `wait(seconds)` returns early, and true, when it is."""


@contextmanager
def stopping_on_signals(stop: StopSignal) -> Iterator[None]:
    """Within, SIGTERM and SIGINT set `stop` and do nothing else. For the main thread."""
    # The handler may interrupt the very thread that holds the event's lock, so that setting it there could wait for
    # ever; putting into a SimpleQueue never waits. A thread of its own sets the event.
    asked: SimpleQueue[bool] = SimpleQueue()

    def watch() -> None:
        while asked.get():
            stop.set()

    watcher = Thread(target=watch, name="stop-signal", daemon=True)
    watcher.start()
    before = {signum: signal.signal(signum, lambda *_: asked.put(True)) for signum in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
        asked.put(False)
        watcher.join()


def run_part(name: str, settings: type[S], main: Callable[[S, StopSignal], None], **overrides: Any) -> int:
    """Runs a part until it ends or is asked to stop, and returns its exit code (see `pipeline.errors`).

    What a part expects may happen is one line in the log; anything else is a fault of ours, logged with its traceback.
    """
    log = get_log(name)
    stop = StopSignal()
    with stopping_on_signals(stop):
        try:
            loaded = load(settings, **overrides)
            set_up_logs(loaded.log_level)
            main(loaded, stop)
        except PipelineError as error:
            log.error(str(error), exit_code=error.exit_code)
            return error.exit_code
        except Exception as error:  # noqa: BLE001 - the outermost edge: logged whole, and the exit code says it is ours
            log.error(f"unexpected: {error!r}", exit_code=EXIT_BUG, traceback=traceback.format_exc())
            return EXIT_BUG
    log.info("stopped" if stop.is_set() else "done")
    return EXIT_OK
