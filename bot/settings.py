"""Settings of the bot."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from bot.decide import Limits
from bot.entries import Author
from pipeline.errors import WrongSettings
from pipeline.settings import PartSettings

Mode = Literal["paper", "simulator", "sandbox", "live"]
LIVE_SENTENCE = "I accept real losses"
LIVE_HOST = "api.gemini.com"
SANDBOX_HOST = "api.sandbox.gemini.com"
ADDRESSES: dict[Mode, str] = {
    "paper": "",
    "simulator": "http://127.0.0.1:8181",
    "sandbox": f"https://{SANDBOX_HOST}",
    "live": f"https://{LIVE_HOST}",
}


class IdentitySettings(PartSettings):
    """Which bot is meant: what runs it and what talks to it must agree on these."""

    bot_name: str = Field(
        default="bot1", description="the bot's name, at most 9 letters and digits: part of every order's id"
    )
    bot_mode: Mode = Field(
        default="paper", description="where to trade: paper (nowhere), simulator (ours), sandbox (Gemini's), live"
    )
    bot_exchange: str = Field(default="gemini", description="exchange whose ratio and feed the bot follows")
    bot_symbol: str = Field(default="BTCUSD", description="symbol to trade")

    @field_validator("bot_name")
    @classmethod
    def _is_short(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9]{1,9}", value):
            raise ValueError("expected 1 to 9 letters and digits, such as bot1")
        return value

    @field_validator("bot_symbol")
    @classmethod
    def _is_symbol(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9]{3,20}|[A-Za-z0-9]{1,15}-[A-Za-z0-9]{2,10}", value):
            raise ValueError("expected one symbol, such as BTCUSD, on paper also BTC-USD")
        return value.upper()

    @property
    def author(self) -> Author:
        """The identity that the journal goes by."""
        return Author(self.bot_name, self.bot_mode, self.bot_exchange, self.bot_symbol)


class BotSettings(IdentitySettings):
    """What `python -m bot run` can be told. Ages are in seconds of the clock, time-outs in real ones."""

    bot_trade_fraction: Decimal = Field(
        default=Decimal("0.9"), gt=0, le=1, description="share of the quote balance that a buy spends"
    )
    bot_ratio_min: Decimal = Field(default=Decimal("0.1"), ge=0, description="no buy at this ratio or below")
    bot_ratio_max: Decimal = Field(default=Decimal(2), gt=0, description="no buy at this ratio or above")
    bot_ratio_max_age_seconds: float = Field(
        default=60, gt=0, description="no buy on a minute that ended longer ago than this"
    )
    bot_price_max_age_seconds: float = Field(default=2, gt=0, description="no order on a price older than this")
    bot_forecast_max_age_days: float = Field(
        default=31, gt=0, description="no buy on a forecast whose first minute is longer ago than this"
    )
    bot_clock_max_skew_seconds: float = Field(
        default=10, gt=0, description="no buy while the exchange's clock differs from ours by more"
    )
    bot_forecast: Path | None = Field(
        default=None, description="the forecast's table; empty: forecast/forecast.csv in STATE_DIR"
    )
    bot_fee_bps: Decimal = Field(
        default=Decimal(40), ge=0, lt=10_000, description="taker fee in basis points: reserved by a buy, paid on paper"
    )
    bot_balance_tolerance: Decimal = Field(
        default=Decimal(0),
        ge=0,
        description="how far the account may differ from the ledger before the bot stops trading",
    )
    bot_paper_quote: Decimal = Field(default=Decimal(100_000), ge=0, description="opening quote of a paper account")
    bot_paper_base: Decimal = Field(default=Decimal(0), ge=0, description="opening base of a paper account")
    bot_api_url: str = Field(default="", description="address of the exchange's REST; empty: that of the mode")
    bot_api_key: SecretStr = Field(default=SecretStr(""), description="the API key; or its file in BOT_API_KEY_FILE")
    bot_api_secret: SecretStr = Field(
        default=SecretStr(""), description="the API secret; or its file in BOT_API_SECRET_FILE"
    )
    bot_api_key_file: Path | None = Field(default=None, description="file that holds the API key and nothing else")
    bot_api_secret_file: Path | None = Field(default=None, description="file that holds the API secret, nothing else")
    bot_connect_seconds: float = Field(default=5, gt=0, description="so long may connecting to the exchange take")
    bot_answer_seconds: float = Field(default=10, gt=0, description="so long may an answer of the exchange take")
    bot_live_confirmed: str = Field(
        default="", description=f'second switch for real money besides BOT_MODE=live: "{LIVE_SENTENCE}"'
    )

    @field_validator("bot_forecast", "bot_api_key_file", "bot_api_secret_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        wrong = [
            *self._wrong_ratio(),
            *self._wrong_symbol(),
            *self._wrong_switches(),
            *self._wrong_address(),
            *self._wrong_keys(),
        ]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _wrong_ratio(self) -> list[str]:
        fits = self.bot_ratio_min < self.bot_ratio_max
        return [] if fits else ["BOT_RATIO_MIN must be less than BOT_RATIO_MAX"]

    def _wrong_symbol(self) -> list[str]:
        if self.bot_mode != "paper" and not re.fullmatch(r"[A-Z0-9]{3,10}", self.bot_symbol):
            return [f"BOT_SYMBOL={self.bot_symbol}: BOT_MODE={self.bot_mode} trades symbols of Gemini, such as BTCUSD"]
        return []

    def _wrong_switches(self) -> list[str]:
        if self.bot_mode == "live" and self.bot_live_confirmed != LIVE_SENTENCE:
            return [f'BOT_MODE=live trades real money: it needs BOT_LIVE_CONFIRMED="{LIVE_SENTENCE}" too']
        if self.bot_mode == "live" and self.clock_anchor_ms:
            return ["BOT_MODE=live needs the real clock: unset CLOCK_ANCHOR_MS"]
        return []

    def _wrong_address(self) -> list[str]:
        parts = urlsplit(self.api_url)
        host = (parts.hostname or "").lower()
        wanted = {"sandbox": SANDBOX_HOST, "live": LIVE_HOST}.get(self.bot_mode)
        if wanted is not None and (parts.scheme, host) != ("https", wanted):
            return [f"BOT_API_URL={self.bot_api_url}: BOT_MODE={self.bot_mode} trades at https://{wanted} only"]
        if self.bot_mode == "simulator":
            if parts.scheme not in ("http", "https") or not host:
                return [f"BOT_API_URL={self.bot_api_url}: expected an address such as {ADDRESSES['simulator']}"]
            if host == "gemini.com" or host.endswith(".gemini.com"):
                return [f"BOT_API_URL={self.bot_api_url} is Gemini's; BOT_MODE=simulator trades at a simulator only"]
        return []

    def _wrong_keys(self) -> list[str]:
        if self.bot_mode == "paper":
            return []
        wrong = []
        for name, value, file in (
            ("BOT_API_KEY", self.bot_api_key, self.bot_api_key_file),
            ("BOT_API_SECRET", self.bot_api_secret, self.bot_api_secret_file),
        ):
            if value.get_secret_value() and file is not None:
                wrong.append(f"{name} and {name}_FILE are both set; expected one of them")
            elif not value.get_secret_value() and file is None:
                wrong.append(f"BOT_MODE={self.bot_mode} needs {name} or {name}_FILE")
        return wrong

    @property
    def api_url(self) -> str:
        """Where the exchange's REST is."""
        return self.bot_api_url or ADDRESSES[self.bot_mode]

    @property
    def forecast_path(self) -> Path:
        """Where the forecast is."""
        return self.bot_forecast or self.state_dir / "forecast" / "forecast.csv"

    @property
    def limits(self) -> Limits:
        """The gates of a decision."""
        return Limits(
            ratio_min=self.bot_ratio_min,
            ratio_max=self.bot_ratio_max,
            ratio_age_ms=round(self.bot_ratio_max_age_seconds * 1000),
            price_age_ms=round(self.bot_price_max_age_seconds * 1000),
            forecast_age_ms=round(self.bot_forecast_max_age_days * 86_400_000),
            skew_ms=round(self.bot_clock_max_skew_seconds * 1000),
        )

    def keys(self) -> tuple[str, str]:
        """Key and secret, from the settings or their files. Raises `WrongSettings`, which never shows them."""
        return (
            _secret("BOT_API_KEY_FILE", self.bot_api_key, self.bot_api_key_file),
            _secret("BOT_API_SECRET_FILE", self.bot_api_secret, self.bot_api_secret_file),
        )


def _secret(name: str, value: SecretStr, file: Path | None) -> str:
    if file is None:
        return value.get_secret_value().strip()
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongSettings(f"{name}={file} cannot be read: {type(error).__name__}") from None
    if not text or len(text.split()) != 1:
        raise WrongSettings(f"{name}={file}: expected one word and nothing else")
    return text
