"""The simulated price: a pure function of the seed and the time, so that history and live market are one path.

It is made up: a cycle that a forecast can learn, and noise that it cannot. Nothing in it is a real market's price.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache

# Noise in octaves: the span between two independent values in seconds, and their largest size (fraction of the price).
OCTAVES = ((864_000, 0.04), (86_400, 0.012), (10_800, 0.003), (1_200, 0.0006), (60, 0.00008))


@dataclass(frozen=True)
class PriceProcess:
    """What the price is around `reference`; `cycle_amplitude` and the noise are fractions of it."""

    symbol: str
    seed: int
    reference: float
    cycle_seconds: float
    cycle_amplitude: float
    noise_scale: float = 1.0

    def cycle(self, time_ms: float) -> float:
        """The cycle's part of the log price; its phase counts from the Unix epoch."""
        return self.cycle_amplitude * math.sin(math.tau * time_ms / (self.cycle_seconds * 1000))

    def noise(self, time_ms: float) -> float:
        """The noise's part of the log price: smooth between seeded values at whole multiples of each octave's span."""
        if not self.noise_scale:
            return 0.0
        total = 0.0
        for number, (seconds, size) in enumerate(OCTAVES):
            place = time_ms / (seconds * 1000)
            left = math.floor(place)
            part = place - left
            weight = part * part * (3 - 2 * part)
            key = f"{self.seed}/{self.symbol}/{number}"
            total += size * ((1 - weight) * _value(key, left) + weight * _value(key, left + 1))
        return total * self.noise_scale

    def fair(self, time_ms: float) -> float:
        """The price that the market moves around at this time (epoch ms)."""
        return self.reference * math.exp(self.cycle(time_ms) + self.noise(time_ms))


def uniform(key: str) -> float:
    """A number in [0, 1) that depends on the key alone."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=7).digest()) / (1 << 56)


@lru_cache(maxsize=4096)
def _value(key: str, number: int) -> float:
    return 2 * uniform(f"{key}/{number}") - 1
