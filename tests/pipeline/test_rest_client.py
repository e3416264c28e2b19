"""The client for REST: whom a proxy of the environment is for."""

import pytest

from pipeline.rest_client import rest_client


@pytest.mark.parametrize(
    ("url", "is_trusted"),
    [
        ("https://api.gemini.com", True),
        ("https://127.0.0.1:8181", False),
        ("http://localhost:8181", False),
        ("http://simulator:8181", False),
    ],
)
def test_environment_is_trusted_for_the_internet_only(url: str, is_trusted: bool) -> None:
    with rest_client(url, connect_seconds=1, answer_seconds=1) as client:
        assert client.trust_env == is_trusted
