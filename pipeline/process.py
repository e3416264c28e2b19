"""The life of a part's process: settings, logs, signals, exit code."""

import signal
import traceback
from collections.abc import Callable
from threading import Event
from typing import Any, TypeVar

from pipeline.errors import EXIT_BUG, EXIT_CONFIG, EXIT_OK, PipelineError, WrongSettings
from pipeline.log import get_log, set_up_logs
from pipeline.settings import PartSettings, load

S = TypeVar("S", bound=PartSettings)


class StopSignal(Event):
    """Set when the process is asked to stop. `wait(seconds)` returns early, and true, when it is."""


def stop_on_signals(stop: StopSignal) -> None:
    """SIGTERM and SIGINT set `stop`; nothing else happens on them."""
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop.set())


def run_part(name: str, settings: type[S], main: Callable[[S, StopSignal], None], **overrides: Any) -> int:
    """Runs a part until it ends or is asked to stop, and returns its exit code (see `pipeline.errors`).

    What a part expects may happen is one line in the log; anything else is a fault of ours, logged with its traceback.
    """
    log = get_log(name)
    stop = StopSignal()
    stop_on_signals(stop)
    try:
        loaded = load(settings, **overrides)
        set_up_logs(loaded.log_level)
        main(loaded, stop)
    except WrongSettings as error:
        log.error(str(error), exit_code=EXIT_CONFIG)
        return EXIT_CONFIG
    except PipelineError as error:
        log.error(str(error), exit_code=error.exit_code)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the outermost edge: logged whole, and the exit code says it is ours
        log.error(f"unexpected: {error!r}", exit_code=EXIT_BUG, traceback=traceback.format_exc())
        return EXIT_BUG
    log.info("stopped" if stop.is_set() else "done")
    return EXIT_OK
