"""Settings of the forecast."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from pipeline.settings import PartSettings


class ForecastingSettings(PartSettings):
    """Where candles come from. All else is said on the command line."""

    candles_url: str = Field(
        default="https://api.gemini.com", description="base address of the exchange's REST that gives minute candles"
    )
    candles_answer_seconds: float = Field(default=10.0, gt=0, description="so long may its answer take")

    @model_validator(mode="after")
    def _candles_have_an_address(self) -> Self:
        url = urlsplit(self.candles_url)
        if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment or url.username:
            raise ValueError("CANDLES_URL: expected an address such as https://api.gemini.com or http://127.0.0.1:8181")
        return self
