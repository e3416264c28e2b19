"""Who sends a private request: Gemini's signatures and nonces. Pure, but for the last nonce that it keeps.

A request has no body. Its parameters are JSON in base64 in a header, signed with HMAC-SHA384 over that text.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from simulator.errors import Refusal

KEY_HEADER = "X-GEMINI-APIKEY"
PAYLOAD_HEADER = "X-GEMINI-PAYLOAD"
SIGNATURE_HEADER = "X-GEMINI-SIGNATURE"
NONCE_WINDOW_MS = 30_000
_LONGEST_NONCE = 40

Payload = Mapping[str, Any]


@dataclass(frozen=True)
class ApiKey:
    """A key and its secret, which no `repr` shows."""

    name: str
    secret: str = field(repr=False)


def signature(secret: str, payload: str) -> str:
    """The signature of a payload as it is sent: lower-case hexadecimal digits."""
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha384).hexdigest()


class Gatekeeper:
    """Lets in what the key's owner has sent, each request once.

    The key is time-based: a nonce is epoch seconds within `window_ms` of the clock, and greater than the one before.
    Gemini does not say whether a time-based nonce must also grow; here it must.
    """

    def __init__(self, key: ApiKey, window_ms: float = NONCE_WINDOW_MS, last_nonce: Decimal | None = None) -> None:
        self._key = key
        self._window_ms = window_ms
        self._last_nonce = last_nonce

    def payload(self, path: str, headers: Mapping[str, str], now_ms: int) -> Payload:
        """The parameters of a request, its numbers exact; raises Refusal as Gemini would."""
        name = _header(headers, KEY_HEADER, "MissingApikeyHeader")
        encoded = _header(headers, PAYLOAD_HEADER, "MissingPayloadHeader")
        signed = _header(headers, SIGNATURE_HEADER, "MissingSignatureHeader")
        is_known = hmac.compare_digest(name.encode(), self._key.name.encode())
        is_signed = hmac.compare_digest(signed.encode(), signature(self._key.secret, encoded).encode())
        if not (is_known and is_signed):
            raise Refusal(400, "InvalidSignature", "InvalidSignature")
        payload = _decoded(encoded)
        if payload.get("request") != path:
            raise Refusal(400, "EndpointMismatch", "EndpointMismatch")
        self._pass(payload.get("nonce"), now_ms)
        return payload

    def _pass(self, nonce: object, now_ms: int) -> None:
        number = _number(nonce)
        if abs(number * 1000 - now_ms) > self._window_ms:
            message = f"Nonce '{nonce}' is not within 30 seconds of server time '{now_ms // 1000}'"
            raise Refusal(400, "InvalidNonce", message)
        if self._last_nonce is not None and number <= self._last_nonce:
            message = f"Nonce '{nonce}' has not increased since your last call to the Gemini API."
            raise Refusal(400, "InvalidNonce", message)
        self._last_nonce = number


def _header(headers: Mapping[str, str], name: str, reason: str) -> str:
    value = headers.get(name, "")
    if not value:
        raise Refusal(400, reason, f"Must provide '{name}' header")
    return value


def _decoded(encoded: str) -> Payload:
    try:
        payload = json.loads(base64.b64decode(encoded, validate=True), parse_float=Decimal, parse_constant=_refused)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise Refusal(400, "InvalidJson", "the payload is not base64 of JSON") from error
    if not isinstance(payload, dict):
        raise Refusal(400, "InvalidJson", "the payload is not a JSON object")
    return payload


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _number(nonce: object) -> Decimal:
    """The nonce, which may be a JSON number or a text of digits."""
    if nonce is None:
        raise Refusal(400, "MissingNonce", "Must provide 'nonce' in the payload")
    if isinstance(nonce, str | int | Decimal) and not isinstance(nonce, bool) and len(str(nonce)) <= _LONGEST_NONCE:
        try:
            number = Decimal(nonce)
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite():
            return number
    raise Refusal(400, "InvalidNonce", "the nonce is not a number")
