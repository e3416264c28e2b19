"""A small client of Gemini's REST: one account, one symbol. An order is sent once; whoever calls decides what follows.

Every request has time-outs in real seconds. Keys live in this object alone: they are in no error, log or `repr`.
"""

import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from threading import Lock
from types import TracebackType
from typing import Self, TypeVar

import httpx

from bot.errors import Refused, TryLater, Unclear, WrongKeys
from bot.exchange import IMMEDIATE_OR_CANCEL, ORDER_TYPE, Holding, Order, OrderReport, Touch
from bot.gemini_answers import (
    Answer,
    Malformed,
    best_of,
    error_of,
    holdings_of,
    is_not_found,
    is_trader,
    order_report,
    order_reports,
    parsed,
    steps_of_details,
    ticker_of,
)
from bot.gemini_signing import Nonces, sign
from market.decimals import plain
from market.symbols import SymbolSteps
from pipeline.clock import Clock
from pipeline.rest_client import rest_client

LARGEST_ANSWER = 4 << 20

R = TypeVar("R")


class GeminiRest:
    """An account at Gemini, at its sandbox, or at anything that answers alike. A context manager."""

    def __init__(
        self,
        base_url: str,
        key: str,
        secret: str,
        symbol: str,
        clock: Clock,
        *,
        connect_seconds: float = 5.0,
        answer_seconds: float = 10.0,
    ) -> None:
        """Raises `WrongKeys` for keys that cannot be meant for this."""
        if not key or not secret:
            raise WrongKeys("the key or the secret is empty")
        # A header or an error would show what is around such a character.
        for name, text in (("key", key), ("secret", secret)):
            if not (text.isascii() and text.isprintable() and " " not in text):
                raise WrongKeys(f"the {name} holds a character that none has: a blank, a line's end, or one not seen")
        if key.startswith("master-"):
            raise WrongKeys("the key is a master key; make one that is bound to an account (it begins with account-)")
        self._key = key
        self._secret = secret
        self._symbol = symbol
        self._clock = clock
        self._nonces = Nonces(clock.wall_ms)
        self._one_at_a_time = Lock()
        self._skew_ms: int | None = None
        self._answer_seconds = answer_seconds
        self._client = rest_client(base_url, connect_seconds=connect_seconds, answer_seconds=answer_seconds)

    def __repr__(self) -> str:
        return f"GeminiRest({self._client.base_url}, {self._symbol})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def check_keys(self) -> None:
        """Raises `WrongKeys` when the keys are wrong, belong elsewhere or must not trade; `TryLater` without answer."""
        try:
            answer = self._post("/v1/roles")
            # An exchange without this question shows by the balances whether it knows the keys.
            if answer.status != HTTPStatus.NOT_FOUND and not self._read(lambda: is_trader(self._understood(answer))):
                raise WrongKeys("the key may not trade; it needs the role Trader")
            self._read(self._balances)
        except Refused as error:
            raise WrongKeys(f"the exchange does not accept the keys here: {error}") from error

    # ---- what `Exchange` promises

    def steps(self) -> SymbolSteps:
        """The symbol's steps as the exchange tells them."""
        return self._told(lambda: steps_of_details(self._asked(f"/v1/symbols/details/{self._symbol.lower()}")))

    def touch(self) -> Touch:
        """The top of the book, as of the moment it was asked for."""
        asked_ms = self._clock.wall_ms()
        query = {"limit_bids": "1", "limit_asks": "1"}
        bid, ask = self._told(lambda: best_of(self._asked(f"/v1/book/{self._symbol.lower()}", query)))
        if bid is None or ask is None:
            raise TryLater("a side of the exchange's book is empty")
        return Touch(bid, ask, asked_ms)

    def ticker(self) -> Touch:
        """Bid, ask and last trade, as of the moment they were asked for."""
        asked_ms = self._clock.wall_ms()
        bid, ask, last = self._told(lambda: ticker_of(self._asked(f"/v1/pubticker/{self._symbol.lower()}")))
        return Touch(bid, ask, asked_ms, last)

    def holdings(self) -> Mapping[str, Holding]:
        """The account's balances by currency."""
        return self._told(self._balances)

    def send(self, order: Order) -> OrderReport:
        """Sends the order, once. Raises `Refused` or `Unclear`, and `WrongKeys`."""
        try:
            answer = self._post(
                "/v1/order/new",
                client_order_id=order.client_order_id,
                symbol=order.symbol.lower(),
                amount=plain(order.amount),
                price=plain(order.price),
                side=order.side,
                type=ORDER_TYPE,
                options=[IMMEDIATE_OR_CANCEL],
            )
        except TryLater as error:
            raise Unclear(str(error)) from error
        if answer.status != HTTPStatus.OK:
            raise error_of(answer, may_have_acted=True)
        try:
            return order_report(parsed(answer.body))
        except Malformed as error:
            raise Unclear(f"the order was answered by what is no order: {error}") from error

    def find(self, client_order_id: str) -> tuple[OrderReport, ...]:
        """The orders with this id, their trades included."""
        answer = self._post("/v1/order/status", client_order_id=client_order_id, include_trades=True)
        if is_not_found(answer):
            return ()
        return self._read(lambda: order_reports(self._understood(answer)))

    def cancel(self, order_id: str) -> None:
        """Asks for the order's rest to be dropped."""
        self._read(lambda: self._understood(self._post("/v1/order/cancel", order_id=int(order_id))))

    def skew_ms(self) -> int | None:
        """By the `Date` header of the last answer, which counts whole seconds."""
        return self._skew_ms

    # ---- requests

    def _read(self, read: Callable[[], R]) -> R:
        try:
            return read()
        except Malformed as error:
            raise TryLater(f"the exchange's answer is not what it should be: {error}") from error

    def _told(self, read: Callable[[], R]) -> R:
        """A question that is refused (a market that is closed for now, or under maintenance) may be answered later."""
        try:
            return self._read(read)
        except Refused as error:
            raise TryLater(f"the exchange refuses to answer: {error}") from error

    def _balances(self) -> Mapping[str, Holding]:
        return holdings_of(self._understood(self._post("/v1/balances")))

    def _asked(self, path: str, query: Mapping[str, str] | None = None) -> object:
        return self._understood(self._exchanged(self._client.build_request("GET", path, params=query)))

    def _understood(self, answer: Answer) -> object:
        if answer.status != HTTPStatus.OK:
            raise error_of(answer, may_have_acted=False)
        return parsed(answer.body)

    def _post(self, path: str, **parameters: object) -> Answer:
        # The lock is held until the answer: two requests sent out of order would have falling nonces.
        with self._one_at_a_time:
            payload, signature = sign(self._secret, {"request": path, "nonce": self._nonces.next(), **parameters})
            headers = {
                "Content-Type": "text/plain",
                "Content-Length": "0",
                "Cache-Control": "no-cache",
                "X-GEMINI-APIKEY": self._key,
                "X-GEMINI-PAYLOAD": payload,
                "X-GEMINI-SIGNATURE": signature,
            }
            return self._exchanged(self._client.build_request("POST", path, headers=headers))

    def _exchanged(self, request: httpx.Request) -> Answer:
        """What the exchange answers. Raises `TryLater`, without the request: its headers hold the keys."""
        try:
            answer = self._client.send(request, stream=True)
            try:
                body = self._body(answer)
            finally:
                answer.close()
        except httpx.HTTPError as error:
            raise TryLater(f"{request.url.path}: {type(error).__name__}: {error}") from None
        self._take_date(answer.headers.get("Date"))
        pause = answer.headers.get("Retry-After", "")
        return Answer(answer.status_code, body, float(pause) if pause.isdecimal() else None)

    def _body(self, answer: httpx.Response) -> str:
        body, until = bytearray(), time.monotonic() + self._answer_seconds
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > LARGEST_ANSWER or time.monotonic() > until:
                raise TryLater(f"{answer.url.path}: the answer is too long, or too slow: {len(body)} bytes so far")
        # An error's message may repeat the key that was sent.
        return body.decode("utf-8", "replace").replace(self._key, "(key)")

    def _take_date(self, date: str | None) -> None:
        try:
            told = parsedate_to_datetime(date or "")
        except ValueError:
            self._skew_ms = None
            return
        # The header drops what is beyond the whole second: half of one is the better guess.
        self._skew_ms = round(told.timestamp() * 1000) + 500 - self._clock.wall_ms()
