"""Settings of Kibana's one-shot."""

from decimal import Decimal
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from pipeline.errors import WrongSettings
from pipeline.settings import PartSettings


class KibanaSettings(PartSettings):
    """Where Kibana is, as whom to speak to it, and how long to wait for it."""

    kibana_url: str = Field(
        default="http://127.0.0.1:5601", description="address of Kibana, http(s)://host:port[/base]"
    )
    kibana_username: str = Field(
        default="", description="user who may change Kibana's objects and settings; empty: no login"
    )
    kibana_password: SecretStr | None = Field(default=None, description="that user's password")
    kibana_password_file: Path | None = Field(default=None, description="or a file that holds the password")
    kibana_wait_seconds: float = Field(
        default=600.0, gt=0, le=86_400, description="how long to wait for a Kibana that is starting, in real seconds"
    )

    bot_ratio_min: Decimal = Field(default=Decimal("0.1"), ge=0, description="the bot's, drawn as a threshold")
    bot_ratio_max: Decimal = Field(default=Decimal(2), gt=0, description="the bot's, drawn as a threshold")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        # Checked here, where the message does not repeat the value: it may hold a password.
        try:
            url = urlsplit(self.kibana_url)
            whole = url.scheme in ("http", "https") and url.hostname and url.port
        except ValueError:
            whole = False
        if not whole or url.query or url.fragment:
            raise ValueError("KIBANA_URL: expected http(s)://host:port, and at most Kibana's base path after")
        if url.username is not None:
            raise ValueError(
                "KIBANA_URL holds a user: expected http(s)://host:port, the user in KIBANA_USERNAME and the password "
                "in KIBANA_PASSWORD or KIBANA_PASSWORD_FILE"
            )
        given = (self.kibana_password is not None) + (self.kibana_password_file is not None)
        if given > 1:
            raise ValueError("KIBANA_PASSWORD and KIBANA_PASSWORD_FILE are both set: expected one of them")
        if bool(self.kibana_username) != bool(given):
            raise ValueError("KIBANA_USERNAME needs KIBANA_PASSWORD or KIBANA_PASSWORD_FILE, and they need it")
        return self

    @property
    def ratio_bounds(self) -> tuple[str, str]:
        """At the first ratio or below, and at the second or above, the bot buys nothing."""
        return f"{self.bot_ratio_min:f}", f"{self.bot_ratio_max:f}"

    def login(self) -> tuple[str, str] | None:
        """User and password; None without a login. Raises `WrongSettings`, which never shows them."""
        if self.kibana_password is not None:
            return self.kibana_username, self.kibana_password.get_secret_value()
        if self.kibana_password_file is None:
            return None
        try:
            password = self.kibana_password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise WrongSettings(f"KIBANA_PASSWORD_FILE cannot be read: {error}") from None
        except UnicodeDecodeError:
            raise WrongSettings("KIBANA_PASSWORD_FILE is no text") from None
        if not password:
            raise WrongSettings(f"KIBANA_PASSWORD_FILE is empty: {self.kibana_password_file}")
        return self.kibana_username, password
