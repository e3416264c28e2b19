"""Settings of the simulator."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from market.fees import GEMINI_TAKER_BPS
from market.symbols import UnknownSymbol, steps_of
from pipeline.settings import PartSettings
from simulator.api_keys import kept_key
from simulator.errors import WrongScene
from simulator.scenes import Scene, parse_scene
from simulator.signatures import ApiKey


class SimulatorSettings(PartSettings):
    """What `python -m simulator` can be told. Times are those of the clock (`CLOCK_SPEED`) unless said otherwise."""

    simulator_host: str = Field(
        default="127.0.0.1", description="address that it listens on; another only inside a container's own network"
    )
    simulator_port: int = Field(default=8181, ge=1, le=65535, description="port of the simulated exchange")
    simulator_symbols: str = Field(default="BTCUSD", description="symbols that it trades, separated by commas")
    simulator_seed: int = Field(default=1, ge=0, description="seed of everything that looks like chance in it")
    simulator_rate: float = Field(
        default=8.0, gt=0, le=5000, description="how many messages a second a symbol's market makes on average"
    )
    simulator_cycle_seconds: float = Field(
        default=720.0, ge=60, description="period of the cycle in the simulated price, counted from the Unix epoch"
    )
    simulator_cycle_amplitude: float = Field(
        default=0.003,
        ge=0,
        lt=0.004,
        description="height of that cycle as a fraction of the price; twice of it stays below two fees of 0.4 %",
    )
    simulator_noise: float = Field(
        default=1.0, ge=0, le=5, description="how strong the noise in the simulated price is; 0 leaves the cycle alone"
    )
    simulator_scenes: str = Field(
        default="", description="faults to come, separated by commas, such as quiet@minute:2,gap@minute:4"
    )
    simulator_play: str = Field(default="", description="file of v1 frames to play instead of a simulated market")
    simulator_play_end: Literal["close", "hold"] = Field(
        default="hold", description="at the end of that file: close the sockets, or hold them with heartbeats"
    )
    simulator_client_queue: int = Field(
        default=10_000, ge=10, description="frames that may wait for a slow reader before it is cut off"
    )

    simulator_api_key: SecretStr = Field(
        default=SecretStr(""), description="API key of its account; empty: made once, in exchange/api-key in STATE_DIR"
    )
    simulator_api_secret: SecretStr = Field(
        default=SecretStr(""), description="the secret of that key; empty: made once, in exchange/api-secret"
    )
    simulator_fee_bps: Decimal = Field(
        default=GEMINI_TAKER_BPS, ge=0, lt=10_000, description="fee on each of its trades, in basis points"
    )

    @field_validator("simulator_symbols")
    @classmethod
    def _are_symbols(cls, value: str) -> str:
        names = [name.strip().upper() for name in value.split(",")]
        try:
            for name in names:
                steps_of(name)
        except UnknownSymbol as error:
            raise ValueError(str(error)) from None
        return ",".join(dict.fromkeys(names))

    @field_validator("simulator_scenes")
    @classmethod
    def _are_scenes(cls, value: str) -> str:
        try:
            _scenes(value, 0)
        except WrongScene as error:
            raise ValueError(str(error)) from None
        return value

    @model_validator(mode="after")
    def _has_both_or_none(self) -> Self:
        if bool(self.simulator_api_key.get_secret_value()) != bool(self.simulator_api_secret.get_secret_value()):
            raise ValueError("SIMULATOR_API_KEY and SIMULATOR_API_SECRET go together: set both or none")
        return self

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols, upper case."""
        return tuple(self.simulator_symbols.split(","))

    @property
    def exchange_dir(self) -> Path:
        """Where the account and its keys are kept."""
        return self.state_dir / "exchange"

    def api_key(self) -> ApiKey:
        """The key of the account; it is made when there is none. Raises WrongAccount."""
        name, secret = self.simulator_api_key.get_secret_value(), self.simulator_api_secret.get_secret_value()
        return ApiKey(name, secret) if name else kept_key(self.exchange_dir)

    def scenes(self, start_ms: int) -> list[Scene]:
        """The scenes, counted from this start."""
        return _scenes(self.simulator_scenes, start_ms)


def _scenes(text: str, start_ms: int) -> list[Scene]:
    return [parse_scene(scene, start_ms) for scene in text.split(",") if scene.strip()]
