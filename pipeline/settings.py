"""Settings: typed, from the environment and `.env`, checked at the start, all wrong ones named at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self, TypeVar, get_args

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from pipeline.alive import SignOfLife
from pipeline.broker_address import addresses
from pipeline.clock import Clock
from pipeline.errors import WrongSettings

S = TypeVar("S", bound="PartSettings")


class PartSettings(BaseSettings):
    """What every part is told. A field is named like its variable, in lower case; the environment wins over `.env`.

    `.env` is read from the folder that the part is started in. An empty variable counts as not set.
    """

    model_config = SettingsConfigDict(
        frozen=True, env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore"
    )

    kafka_bootstrap: str = Field(
        default="127.0.0.1:19092", description="address of a Kafka broker, host:port; several by commas"
    )
    state_dir: Path = Field(default=Path("state"), description="folder that holds everything that outlives a process")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least level that is logged: debug, info, warning or error"
    )
    health_interval_seconds: float = Field(
        default=60.0, gt=0, description="how often a part writes its metrics to `health`, in seconds of the clock"
    )
    metrics_port: int = Field(
        default=0, ge=0, le=65535, description="port of a part's /metrics for Prometheus; 0: none, only `health`"
    )
    metrics_host: str = Field(
        default="127.0.0.1", min_length=1, description="address that /metrics listens on; 0.0.0.0 in a container"
    )
    alive_file: Path | None = Field(
        default=None, description="file that a part touches each second while it does its work; empty: none"
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

    @field_validator("kafka_bootstrap")
    @classmethod
    def _is_an_address(cls, bootstrap: str) -> str:
        addresses(bootstrap)
        return bootstrap

    @model_validator(mode="after")
    def _clock_is_whole(self) -> Self:
        if self.clock_speed != 1.0 and not self.clock_anchor_ms:
            raise ValueError("CLOCK_SPEED other than 1 needs CLOCK_ANCHOR_MS, so that all parts show the same time")
        return self

    def sign_of_life(self) -> SignOfLife:
        """What the part's main loop gives as often as it does its work."""
        return SignOfLife(self.alive_file)

    def clock(self) -> Clock:
        """The clock that these settings describe."""
        return Clock(self.clock_anchor_ms, self.clock_start_ms, self.clock_speed)


def load(settings: type[S], environ: Mapping[str, str] | None = None, **overrides: Any) -> S:
    """The settings of a part; `environ` stands in for the environment and `.env` (tests), `overrides` win over both.

    Raises `WrongSettings` naming every wrong one with what was expected; values of secrets are not shown.
    """
    given: dict[str, Any] = dict(overrides)
    if environ is not None:
        fields = settings.model_fields
        defaults = {
            name: field.get_default(call_default_factory=True, validated_data={}) for name, field in fields.items()
        }
        # What is given here wins over the real environment, so the defaults must be given too.
        given = {name: default for name, default in defaults.items() if not fields[name].is_required()}
        given |= {key.lower(): value for key, value in environ.items() if value and key.lower() in fields}
        given |= overrides | {"_env_file": None}
    try:
        return settings(**given)
    except ValidationError as error:
        raise WrongSettings(_in_words(settings, error)) from None
    except (SettingsError, UnicodeDecodeError, OSError) as error:
        raise WrongSettings(f"wrong settings: .env or a variable cannot be read: {error}") from None


def _in_words(settings: type[PartSettings], error: ValidationError) -> str:
    problems = error.errors(include_url=False)
    return "wrong settings: " + "; ".join(_problem(settings, problem) for problem in problems)


def _problem(settings: type[PartSettings], problem: ErrorDetails) -> str:
    what = problem["msg"].removeprefix("Value error, ")
    name = str(problem["loc"][0]).lower() if problem["loc"] else ""
    field = settings.model_fields.get(name)
    if field is None:
        return what
    hidden = problem["type"] == "missing" or _holds_a_secret(field.annotation)
    value = "" if hidden else f"={problem['input']}"
    return f"{name.upper()}{value}: {what} ({field.description})"


def _holds_a_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(_holds_a_secret(argument) for argument in get_args(annotation))
