"""Whole books by REST, for protocols whose socket has none: asked for one at a time, answered among the frames."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

import httpx

from pipeline.back_off import BackOff
from pipeline.errors import GaveUp
from pipeline.log import get_log
from pipeline.metrics import Metrics
from producers.arrivals import FrameArrived, Instant
from producers.errors import MalformedFrame
from producers.feed_outcome import SnapshotWanted
from producers.inbox import Inbox
from producers.protocol import RestSnapshot

TOO_MANY = (418, 429)
LONGEST_BAN_SECONDS = 3_600.0
SHOWN_BYTES = 200  # of a refusal, in the log


class SnapshotFetcher:
    """Asks until it has the answer, or nobody wants it any more; puts it into the inbox as a frame of its connection.

    Requests keep the distance that the exchange asks for, whoever wants them: after a disconnect all want one at once.
    """

    def __init__(
        self,
        rest: RestSnapshot,
        base_url: str,
        back_off: BackOff,
        inbox: Inbox,
        instant: Callable[[], Instant],
        metrics: Metrics,
        *,
        apart_seconds: float,
        timeout_seconds: float,
        most_bytes: int,
    ) -> None:
        self._rest = rest
        self._base_url = (base_url or rest.base_url).rstrip("/")
        self._back_off = back_off
        self._inbox = inbox
        self._instant = instant
        self._metrics = metrics
        self._apart_seconds = apart_seconds
        self._timeout_seconds = timeout_seconds
        self._most_bytes = most_bytes
        self._wanted: OrderedDict[str, SnapshotWanted] = OrderedDict()
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._fetched = 0
        self._log = get_log("producer")
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def want(self, wanted: SnapshotWanted) -> None:
        """Ask for a book; a newer wish for the same symbol takes the older one's place."""
        with self._changed:
            self._wanted[wanted.symbol] = wanted
            self._changed.notify()

    def forget(self, connection: str) -> None:
        """This connection is gone: its books are of no use."""
        with self._changed:
            for symbol in [symbol for symbol, wish in self._wanted.items() if wish.connection == connection]:
                del self._wanted[symbol]

    def raise_if_ended(self) -> None:
        """Raises GaveUp when the thread ended by a fault of ours: nobody would ask for books any more."""
        if not self._thread.is_alive() and not self._stopping.is_set():
            raise GaveUp("the thread that asks for whole books has ended: its traceback is above")

    def stop(self, seconds: float) -> None:
        """End, waiting so long at most."""
        self._stopping.set()
        with self._changed:
            self._changed.notify()
        self._thread.join(seconds)

    def _run(self) -> None:
        with httpx.Client(timeout=self._timeout_seconds, follow_redirects=False, trust_env=False) as client:
            while (wish := self._next()) is not None:
                pause = self._serve(client, wish)
                self._stopping.wait(pause)

    def _next(self) -> SnapshotWanted | None:
        with self._changed:
            while not self._stopping.is_set():
                if self._wanted:
                    return next(iter(self._wanted.values()))
                self._changed.wait()
        return None

    def _serve(self, client: httpx.Client, wish: SnapshotWanted) -> float:
        """Returns for how long to leave the exchange alone then."""
        try:
            body = self._fetch(client, wish.symbol)
            payload = self._rest.frame(wish.symbol, body)
        except _Refused as refused:
            return self._failed(wish, str(refused), refused.ban_seconds)
        except MalformedFrame as malformed:
            return self._failed(wish, malformed.reason, 0.0)
        except (httpx.HTTPError, httpx.InvalidURL, _TooLarge) as error:
            return self._failed(wish, f"{type(error).__name__}: {error}", 0.0)
        with self._changed:
            # Before the answer is there: whoever reads it may want another one, by the same wish.
            if self._wanted.get(wish.symbol) == wish:
                del self._wanted[wish.symbol]
        # Frames of the connection are numbered from 0; what was asked for besides counts downwards.
        number = -self._fetched - 1
        if not self._inbox.put(FrameArrived(wish.link, wish.connection, number, payload, self._instant())):
            self._want_still(wish)
            return self._failed(wish, "frames come faster than they are handled: there is no room for it", 0.0)
        self._back_off.reset()
        self._fetched += 1
        self._metrics.count("snapshots_fetched")
        return self._apart_seconds

    def _want_still(self, wish: SnapshotWanted) -> None:
        with self._changed:
            self._wanted.setdefault(wish.symbol, wish)

    def _failed(self, wish: SnapshotWanted, why: str, ban_seconds: float) -> float:
        pause = max(self._back_off.next(), ban_seconds, self._apart_seconds)
        self._metrics.count("snapshots_failed")
        self._log.warning("no whole book yet", symbol=wish.symbol, reason=why, again_in_s=round(pause, 2))
        with self._changed:
            # Others may have more luck meanwhile.
            if wish.symbol in self._wanted:
                self._wanted.move_to_end(wish.symbol)
        return pause

    def _fetch(self, client: httpx.Client, symbol: str) -> bytes:
        body = bytearray()
        deadline = time.monotonic() + self._timeout_seconds
        with client.stream("GET", self._base_url + self._rest.path(symbol)) as response:
            # In pieces as they come, so that a trickle is noticed.
            for chunk in response.iter_bytes():
                body += chunk
                if not response.is_success:
                    break
                if len(body) > self._most_bytes:
                    raise _TooLarge(f"more than {self._most_bytes} bytes")
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout(f"not whole within {self._timeout_seconds:g} s")
            if not response.is_success:
                raise _Refused(response, bytes(body[:SHOWN_BYTES]).decode("utf-8", "replace"))
        return bytes(body)


class _Refused(Exception):
    """The exchange answered with something else than a book; says what, and for how long it bans us."""

    def __init__(self, response: httpx.Response, text: str) -> None:
        super().__init__(f"HTTP status {response.status_code}: {text}")
        self.ban_seconds = _ban_seconds(response)


class _TooLarge(Exception):
    """The answer is larger than any book."""


def _ban_seconds(response: httpx.Response) -> float:
    if response.status_code not in TOO_MANY:
        return 0.0
    seconds = response.headers.get("retry-after", "")
    return min(float(seconds), LONGEST_BAN_SECONDS) if seconds.isdecimal() else 60.0
