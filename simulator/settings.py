"""Settings of the simulator."""

from pathlib import Path

from pydantic import Field

from pipeline.settings import PartSettings
from simulator.price import PriceProcess


class SimulatorSettings(PartSettings):
    """The simulated market and where it is served."""

    simulator_port: int = Field(default=8181, ge=0, le=65535, description="port of the simulated exchange on 127.0.0.1")
    simulator_symbols: str = Field(
        default="BTCUSD", pattern=r"^[A-Z0-9]+(,[A-Z0-9]+)*$", description="symbols that it lists, by commas"
    )
    simulator_seed: int = Field(default=1, ge=0, description="seed of the made-up market")
    simulator_rate: float = Field(
        default=8.0, gt=0, le=5000, description="messages a second that its market makes for each symbol"
    )
    simulator_cycle_seconds: float = Field(
        default=720.0, ge=60, description="period of the cycle in the simulated price, its phase from the Unix epoch"
    )
    simulator_cycle_amplitude: float = Field(
        default=0.003, ge=0, le=0.02, description="the cycle's amplitude as a share of the price; below the fees"
    )
    simulator_scenes: str = Field(
        default="", description="planned faults, by commas, such as quiet@minute:2,gap@minute:4 (see --help)"
    )
    simulator_play: Path | None = Field(
        default=None, description="a file of frames to play instead of a made-up market"
    )
    simulator_play_end: str = Field(
        default="hold", pattern="^(hold|close)$", description="after the file: hold (heartbeats go on) or close"
    )

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols, in capitals."""
        return tuple(self.simulator_symbols.split(","))

    def price(self) -> PriceProcess:
        """The simulated price that these settings describe."""
        return PriceProcess(self.simulator_seed, self.simulator_cycle_seconds, self.simulator_cycle_amplitude)
