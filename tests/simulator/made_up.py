"""Markets for tests."""

from market.symbols import BTCUSD
from simulator.ladder import Side
from simulator.market_model import Market
from simulator.price_process import PriceProcess
from simulator.units import Units

START = 1_767_225_600_000
UNITS = Units.of(BTCUSD)


def process(seed: int = 1, *, noise: float = 1.0, amplitude: float = 0.003, reference: float = 7659.1) -> PriceProcess:
    """A price with a cycle of twelve minutes."""
    return PriceProcess("BTCUSD", seed, reference, 720.0, amplitude, noise)


def market(seed: int = 1, *, rate: float = 50.0, reference: float = 7659.1) -> Market:
    """A market that begins at START."""
    return Market(UNITS, process(seed, reference=reference), START, rate)


def both_sides(time_ms: int) -> tuple[Side, ...]:
    """Both sides may change at any time."""
    return ("bid", "ask")
