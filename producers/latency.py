"""How much sooner a socket knows than somebody who asks: what is measured, and the table of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from threading import Event
from urllib.parse import urlsplit

from rich.table import Table

from pipeline.errors import TemporarilyUnavailable
from producers.arrivals import Connected, FrameArrived
from producers.errors import MalformedFrame
from producers.following import Followed, Told, follow
from producers.rest_polling import REST_BOOKS, Polled, Poller

COLUMNS = ("what", "times", "median", "middle half", "least", "most")


@dataclass(slots=True)
class Heard:
    """What the socket brought, in ms: from the exchange's time to receipt, and from one message to the next."""

    delays_ms: list[float] = field(default_factory=list)
    apart_ms: list[float] = field(default_factory=list)
    first_book_ms: float | None = None
    messages: int = 0
    _last_ms: float | None = None
    _connected_ms: float | None = None

    def take(self, told: Told) -> None:
        """Count what arrived."""
        arrival = told.arrival
        if isinstance(arrival, Connected):
            self._connected_ms, self._last_ms = arrival.at.monotonic_ms, None
        # Below 0 are the answers to requests for a book: the socket did not bring them.
        if not isinstance(arrival, FrameArrived) or arrival.number < 0:
            return
        try:
            news = told.protocol.parse(arrival.payload).news
        except MalformedFrame:
            return
        if not news:
            return
        now = arrival.at.monotonic_ms
        if self.first_book_ms is None and self._connected_ms is not None and _is_first_book(told):
            self.first_book_ms = now - self._connected_ms
        self.messages += 1
        if self._last_ms is not None:
            self.apart_ms.append(now - self._last_ms)
        self._last_ms = now
        times = [part.exchange_time for part in news if part.exchange_time is not None]
        if times:
            self.delays_ms.append(arrival.at.wall_ms - max(times))


def _is_first_book(told: Told) -> bool:
    """Whether the book is whole now, by what the socket brought alone."""
    return told.protocol.snapshot is None and any(symbol.is_trusted for symbol in told.feed.symbols.values())


def measure(
    followed: Followed, rest_url: str, every_seconds: float, seconds: float, stop: Event
) -> tuple[Polled, Heard]:
    """Ask by REST and listen to the socket side by side. Raises TemporarilyUnavailable when neither answered."""
    heard = Heard()
    with Poller(rest_url, every_seconds, followed.settings.feed_connect_seconds) as poller:
        follow([followed], seconds, stop, heard.take)
    polled = poller.polled
    if not (polled.anew_ms or polled.kept_ms or heard.messages):
        why = f" (REST: {polled.last_failure})" if polled.last_failure else ""
        raise TemporarilyUnavailable(f"nothing came from {followed.exchange}, neither by REST nor by its socket{why}")
    return polled, heard


def rest_url(followed: Followed) -> str:
    """Where the book is asked for: at the exchange's public address, or beside the socket's own."""
    settings = followed.settings
    book = REST_BOOKS[followed.exchange]
    base = settings.feed_rest_url or _beside(settings.feed_url) or book.base_url
    return base.rstrip("/") + book.path(followed.symbols[0])


def comparison(exchange: str, symbol: str, polled: Polled, heard: Heard) -> Table:
    """The table. Times in ms; the middle half lies between the quartiles."""
    table = Table(title=f"{exchange} {symbol}, milliseconds", title_justify="left")
    for heading in COLUMNS:
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for what, values in (
        ("REST, a new connection for each request", polled.anew_ms),
        ("REST, one connection kept", polled.kept_ms),
        ("socket, from the exchange's time to receipt", heard.delays_ms),
        ("socket, from one message to the next", heard.apart_ms),
    ):
        table.add_row(what, *_in_short(values))
    return table


def remarks(polled: Polled, heard: Heard, every_seconds: float) -> list[str]:
    """What the table does not say."""
    told = []
    if heard.first_book_ms is not None:
        told.append(f"The socket's first whole book came {heard.first_book_ms:.1f} ms after it was connected.")
    if heard.delays_ms:
        told.append("The delay of the socket is as exact as the two clocks agree; below 0, the exchange's is ahead.")
    elif heard.messages:
        told.append("The messages of this protocol bear no time, so their delay is not known.")
    else:
        told.append("The socket brought nothing.")
    rest = [*polled.anew_ms, *polled.kept_ms]
    if rest:
        age = median(polled.kept_ms or rest) + every_seconds * 500
        told.append(
            f"Who asks every {every_seconds:g} s learns of a change {age:,.0f} ms late in the mean: half the time "
            "between two requests, and the request."
        )
    if polled.failures:
        told.append(f"{polled.failures} requests failed, the last one: {polled.last_failure}.")
    return told


def _in_short(values: Sequence[float]) -> tuple[str, ...]:
    if not values:
        return "0", "–", "–", "–", "–"
    low, _, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else (values[0],) * 3
    return (
        f"{len(values):,}",
        f"{median(values):,.1f}",
        f"{low:,.1f} – {high:,.1f}",
        f"{min(values):,.1f}",
        f"{max(values):,.1f}",
    )


def _beside(socket_url: str) -> str:
    """ws://127.0.0.1:8181 has its REST at http://127.0.0.1:8181."""
    if not socket_url:
        return ""
    parts = urlsplit(socket_url)
    return f"{'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc}"
