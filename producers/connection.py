"""One link's connections to its exchange, in a thread of its own: connect, read, connect again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.back_off import BackOff
from pipeline.errors import GaveUp
from pipeline.log import get_log
from pipeline.metrics import Metrics
from producers.arrivals import Connected, ConnectionLost, FrameArrived, FrameRefused, Instant
from producers.errors import ConnectionFailed, FrameTooLarge, TooManyFragments
from producers.inbox import Inbox
from producers.limited_socket import LimitedSocket
from producers.protocol import Keepalive, Protocol, Subscription

POLL_SECONDS = 0.5
# The reason of a connection that ends because this side stops.
STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Real seconds, and bytes. Data must have flowed for `steady_seconds` before the delays start small again."""

    connect_seconds: float
    silence_seconds: float
    steady_seconds: float
    largest_frame_bytes: int


class FeedConnection:
    """Keeps one link connected until stopped, and puts all that happens into the inbox.

    `begin_after` seconds pass before its first connection: exchanges limit how many are begun at once.
    """

    def __init__(
        self,
        protocol: Protocol,
        base_url: str,
        link: str,
        subscription: Subscription,
        limits: ConnectionLimits,
        back_off: BackOff,
        inbox: Inbox,
        instant: Callable[[], Instant],
        metrics: Metrics,
        begin_after: float = 0.0,
    ) -> None:
        self._url = protocol.address(base_url, subscription)
        self._greeting = protocol.greeting(subscription)
        self._keepalive = protocol.keepalive
        self._link = link
        self._name = f"{protocol.exchange}-{_short(link)}-{instant().wall_ms}"
        self._limits = limits
        self._back_off = back_off
        self._inbox = inbox
        self._instant = instant
        self._metrics = metrics
        self._begin_after = begin_after
        self._log = get_log("producer")
        self._stopping = threading.Event()
        self._cut = threading.Event()
        self._cut_reason = STOPPED
        self._current = ""
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"feed-{_short(link)}", daemon=True)

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def cut(self, connection: str, reason: str) -> None:
        """Give up this connection, unless it is gone already, and connect anew."""
        with self._lock:
            if connection == self._current:
                self._cut_reason = reason
                self._cut.set()

    def raise_if_ended(self) -> None:
        """Raises GaveUp when the thread ended by a fault of ours: its symbols would seem to be quiet for ever."""
        if not self._thread.is_alive() and not self._stopping.is_set():
            raise GaveUp(f"the thread of connection {self._link} has ended: its traceback is above")

    def stop(self) -> None:
        """Ask the thread to end; `join` waits for it."""
        self._stopping.set()
        self._cut.set()

    def join(self, timeout: float) -> None:
        """Wait until the thread has ended and its socket is closed."""
        self._thread.join(timeout)

    def _run(self) -> None:
        number = 0
        self._stopping.wait(self._begin_after)
        while not self._stopping.is_set():
            number += 1
            lost = self._connect_and_read(f"{self._name}-{number}")
            self._inbox.put(lost)
            if self._stopping.is_set():
                return
            delay = self._back_off.next()
            self._metrics.count("reconnects")
            self._metrics.count("connections_lost", reason=lost.reason)
            self._metrics.gauge("reconnect_delay_s", round(delay, 3), link=_short(self._link))
            self._log.warning(
                "connection lost",
                link=self._link,
                reason=lost.reason,
                detail=lost.detail,
                again_in_s=round(delay, 2),
            )
            self._stopping.wait(delay)

    def _connect_and_read(self, connection: str) -> ConnectionLost:
        with self._lock:
            self._current = connection
            # That of an earlier connection is no reason of this one.
            self._cut_reason = STOPPED
            if not self._stopping.is_set():
                self._cut.clear()
        socket = None
        for_good = False
        try:
            socket = LimitedSocket.open(
                self._url,
                self._greeting,
                largest_bytes=self._limits.largest_frame_bytes,
                connect_seconds=self._limits.connect_seconds,
                poll_seconds=POLL_SECONDS,
            )
            self._inbox.put(Connected(self._link, connection, self._instant()))
            self._log.info("connected", link=self._link, url=self._url, connection=connection)
            self._read(socket, connection)
            reason, detail = self._cut_reason, "given up by this side"
        except ConnectionFailed as error:
            reason, detail, for_good = error.reason, error.detail, error.for_good
        except (FrameTooLarge, TooManyFragments) as error:
            reason, detail = "too_large", str(error)
        finally:
            if socket is not None:
                socket.end()
        return ConnectionLost(self._link, connection, reason, detail, self._instant(), for_good)

    def _read(self, socket: LimitedSocket, connection: str) -> None:
        """Read until cut. Raises what `next_message` raises, and ConnectionFailed when the inbox is full."""
        number = 0
        connected_at = time.monotonic()
        is_steady = False
        pulse = _Pulse(self._keepalive, connected_at)
        while not self._cut.is_set():
            try:
                pulse.send_if_due(socket, time.monotonic())
                payload = socket.next_message(self._limits.silence_seconds)
            except (FrameTooLarge, TooManyFragments) as error:
                length = error.length if isinstance(error, FrameTooLarge) else 0
                self._inbox.put(FrameRefused(self._link, connection, number, length, str(error), self._instant()))
                raise
            if payload is None:
                continue
            if not self._inbox.put(FrameArrived(self._link, connection, number, payload, self._instant())):
                raise ConnectionFailed("inbox_overflow", "frames come faster than they are handled")
            number += 1
            if not is_steady and time.monotonic() - connected_at > self._limits.steady_seconds:
                self._back_off.reset()
                is_steady = True


class _Pulse:
    """Sends the protocol's keepalive when it is due."""

    def __init__(self, keepalive: Keepalive | None, now: float) -> None:
        self._keepalive = keepalive
        self._next = now + (keepalive.seconds if keepalive else 0.0)
        self._number = 0

    def send_if_due(self, socket: LimitedSocket, now: float) -> None:
        """Raises ConnectionFailed."""
        if self._keepalive is None or now < self._next:
            return
        self._number += 1
        self._next = now + self._keepalive.seconds
        socket.say(self._keepalive.message(self._number))


def _short(link: str) -> str:
    """A link's name as a part of longer ones."""
    return link if len(link) <= 40 else f"{link[:36]}…"
