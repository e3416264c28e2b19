"""A client of the simulated exchange's REST that sends what it is told to, right or wrong."""

from __future__ import annotations

import base64
import http.client
import json
from dataclasses import dataclass
from typing import Any

from simulator.signatures import KEY_HEADER, PAYLOAD_HEADER, SIGNATURE_HEADER, signature
from tests.simulator.running_exchange import DEADLINE, RunningExchange

NAME, SECRET = "account-test", "secret-of-the-test"
KEYS = {"simulator_api_key": NAME, "simulator_api_secret": SECRET}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    kind: str
    body: Any
    date: str


class TradingClient:
    """Signs with `name` and `secret`; each nonce is a microsecond or more after the one before."""

    def __init__(self, exchange: RunningExchange, name: str = NAME, secret: str = SECRET) -> None:
        self._exchange = exchange
        self._name = name
        self._secret = secret
        self._last_us = 0

    @property
    def last_nonce(self) -> str:
        """The one that was used last."""
        return f"{self._last_us / 1_000_000:.6f}"

    def ask(self, path: str, **parameters: object) -> Answer:
        """A signed request; `nonce` may be given. Raises ConnectionError when it is cut off."""
        self._last_us = max(self._last_us + 1, self._exchange.clock.wall_ms() * 1000)
        payload = {"request": path, "nonce": self.last_nonce} | parameters
        encoded = base64.b64encode(json.dumps(payload).encode()).decode()
        headers = {
            KEY_HEADER: self._name,
            PAYLOAD_HEADER: encoded,
            SIGNATURE_HEADER: signature(self._secret, encoded),
            "Content-Length": "0",
        }
        return self.send("POST", path, headers)

    def send(self, method: str, path: str, headers: dict[str, str] | None = None) -> Answer:
        """Any request."""
        connection = http.client.HTTPConnection("127.0.0.1", self._exchange.port, timeout=DEADLINE)
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            text, kind = response.read().decode(), response.getheader("Content-Type", "").partition(";")[0]
            body = json.loads(text) if kind == "application/json" else text
            return Answer(response.status, kind, body, response.getheader("Date", ""))
        finally:
            connection.close()

    def order(self, side: str, amount: str, price: str, **more: object) -> Answer:
        """An immediate-or-cancel order."""
        fields = {
            "symbol": "btcusd",
            "side": side,
            "amount": amount,
            "price": price,
            "type": "exchange limit",
            "options": ["immediate-or-cancel"],
        }
        return self.ask("/v1/order/new", **(fields | more))

    def balances(self) -> dict[str, str]:
        """What the account holds, by currency."""
        return {row["currency"]: row["amount"] for row in self.ask("/v1/balances").body}

    def touch(self) -> tuple[str, str]:
        """The best bid and ask."""
        ticker = self.send("GET", "/v1/pubticker/btcusd").body
        return ticker["bid"], ticker["ask"]
