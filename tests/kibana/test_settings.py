"""Settings of the one-shot: what fits together, and what is never shown."""

from pathlib import Path

import pytest

from kibana.settings import KibanaSettings
from pipeline.errors import WrongSettings
from pipeline.settings import load

SECRET = "do-not-show-this"


def test_without_settings_there_is_no_login() -> None:
    assert load(KibanaSettings, {}).login() is None


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"KIBANA_URL": "127.0.0.1:5601"}, r"KIBANA_URL: expected http\(s\)://host:port"),
        ({"KIBANA_URL": "http://kibana"}, r"KIBANA_URL: expected http\(s\)://host:port"),
        ({"KIBANA_URL": f"http://me:{SECRET}@kibana:5601"}, "KIBANA_URL holds a user"),
        ({"KIBANA_USERNAME": "me"}, "KIBANA_USERNAME needs KIBANA_PASSWORD"),
        ({"KIBANA_PASSWORD": SECRET}, "KIBANA_USERNAME needs KIBANA_PASSWORD"),
        (
            {"KIBANA_USERNAME": "me", "KIBANA_PASSWORD": SECRET, "KIBANA_PASSWORD_FILE": "x"},
            "are both set: expected one of them",
        ),
        ({"KIBANA_WAIT_SECONDS": "0"}, "KIBANA_WAIT_SECONDS=0"),
    ],
)
def test_wrong_settings_are_named_without_secrets(environ: dict[str, str], said: str) -> None:
    with pytest.raises(WrongSettings, match=said) as caught:
        load(KibanaSettings, environ)
    assert SECRET not in str(caught.value)


def test_password_stands_in_its_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{SECRET}\n")
    settings = load(KibanaSettings, {"KIBANA_USERNAME": "me", "KIBANA_PASSWORD_FILE": str(file)})
    assert settings.login() == ("me", SECRET)
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(("content", "said"), [(None, "cannot be read"), (b"", "is empty"), (b"\xff", "is no text")])
def test_password_file_that_is_no_use_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    settings = load(KibanaSettings, {"KIBANA_USERNAME": "me", "KIBANA_PASSWORD_FILE": str(file)})
    with pytest.raises(WrongSettings, match=said):
        settings.login()
