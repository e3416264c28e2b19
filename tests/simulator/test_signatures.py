"""Who is let in, with the signatures that Gemini's documents give."""

import base64
import json
from collections.abc import Mapping
from decimal import Decimal

import pytest

from simulator.errors import Refusal
from simulator.signatures import (
    KEY_HEADER,
    PAYLOAD_HEADER,
    SIGNATURE_HEADER,
    ApiKey,
    Gatekeeper,
    signature,
)

KEY = ApiKey("account-1", "test-secret-0001")
NOW = 1_767_225_600_000
PATH = "/v1/heartbeat"


def headers(payload: object, *, secret: str = KEY.secret, name: str = KEY.name) -> dict[str, str]:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    encoded = base64.b64encode(text.encode()).decode()
    return {KEY_HEADER: name, PAYLOAD_HEADER: encoded, SIGNATURE_HEADER: signature(secret, encoded)}


def asked(nonce: object) -> dict[str, str]:
    return headers({"request": PATH, "nonce": nonce})


def refused(gate: Gatekeeper, sent: Mapping[str, str], now_ms: int = NOW) -> Refusal:
    with pytest.raises(Refusal) as caught:
        gate.payload(PATH, sent, now_ms)
    return caught.value


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (
            "eyJyZXF1ZXN0IjoiL3YxL2hlYXJ0YmVhdCIsIm5vbmNlIjoxNzY3MjI1NjAwfQ==",
            "9281654cc8fb9594d0711f94c56cb5fe44331ffd4119203b140ad90eedb106cb9ef0af8a00a5c87c139ee6a42fe5e5ce",
        ),
        (
            "eyJyZXF1ZXN0IjoiL3YxL2hlYXJ0YmVhdCIsIm5vbmNlIjoxNzY3MjI1NjAwLjV9",
            "8f5e1617c01fe76e25c9e9b05349ef6627c0890a6524c522d416c7d11c493010ebc1240a8803a68eb3e7d69b9af62493",
        ),
        (
            "eyJyZXF1ZXN0IjoiL3YxL29yZGVyL25ldyIsIm5vbmNlIjoxNzY3MjI1NjAwLjAwMDAwMSwiY2xpZW50X29yZGVyX2lkIjoiYm90MS0yMDI2"
            "MDEwMS0wMDAwMDAtYiIsInN5bWJvbCI6ImJ0Y3VzZCIsImFtb3VudCI6IjAuMDEiLCJwcmljZSI6IjkxMDAwLjAwIiwic2lkZSI6ImJ1eSIs"
            "InR5cGUiOiJleGNoYW5nZSBsaW1pdCIsIm9wdGlvbnMiOlsiaW1tZWRpYXRlLW9yLWNhbmNlbCJdfQ==",
            "fb5bd9832366306f05dc4dde1165270cb1d290f5651295c3e1130678ec88fdf1f0bd843f6ad97b4249afeecb1d53dd85",
        ),
        (
            "eyJyZXF1ZXN0IjoiL3YxL29yZGVyL3N0YXR1cyIsIm5vbmNlIjoxNzY3MjI1NjAxLCJjbGllbnRfb3JkZXJfaWQiOiJib3QxLTIwMjYwMTAx"
            "LTAwMDAwMC1iIiwiaW5jbHVkZV90cmFkZXMiOnRydWV9",
            "78d425af7d5552d1c9bbb357fb1f025e104514bcc2a9e2f077b454486584105c25ab001e8411bba55736a6e0318d9179",
        ),
    ],
)
def test_signature_is_the_one_that_is_known_for_the_payload(payload: str, expected: str) -> None:
    assert signature("test-secret-0001", payload) == expected


def test_signed_request_gives_its_parameters_exactly() -> None:
    payload = Gatekeeper(KEY).payload(PATH, headers(f'{{"request":"{PATH}","nonce":1767225600.000001}}'), NOW)
    assert payload["nonce"] == Decimal("1767225600.000001")


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        (KEY_HEADER, "MissingApikeyHeader"),
        (PAYLOAD_HEADER, "MissingPayloadHeader"),
        (SIGNATURE_HEADER, "MissingSignatureHeader"),
    ],
)
def test_request_without_a_header_is_refused(missing: str, reason: str) -> None:
    sent = asked(NOW // 1000)
    del sent[missing]
    assert (refused(Gatekeeper(KEY), sent).status, refused(Gatekeeper(KEY), sent).reason) == (400, reason)


@pytest.mark.parametrize(
    "sent",
    [
        headers({"request": PATH, "nonce": NOW // 1000}, secret="another"),
        headers({"request": PATH, "nonce": NOW // 1000}, name="account-2"),
        asked(NOW // 1000) | {PAYLOAD_HEADER: base64.b64encode(b"{}").decode()},
        asked(NOW // 1000) | {SIGNATURE_HEADER: "ü"},
    ],
    ids=["secret", "key", "payload", "signature"],
)
def test_request_that_the_key_did_not_sign_is_refused(sent: dict[str, str]) -> None:
    assert refused(Gatekeeper(KEY), sent).reason == "InvalidSignature"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ("{", "InvalidJson"),
        ("[1]", "InvalidJson"),
        ('{"request":"/v1/heartbeat","nonce":NaN}', "InvalidJson"),
        ({"request": "/v1/balances", "nonce": NOW // 1000}, "EndpointMismatch"),
        ({"request": PATH}, "MissingNonce"),
        ({"request": PATH, "nonce": "soon"}, "InvalidNonce"),
        ({"request": PATH, "nonce": True}, "InvalidNonce"),
    ],
)
def test_payload_that_says_something_wrong_is_refused(payload: object, reason: str) -> None:
    assert refused(Gatekeeper(KEY), headers(payload)).reason == reason


def test_nonce_in_milliseconds_is_refused_with_the_window() -> None:
    refusal = refused(Gatekeeper(KEY), asked(NOW))
    assert refusal.reason == "InvalidNonce"
    assert "is not within 30 seconds of server time '1767225600'" in refusal.message


@pytest.mark.parametrize("seconds", [-31, 31])
def test_nonce_beyond_the_window_is_refused(seconds: int) -> None:
    assert refused(Gatekeeper(KEY), asked(NOW // 1000 + seconds)).reason == "InvalidNonce"
    assert Gatekeeper(KEY, window_ms=32_000).payload(PATH, asked(NOW // 1000 + seconds), NOW)


def test_nonce_must_grow_and_may_be_a_text() -> None:
    gate = Gatekeeper(KEY)
    gate.payload(PATH, asked("1767225600.5"), NOW)
    assert "has not increased" in refused(gate, asked(1767225600.5)).message
    assert "has not increased" in refused(gate, asked(1767225600)).message
    gate.payload(PATH, asked(1767225600.500001), NOW)


def test_nonce_of_the_last_order_is_remembered_over_a_restart() -> None:
    gate = Gatekeeper(KEY, last_nonce=Decimal("1767225600"))
    assert refused(gate, asked(1767225600)).reason == "InvalidNonce"


def test_secret_is_in_no_repr() -> None:
    assert KEY.secret not in repr(KEY)
