"""The simulated price: a pure function of time and seed, so that a history and a live market share one past.

It is no model of a real market. Around a level it adds a few slow waves with seeded phases and one cycle that a
forecast can learn; everything that shows it says 'simulated'.
"""

import math
import random
from dataclasses import dataclass

# Bitcoin's level in the real events of 2019 that the first book comes from.
LEVEL = 7800.0
# Period in seconds and amplitude as a share of the price. Together below 2.5 %: the real levels begin 4.5 % away.
WAVES = ((37 * 60.0, 0.0015), (127 * 60.0, 0.003), (11 * 3600.0, 0.006), (71 * 3600.0, 0.010))


@dataclass(frozen=True)
class PriceProcess:
    """The price at any time. The cycle: period in seconds, amplitude as a share, phase from the epoch."""

    seed: int = 1
    cycle_seconds: float = 720.0
    cycle_amplitude: float = 0.003

    def at(self, time_ms: float) -> float:
        """The simulated price in quote at a time in epoch milliseconds."""
        seconds = time_ms / 1000
        phases = random.Random(self.seed)
        share = self.cycle_amplitude * math.sin(2 * math.pi * (seconds % self.cycle_seconds) / self.cycle_seconds)
        for period, amplitude in WAVES:
            share += amplitude * math.sin(2 * math.pi * (seconds % period) / period + phases.uniform(0, 2 * math.pi))
        return LEVEL * math.exp(share)
