"""Settings of the indexer."""

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from pipeline.errors import WrongSettings
from pipeline.settings import PartSettings


class IndexerSettings(PartSettings):
    """Where Elasticsearch is, as whom to write, and how much at once."""

    elasticsearch_url: str = Field(
        default="http://127.0.0.1:19200", description="address of Elasticsearch, http(s)://host:port"
    )
    elasticsearch_user: str = Field(default="indexer", min_length=1, description="the user that the indexer writes as")
    elasticsearch_password: SecretStr | None = Field(default=None, description="its password")
    elasticsearch_password_file: Path | None = Field(default=None, description="or a file that holds the password")
    indexer_bulk_documents: int = Field(default=500, ge=1, le=10_000, description="documents written in one request")

    @model_validator(mode="after")
    def _url_is_an_address(self) -> Self:
        # Checked here, where the message does not repeat the value: it may hold a password.
        try:
            url = urlsplit(self.elasticsearch_url)
            whole = url.scheme in ("http", "https") and url.hostname and url.port
        except ValueError:
            whole = False
        if not whole or url.path.strip("/") or url.query or url.fragment:
            raise ValueError("ELASTICSEARCH_URL: expected http(s)://host:port and nothing after")
        if url.username is not None:
            raise ValueError(
                "ELASTICSEARCH_URL holds a user: expected http(s)://host:port, the user in ELASTICSEARCH_USER "
                "and the password in ELASTICSEARCH_PASSWORD"
            )
        return self

    def password(self) -> str:
        """The password, from whichever of the two settings names it; raises `WrongSettings`."""
        if self.elasticsearch_password is not None:
            return self.elasticsearch_password.get_secret_value()
        if self.elasticsearch_password_file is None:
            raise WrongSettings("ELASTICSEARCH_PASSWORD or ELASTICSEARCH_PASSWORD_FILE is needed to write documents")
        try:
            password = self.elasticsearch_password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise WrongSettings(f"ELASTICSEARCH_PASSWORD_FILE cannot be read: {error}") from None
        except UnicodeDecodeError:
            raise WrongSettings("ELASTICSEARCH_PASSWORD_FILE is no text") from None
        if not password:
            raise WrongSettings(f"ELASTICSEARCH_PASSWORD_FILE is empty: {self.elasticsearch_password_file}")
        return password
