"""Settings of what a run in containers has besides the pipeline's parts."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from pipeline.settings import PartSettings


class ComposeSettings(PartSettings):
    """What `python -m compose` is told by the compose file."""

    compose_profiles: Literal["", "simulator"] = Field(
        default="", description="what `docker compose` runs: empty for Gemini's live market data, simulator for ours"
    )
    compose_secrets: Path = Field(
        default=Path("/secrets"), description="folder under which each reader of secrets has its own"
    )
    compose_elasticsearch: str = Field(
        default="elasticsearch:9200", description="host:port at which the run's Elasticsearch is asked for its counts"
    )
    kibana_port: int = Field(default=5601, ge=1, le=65535, description="port of Kibana under `docker compose`")
    gemini_api_key_file: str = Field(
        default="", description="file with the key of your account, for BOT_MODE=sandbox or live in a container"
    )
    gemini_api_secret_file: str = Field(default="", description="file with its secret; user 1000 must be able to read")
    bot_symbol: str = Field(default="BTCUSD", description="the symbol the bot trades, which the forecast is made for")
    forecast_renew_hours: float = Field(
        default=12.0,
        gt=0,
        le=23,
        description="hours after which the containers' forecast of a real market is made anew, less than the day of "
        "candles that Gemini gives; a simulated market's is made when the old one ends",
    )
    demo_history_days: float = Field(
        default=2.0, ge=0.1, le=60, description="days of simulated history that the demo's forecast is trained on"
    )
    simulator_cycle_seconds: int = Field(
        default=720,
        ge=180,
        le=86_400,
        description="period of the cycle in the simulated price, which the demo's forecast is taught; whole seconds",
    )

    @field_validator("bot_symbol")
    @classmethod
    def _in_upper_case(cls, value: str) -> str:
        # As the bot reads it, and the forecast names it.
        return value.upper()

    @property
    def is_simulated(self) -> bool:
        """Whether the market is our simulator's."""
        return self.compose_profiles == "simulator"
