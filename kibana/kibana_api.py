"""The few calls to Kibana that the one-shot makes, and what the answers mean.

`/api/status`, `/api/saved_objects/_import` and `/internal/kibana/settings` of Kibana 8.8 and later. Every call raises
`KibanaAway` when it may be made again, `WrongKibana` for a wrong address or login, `KibanaRefuses` for the rest.
"""

import ssl
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from kibana.errors import KibanaAway, KibanaRefuses, WrongKibana

AVAILABLE = "available"
FILE_NAME = "real-time-crypto.ndjson"
_CONNECT_SECONDS = 5.0
# An import makes Kibana write every object and migrate it.
_ANSWER_SECONDS = 60.0
_PASSING = frozenset((HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS))
_LOGIN = "look at KIBANA_USERNAME, its password and its rights"
_SHOWN = 300


class KibanaApi:
    """One Kibana. A context manager."""

    def __init__(self, url: str, login: tuple[str, str] | None, *, answer_seconds: float = _ANSWER_SECONDS) -> None:
        self._url = url.rstrip("/")
        self._client = httpx.Client(
            base_url=self._url,
            auth=httpx.BasicAuth(*login) if login else None,
            headers={"kbn-xsrf": "true", "x-elastic-internal-origin": "Kibana"},
            timeout=httpx.Timeout(answer_seconds, connect=_CONNECT_SECONDS),
            # A login in ~/.netrc or a proxy of the environment are meant for others.
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def check_available(self) -> None:
        """Returns when Kibana can work; raises `KibanaAway` with what it says while it is starting."""
        answer = self._asked("GET", "/api/status")
        level = _at(answer, "status", "overall", "level")
        if level is None:
            raise WrongKibana(f"what answers at {self._url}/api/status is no Kibana; look at KIBANA_URL")
        if level != AVAILABLE:
            summary = _at(answer, "status", "overall", "summary")
            raise KibanaAway(f"Kibana is {level}{f': {summary}' if summary else ''}")

    def import_objects(self, objects: bytes, count: int) -> None:
        """Imports that many objects (NDJSON), replacing those of the same ids.

        Kibana answers 200 even when it took nothing, so the body decides.
        """
        answer = self._asked(
            "POST",
            "/api/saved_objects/_import",
            params={"overwrite": "true"},
            files={"file": (FILE_NAME, objects, "application/ndjson")},
        )
        if _at(answer, "success") is not True:
            reasons = "; ".join(_refusals(answer)) or _text(answer)
            raise KibanaRefuses(f"Kibana refuses some of the {count} objects: {reasons}")
        taken = _at(answer, "successCount")
        if taken != count:
            raise KibanaRefuses(f"Kibana took {taken} of {count} objects, without a word why")

    def put_setting(self, name: str, value: str) -> bool:
        """Sets one of the settings that hold for everybody; false when kibana.yml has it fixed, to whatever value."""
        path = "/internal/kibana/settings"
        try:
            answer = self._asked("POST", path, json={"changes": {name: value}})
        except KibanaRefuses as error:
            if "overridden" in str(error):
                return False
            raise
        if _at(answer, "settings", name, "userValue") != value:
            raise KibanaRefuses(f"Kibana did not keep {name}={value}: it says {_text(answer)}")
        return True

    def _asked(self, method: str, path: str, **request: Any) -> Any:
        """The JSON that is answered."""
        try:
            answer = self._client.request(method, path, **request)
        except httpx.HTTPError as error:
            if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error)):
                raise WrongKibana(f"the certificate of {self._url} is not to be trusted: {error}") from None
            raise KibanaAway(f"Kibana at {self._url} does not answer: {error or type(error).__name__}") from error
        status, said = answer.status_code, f"HTTP {answer.status_code}: {_said(answer)}"
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING:
            raise KibanaAway(f"Kibana at {self._url} is not ready ({said})")
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise WrongKibana(f"Kibana at {self._url} refuses the user or what it may do ({said}); {_LOGIN}")
        if status == HTTPStatus.NOT_FOUND or answer.is_redirect:
            raise WrongKibana(f"there is no {path} at {self._url} ({said}); look at KIBANA_URL and its base path")
        if status != HTTPStatus.OK:
            raise KibanaRefuses(f"Kibana at {self._url} refuses {path} ({said})")
        try:
            return msgspec.json.decode(answer.content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise WrongKibana(f"what answers at {self._url}{path} is no Kibana: {_said(answer)}") from None


def _refusals(answer: Any) -> Iterator[str]:
    """Each object that was not taken, and why."""
    errors = _at(answer, "errors")
    for item in errors if isinstance(errors, list) else []:
        error = _at(item, "error")
        kind, message, missing = (_at(error, name) for name in ("type", "message", "references"))
        needs = [f"{_at(one, 'type')} {_at(one, 'id')}" for one in missing] if isinstance(missing, list) else []
        why = f"{kind}{f' ({message})' if message else ''}{': ' + ', '.join(needs) if needs else ''}"
        yield f"{_at(item, 'type')} {_at(item, 'id')}: {why}"


def _at(value: Any, *names: str) -> Any:
    """What stands in JSON under these names; None where it does not."""
    for name in names:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _said(answer: httpx.Response) -> str:
    """Kibana's message, or the beginning of whatever was answered."""
    try:
        message = _at(msgspec.json.decode(answer.content), "message")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        message = None
    text = message if isinstance(message, str) else answer.text
    return " ".join(text.split())[:_SHOWN] or "no text"


def _text(answer: Any) -> str:
    return msgspec.json.encode(answer).decode()[:_SHOWN]


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
