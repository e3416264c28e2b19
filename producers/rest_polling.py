"""Asking an exchange for a symbol's book by REST, again and again, and how long each answer took."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

import httpx

LARGEST_ANSWER = 64 * 1024 * 1024
JOIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class RestBook:
    """Where an exchange's book is to be had: `path(symbol)` at `base_url`."""

    base_url: str
    path: Callable[[str], str]


REST_BOOKS = {
    "gemini": RestBook("https://api.gemini.com", lambda symbol: f"/v1/book/{quote(symbol.lower(), safe='')}"),
    "coinbase": RestBook(
        "https://api.coinbase.com",
        lambda symbol: f"/api/v3/brokerage/market/product_book?product_id={quote(symbol, safe='')}",
    ),
    "binance": RestBook("https://api.binance.com", lambda symbol: f"/api/v3/depth?symbol={quote(symbol, safe='')}"),
    "upbit": RestBook("https://api.upbit.com", lambda symbol: f"/v1/orderbook?markets={quote(symbol, safe='')}"),
}


@dataclass(slots=True)
class Polled:
    """What came of the requests: how many ms each whole answer took, and why the last that failed did."""

    anew_ms: list[float] = field(default_factory=list)
    kept_ms: list[float] = field(default_factory=list)
    failures: int = 0
    last_failure: str = ""


class Poller:
    """Asks every `every_seconds` in a thread of its own: by turns on a new connection and on one that is kept.

    Use it as a context manager. TLS is verified.
    """

    def __init__(self, url: str, every_seconds: float, timeout_seconds: float) -> None:
        self.polled = Polled()
        self._url = url
        self._every_seconds = every_seconds
        self._timeout_seconds = timeout_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rest", daemon=True)

    def __enter__(self) -> Poller:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        # A request that hangs is not waited for: what it would bring is not wanted any more.
        self._thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        # Made before the clock runs: reading the certificates of all authorities takes longer than a request.
        context = httpx.create_ssl_context(trust_env=False)

        def client() -> httpx.Client:
            return httpx.Client(timeout=self._timeout_seconds, trust_env=False, verify=context)

        with client() as kept:
            # The first request of the kept connection makes it: it is not counted.
            self._ask(kept, [])
            while not self._stopping.wait(self._every_seconds):
                with client() as fresh:
                    self._ask(fresh, self.polled.anew_ms)
                if self._stopping.wait(self._every_seconds):
                    return
                self._ask(kept, self.polled.kept_ms)

    def _ask(self, client: httpx.Client, took_ms: list[float]) -> None:
        began = time.monotonic()
        size = 0
        try:
            with client.stream("GET", self._url) as response:
                response.raise_for_status()
                for chunk in response.iter_bytes():
                    size += len(chunk)
                    if size > LARGEST_ANSWER:
                        raise httpx.DecodingError(f"more than {LARGEST_ANSWER} bytes")
                    if time.monotonic() > began + self._timeout_seconds:
                        raise httpx.ReadTimeout(f"not whole within {self._timeout_seconds:g} s")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self.polled.failures += 1
            self.polled.last_failure = (
                f"HTTP status {error.response.status_code}"
                if isinstance(error, httpx.HTTPStatusError)
                else f"{type(error).__name__}: {error}"
            )
            return
        took_ms.append((time.monotonic() - began) * 1000)
