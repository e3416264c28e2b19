"""Settings: typed, from the environment and `.env`, checked at the start, all wrong ones named at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline.clock import Clock
from pipeline.errors import WrongSettings

S = TypeVar("S", bound="PartSettings")


class PartSettings(BaseSettings):
    """What every part is told. A field is named like its variable, in lower case; the environment wins over `.env`."""

    model_config = SettingsConfigDict(frozen=True, env_file=".env", extra="ignore", case_sensitive=False)

    kafka_bootstrap: str = Field(
        default="127.0.0.1:19092", min_length=3, description="address of a Kafka broker, host:port; several by commas"
    )
    state_dir: Path = Field(default=Path("state"), description="folder that holds everything that outlives a process")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least level that is logged: debug, info, warning or error"
    )
    health_interval_seconds: float = Field(
        default=60.0, gt=0, description="how often a part writes its metrics to `health`, in seconds of the clock"
    )
    feed_partitions: int = Field(
        default=1, ge=1, le=1000, description="partitions of each feed topic when it is created; a symbol stays in one"
    )
    clock_speed: float = Field(
        default=1.0, gt=0, le=1000, description="how fast the clock of all parts goes; 1 is real time"
    )
    clock_anchor_ms: int = Field(
        default=0, ge=0, description="real time (epoch ms) at which the clock shows CLOCK_START_MS; 0 for real time"
    )
    clock_start_ms: int = Field(default=0, ge=0, description="what the clock shows at its anchor (epoch ms)")

    @model_validator(mode="after")
    def _clock_is_whole(self) -> Self:
        if self.clock_speed != 1.0 and not self.clock_anchor_ms:
            raise ValueError("CLOCK_SPEED other than 1 needs CLOCK_ANCHOR_MS, so that all parts show the same time")
        return self

    def clock(self) -> Clock:
        """The clock that these settings describe."""
        return Clock(self.clock_anchor_ms, self.clock_start_ms, self.clock_speed)


def load(settings: type[S], environ: Mapping[str, str] | None = None, **overrides: Any) -> S:
    """The settings of a part; `environ` stands in for the environment and `.env` (tests), `overrides` win over both.

    Raises `WrongSettings` naming every wrong one with what was expected; values of secrets are not shown.
    """
    values: dict[str, Any] = dict(overrides)
    source: dict[str, Any] = {}
    if environ is not None:
        named = {name.upper(): name for name in settings.model_fields}
        values = {named[key.upper()]: value for key, value in environ.items() if key.upper() in named} | values
        source = {"_env_file": None}
    try:
        return settings(**values, **source)
    except ValidationError as error:
        raise WrongSettings(_in_words(settings, error)) from None


def _in_words(settings: type[PartSettings], error: ValidationError) -> str:
    wrong = []
    for problem in error.errors(include_url=False):
        name = str(problem["loc"][0]).lower() if problem["loc"] else ""
        field = settings.model_fields.get(name)
        what = problem["msg"].removeprefix("Value error, ")
        what = what[:1].lower() + what[1:] if not what[:6].isupper() else what
        if field is None:
            wrong.append(what)
            continue
        secret = field.annotation is SecretStr or SecretStr in getattr(field.annotation, "__args__", ())
        given = "" if secret or problem["type"] == "missing" else f"={problem['input']}"
        wrong.append(f"{name.upper()}{given}: {what} ({field.description})")
    return "wrong settings: " + "; ".join(wrong)
