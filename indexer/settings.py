"""Settings of the indexer."""

from pathlib import Path

from pydantic import Field, SecretStr

from pipeline.errors import WrongSettings
from pipeline.settings import PartSettings


class IndexerSettings(PartSettings):
    """Where Elasticsearch is, as whom to write, and how much at once."""

    elasticsearch_url: str = Field(
        default="http://127.0.0.1:19200", pattern=r"^https?://[^/@]+$", description="address of Elasticsearch"
    )
    elasticsearch_user: str = Field(default="indexer", min_length=1, description="the user that the indexer writes as")
    elasticsearch_password: SecretStr | None = Field(default=None, description="its password")
    elasticsearch_password_file: Path | None = Field(default=None, description="or a file that holds the password")
    indexer_bulk_documents: int = Field(default=500, ge=1, le=10_000, description="documents written in one request")

    def password(self) -> str:
        """The password, from whichever of the two settings names it; raises `WrongSettings`."""
        if self.elasticsearch_password is not None:
            return self.elasticsearch_password.get_secret_value()
        if self.elasticsearch_password_file is None:
            raise WrongSettings("ELASTICSEARCH_PASSWORD or ELASTICSEARCH_PASSWORD_FILE is needed to write documents")
        try:
            return self.elasticsearch_password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise WrongSettings(f"ELASTICSEARCH_PASSWORD_FILE cannot be read: {error}") from None
