"""The client for an exchange's REST: time-outs, TLS verified, no redirects."""

from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx


def rest_client(url: str, *, connect_seconds: float, answer_seconds: float) -> httpx.Client:
    """A client for `url`.

    Proxies of the environment and logins in `~/.netrc` are meant for the internet: not for this machine itself, nor for
    another container, which is what plain HTTP is for.
    """
    return httpx.Client(
        base_url=url,
        timeout=httpx.Timeout(answer_seconds, connect=connect_seconds),
        follow_redirects=False,
        trust_env=urlsplit(url).scheme == "https" and not _is_loopback(url),
    )


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
