"""The one-shot: waits for Kibana, imports the objects, sets the time zone. Can be repeated; ends when all is there."""

import time
from collections.abc import Callable
from typing import TypeVar

from kibana.content import saved_objects
from kibana.dashboards import FIRST_ID, dashboards
from kibana.errors import KibanaAway
from kibana.kibana_api import KibanaApi
from kibana.saved_objects import ndjson
from kibana.settings import KibanaSettings
from pipeline.back_off import BackOff
from pipeline.indices import LIQUIDITY
from pipeline.log import get_log
from pipeline.process import StopSignal

# All times of ours are UTC. And who opens Kibana wants to see the dashboard.
SETTINGS = {
    "dateFormat:tz": "UTC",
    "defaultIndex": LIQUIDITY,
    "defaultRoute": f"/app/dashboards#/view/{FIRST_ID}",
}
# A Kibana that is starting says the same for a minute: it is told now and then.
_TELL_SECONDS = 15.0

R = TypeVar("R")

log = get_log("kibana")


def set_up(settings: KibanaSettings, stop: StopSignal) -> None:
    """Raises `KibanaAway` when Kibana is not there in time, `WrongKibana` and `KibanaRefuses`."""
    shown = dashboards(settings.ratio_bounds)
    objects = saved_objects(shown)
    with KibanaApi(settings.kibana_url, settings.login()) as kibana:
        patience = Patience(settings.kibana_wait_seconds, stop)
        patience.until(kibana.check_available)
        patience.until(lambda: kibana.import_objects(ndjson(objects), len(objects)))
        if stop.is_set():
            return
        log.info(
            "objects imported",
            data_views=len(objects) - len(shown),
            dashboards=[dashboard.title for dashboard in shown],
        )
        for name, value in SETTINGS.items():
            _put_setting(kibana, patience, name, value)
        if not stop.is_set():
            log.info("Kibana is set up", look=f"{settings.kibana_url.rstrip('/')}{SETTINGS['defaultRoute']}")


def _put_setting(kibana: KibanaApi, patience: "Patience", name: str, value: str) -> None:
    is_set = patience.until(lambda: kibana.put_setting(name, value))
    if is_set is False:
        log.info("setting left as kibana.yml has it", setting=name)
    elif is_set:
        log.info("setting set", setting=name, value=value)


class Patience:
    """Makes a call again while Kibana is away, all calls together no longer than so many seconds."""

    def __init__(self, seconds: float, stop: StopSignal, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._stop = stop
        self._now = now
        self._until = now() + seconds
        self._told_at: float | None = None
        self._told = ""

    def until(self, call: Callable[[], R]) -> R | None:
        """What the call returns, once it does; None when asked to stop before. Raises `KibanaAway` at the end."""
        back_off = BackOff(first=0.5, cap=5.0)
        while not self._stop.is_set():
            try:
                return call()
            except KibanaAway as error:
                left = self._until - self._now()
                if left <= 0:
                    raise KibanaAway(f"waited {self._seconds:g} s (KIBANA_WAIT_SECONDS) in vain: {error}") from error
                self._tell(str(error))
                self._stop.wait(min(back_off.next(), left))
        return None

    def _tell(self, why: str) -> None:
        now = self._now()
        if why != self._told or self._told_at is None or now - self._told_at >= _TELL_SECONDS:
            log.info("waiting for Kibana", why=why, seconds_left=round(self._until - now))
            self._told, self._told_at = why, now
