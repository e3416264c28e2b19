"""Where Elasticsearch is and how the indexer gets in: what is wrong is named, what is secret is not shown."""

from pathlib import Path

import pytest

from indexer.settings import IndexerSettings
from pipeline.errors import WrongSettings
from pipeline.settings import load


@pytest.mark.parametrize("url", ["http://127.0.0.1:19200", "https://es.example:9200/", "http://[::1]:9200"])
def test_address_with_a_port_is_taken(url: str) -> None:
    assert load(IndexerSettings, {"ELASTICSEARCH_URL": url}).elasticsearch_url == url


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:9200",
        "http://127.0.0.1",
        "http://:9200",
        "http://127.0.0.1:0",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:port",
        "ftp://127.0.0.1:9200",
        "http://127.0.0.1:9200/path",
        "http://127.0.0.1:9200?query",
        "http://[::1:9200",
        "http://me:secret@127.0.0.1:9200",
        "http://me:secret@127.0.0.1:9200/path",
    ],
)
def test_other_address_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(WrongSettings, match=r"ELASTICSEARCH_URL.*http\(s\)://host:port") as raised:
        load(IndexerSettings, {"ELASTICSEARCH_URL": url})
    assert "secret" not in str(raised.value)


def test_password_comes_from_its_variable_or_its_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from the file\n", encoding="utf-8")
    in_file = {"ELASTICSEARCH_PASSWORD_FILE": str(file)}
    assert load(IndexerSettings, in_file).password() == "from the file"
    assert load(IndexerSettings, in_file | {"ELASTICSEARCH_PASSWORD": "given"}).password() == "given"
    assert "given" not in repr(load(IndexerSettings, {"ELASTICSEARCH_PASSWORD": "given"}))


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "is empty"), (b"\n", "is empty"), (b"\xff\xfe", "no text"), (None, "cannot be read")]
)
def test_password_file_that_holds_none_is_named(tmp_path: Path, content: bytes | None, why: str) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(WrongSettings, match=f"ELASTICSEARCH_PASSWORD_FILE.*{why}"):
        load(IndexerSettings, {"ELASTICSEARCH_PASSWORD_FILE": str(file)}).password()


def test_no_password_at_all_says_how_to_give_one() -> None:
    with pytest.raises(WrongSettings, match="ELASTICSEARCH_PASSWORD or ELASTICSEARCH_PASSWORD_FILE"):
        load(IndexerSettings, {}).password()
