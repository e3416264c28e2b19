"""Signatures against fixed vectors, and nonces under a clock that misbehaves."""

import json

import pytest

from bot.gemini_signing import Nonces, sign
from tests.bot.doubles import START, HandClock

SECRET = "test-secret-0001"
VECTORS = [
    (
        {"request": "/v1/heartbeat", "nonce": 1767225600},
        "eyJyZXF1ZXN0IjoiL3YxL2hlYXJ0YmVhdCIsIm5vbmNlIjoxNzY3MjI1NjAwfQ==",
        "9281654cc8fb9594d0711f94c56cb5fe44331ffd4119203b140ad90eedb106cb9ef0af8a00a5c87c139ee6a42fe5e5ce",
    ),
    (
        {"request": "/v1/heartbeat", "nonce": 1767225600.5},
        "eyJyZXF1ZXN0IjoiL3YxL2hlYXJ0YmVhdCIsIm5vbmNlIjoxNzY3MjI1NjAwLjV9",
        "8f5e1617c01fe76e25c9e9b05349ef6627c0890a6524c522d416c7d11c493010ebc1240a8803a68eb3e7d69b9af62493",
    ),
    (
        {
            "request": "/v1/order/new",
            "nonce": 1767225600.000001,
            "client_order_id": "bot1-20260101-000000-b",
            "symbol": "btcusd",
            "amount": "0.01",
            "price": "91000.00",
            "side": "buy",
            "type": "exchange limit",
            "options": ["immediate-or-cancel"],
        },
        "eyJyZXF1ZXN0IjoiL3YxL29yZGVyL25ldyIsIm5vbmNlIjoxNzY3MjI1NjAwLjAwMDAwMSwiY2xpZW50X29yZGVyX2lkIjoiYm90MS0yMDI2M"
        "DEwMS0wMDAwMDAtYiIsInN5bWJvbCI6ImJ0Y3VzZCIsImFtb3VudCI6IjAuMDEiLCJwcmljZSI6IjkxMDAwLjAwIiwic2lkZSI6ImJ1eSIsIn"
        "R5cGUiOiJleGNoYW5nZSBsaW1pdCIsIm9wdGlvbnMiOlsiaW1tZWRpYXRlLW9yLWNhbmNlbCJdfQ==",
        "fb5bd9832366306f05dc4dde1165270cb1d290f5651295c3e1130678ec88fdf1f0bd843f6ad97b4249afeecb1d53dd85",
    ),
    (
        {
            "request": "/v1/order/status",
            "nonce": 1767225601,
            "client_order_id": "bot1-20260101-000000-b",
            "include_trades": True,
        },
        "eyJyZXF1ZXN0IjoiL3YxL29yZGVyL3N0YXR1cyIsIm5vbmNlIjoxNzY3MjI1NjAxLCJjbGllbnRfb3JkZXJfaWQiOiJib3QxLTIwMjYwMTAxL"
        "TAwMDAwMC1iIiwiaW5jbHVkZV90cmFkZXMiOnRydWV9",
        "78d425af7d5552d1c9bbb357fb1f025e104514bcc2a9e2f077b454486584105c25ab001e8411bba55736a6e0318d9179",
    ),
]


@pytest.mark.parametrize(("payload", "encoded", "signature"), VECTORS)
def test_payload_and_signature_are_those_of_the_vectors(
    payload: dict[str, object], encoded: str, signature: str
) -> None:
    assert sign(SECRET, payload) == (encoded, signature)


def test_nonces_are_seconds_with_a_fraction_and_survive_json() -> None:
    nonces = Nonces(HandClock(START + 1).wall_ms)
    assert [json.dumps(nonces.next()) for _ in range(2)] == ["1767225600.001", "1767225600.001001"]


def test_nonces_rise_when_the_clock_steps_back() -> None:
    clock = HandClock()
    nonces = Nonces(clock.wall_ms)
    first = nonces.next()
    clock.now_ms -= 14_000
    assert nonces.next() > first


def test_nonces_begin_again_from_a_clock_that_was_set_back_far() -> None:
    clock = HandClock()
    nonces = Nonces(clock.wall_ms)
    nonces.next()
    clock.now_ms -= 20_000
    assert nonces.next() == START / 1000 - 20


def test_ten_thousand_nonces_in_one_moment_all_differ() -> None:
    nonces = Nonces(HandClock().wall_ms)
    made = [nonces.next() for _ in range(10_000)]
    assert made == sorted(set(made))
