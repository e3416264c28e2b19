"""Fetches candles over REST: one public call, its failures sorted by what helps."""

import ssl
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import msgspec

from forecasting.candles import Candle, finished_candles
from forecasting.errors import CandlesRefused, ExchangeAway
from pipeline.back_off import BackOff
from pipeline.rest_client import rest_client

TRIES = 5
LARGEST_ANSWER = 8 << 20
_CONNECT_SECONDS = 5.0
_LONGEST_PAUSE = 60.0
_SHOWN = 200
_PASSING = frozenset((HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS))

R = TypeVar("R")


class CandleSource:
    """An exchange's REST. A context manager."""

    def __init__(self, url: str, answer_seconds: float) -> None:
        self._url = url.rstrip("/")
        self._answer_seconds = answer_seconds
        self._client = rest_client(self._url, connect_seconds=_CONNECT_SECONDS, answer_seconds=answer_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def candles(self, symbol: str) -> tuple[Candle, ...]:
        """The finished minutes that the exchange has, oldest first.

        Raises `ExchangeAway` (`MalformedCandles` too) when it may be tried again, `CandlesRefused` when not.
        """
        path = f"/v2/candles/{symbol.lower()}/1m"
        try:
            with self._client.stream("GET", path) as answer:
                body = self._body(answer)
        except httpx.HTTPError as error:
            if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error)):
                raise CandlesRefused(f"the certificate of {self._url} is not to be trusted: {error}") from None
            raise ExchangeAway(f"{self._url} cannot be reached: {type(error).__name__}: {error}") from error
        status = answer.status_code
        if status == HTTPStatus.OK:
            return finished_candles(body)
        said = f"{self._url}{path} answers HTTP {status}: {_said(body)}"
        if status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            pause = answer.headers.get("Retry-After", "")
            raise ExchangeAway(said, min(float(pause), _LONGEST_PAUSE) if pause.isdecimal() else None)
        raise CandlesRefused(f"{said}; look at the symbol and at CANDLES_URL")

    def _body(self, answer: httpx.Response) -> bytes:
        body, until = bytearray(), time.monotonic() + self._answer_seconds
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > LARGEST_ANSWER or time.monotonic() > until:
                raise ExchangeAway(f"{self._url}: the answer is too long, or too slow: {len(body)} bytes so far")
        return bytes(body)


def with_patience(fetch: Callable[[], R], back_off: BackOff, pause: Callable[[float], Any], tries: int = TRIES) -> R:
    """What is fetched, after at most so many tries; the last `ExchangeAway` is raised."""
    for left in range(tries - 1, -1, -1):
        try:
            return fetch()
        except ExchangeAway as error:
            if not left:
                raise
            pause(max(back_off.next(), error.after or 0.0))
    raise ValueError("at least one try is needed")


def _said(body: bytes) -> str:
    """The reason that the exchange gives, or the beginning of what it says."""
    try:
        answer = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict) and answer.get("reason"):
        return f"{answer['reason']}: {answer.get('message', '')}"[:_SHOWN]
    return " ".join(body.decode("utf-8", "replace").split())[:_SHOWN] or "nothing"


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
